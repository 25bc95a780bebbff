/**
 * BetaBinomial: Binomial(n = totalCount) with a probability drawn from Beta(a = concentration1, b = concentration0).
 *
 *     log p(k) = log C(n, k) + log B(k + a, n - k + b) - log B(a, b).
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import { random, stopGradient, type Tensor, type TensorLike } from "../../../autodiff/index.js";
import { type Constraint, integerInterval, nonnegativeInteger, positive } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Given, readParameters, type Signature } from "../../core/parameters.js";
import { logNegativeBinomial } from "../../densities/counts.js";

type Params = { readonly concentration1: Tensor; readonly concentration0: Tensor; readonly totalCount: Tensor };
const BETA_BINOMIAL: Signature<Params> = {
  name: "BetaBinomial",
  constraints: { concentration1: positive, concentration0: positive, totalCount: nonnegativeInteger },
  defaults: { totalCount: 1 },
};

export class BetaBinomial extends Distribution<Params> {
  constructor(concentration1: TensorLike, concentration0: TensorLike, totalCount?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(BETA_BINOMIAL, args));
  }

  override get support(): Constraint {
    return integerInterval(0, this.params.totalCount);
  }
  override logDensity(value: Tensor): Tensor {
    const { concentration1: a, concentration0: b, totalCount: n } = this.params;
    const rest = n.sub(value);
    // Independent negative binomial counts of any common odds, given their sum: sizes do not cancel.
    const odds = stopGradient(n.div(a.add(b)));
    return logNegativeBinomial(value, a, odds)
      .add(logNegativeBinomial(rest, b, odds))
      .sub(logNegativeBinomial(n, a.add(b), odds));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { concentration1: a, concentration0: b, totalCount: n } = this.params;
    const [k1, k2] = [...random.split(key)] as [Tensor, Tensor];
    return random.binomial(k2, n, random.beta(k1, a, b, shape), shape);
  }
  override get mean(): Tensor {
    const { concentration1: a, concentration0: b, totalCount: n } = this.params;
    return this.spread(n.mul(a.div(a.add(b))));
  }
  override get variance(): Tensor {
    const { concentration1: a, concentration0: b, totalCount: n } = this.params;
    const total = a.add(b);
    return this.spread(
      n
        .mul(a.div(total))
        .mul(b.div(total))
        .mul(total.add(n).div(total.add(1))),
    );
  }
}
