/**
 * FisherSnedecor: the ratio of two Chi2 variables over their degrees of freedom, a = df1/2 and b = df2/2. With y = a x / (a x + b),
 *
 *     log p(x) = a log y + b log(1 - y) - log x - log B(a, b):   y is Beta(a, b).
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  betaincinv,
  greater,
  minimum,
  random,
  square,
  type Tensor,
  type TensorLike,
  where,
} from "../../../autodiff/index.js";
import { type Constraint, positive } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { implicitly } from "../../core/implicit.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";
import { logRatioDensity } from "../../densities/continuous.js";
import { betaTail } from "../../densities/countQuantiles.js";

type Params = { readonly df1: Tensor; readonly df2: Tensor };
const FISHER_SNEDECOR: Family<Params> = { name: "FisherSnedecor", constraints: { df1: positive, df2: positive } };

export class FisherSnedecor extends Distribution<Params> {
  constructor(df1: TensorLike, df2: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(FISHER_SNEDECOR, args));
  }

  get #halves(): [a: Tensor, b: Tensor] {
    return [this.params.df1.mul(0.5), this.params.df2.mul(0.5)];
  }
  override get support(): Constraint {
    return positive;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const [a, b] = this.#halves;
    return logRatioDensity(a, b, value);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const [a, b] = this.#halves;
    const [k1, k2] = [...random.split(key)] as [Tensor, Tensor];
    const ratio = random
      .gamma(k1, a, shape)
      .div(a)
      .div(random.gamma(k2, b, shape).div(b));
    return implicitly(ratio, this);
  }
  /** NaN where it is not finite, as in PyTorch. */
  override get mean(): Tensor {
    const { df2 } = this.params;
    return this.spread(where(greater(df2, 2), df2.div(df2.sub(2)), Number.NaN));
  }
  override get variance(): Tensor {
    const { df1, df2 } = this.params;
    const finite = square(df2.div(df2.sub(2)))
      .mul(2)
      .mul(df1.add(df2).sub(2))
      .div(df1.mul(df2.sub(4)));
    return this.spread(where(greater(df2, 4), finite, Number.NaN));
  }
  override cumulative(value: Tensor): Tensor {
    const [a, b] = this.#halves;
    // y / (1 - y), which may overflow
    const odds = minimum(value.clip(0, Number.MAX_VALUE).mul(a.div(b)), Number.MAX_VALUE);
    return betaTail(b, a, odds.add(1).reciprocal(), odds.div(odds.add(1)));
  }
  override quantile(q: Tensor): Tensor {
    const [a, b] = this.#halves;
    const y = betaincinv(a, b, q);
    // 1 - y from its own quantile: near 1 a difference would lose it.
    return y.div(betaincinv(b, a, q.neg().add(1))).mul(b.div(a));
  }
}
