/**
 * Weibull, λ = scale and k = concentration, z = (x / λ)^k:
 *
 *     log p(x) = log k - log λ + (k - 1) log(x / λ) - z,   x >= 0.
 */
import {
  exp,
  expm1,
  lgamma,
  log,
  log1p,
  maximum,
  minimum,
  pow,
  random,
  reciprocal,
  square,
  type Tensor,
  type TensorLike,
  xlogy,
} from "../autodiff/index.js";
import type { Shape } from "../autodiff/view.js";
import { EULER } from "./constants.js";
import { type Constraint, nonnegative, positive } from "./constraints.js";
import { Distribution } from "./distribution.js";
import { type Family, type Given, readParameters } from "./parameters.js";

type Params = { readonly scale: Tensor; readonly concentration: Tensor };
const WEIBULL: Family<Params> = {
  name: "Weibull",
  constraints: { scale: positive, concentration: positive },
};

export class Weibull extends Distribution<Params> {
  constructor(scale: TensorLike, concentration: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(WEIBULL, args));
  }

  override get support(): Constraint {
    return nonnegative;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { scale, concentration: k } = this.params;
    const ratio = value.div(scale);
    return xlogy(k.sub(1), minimum(ratio, Number.MAX_VALUE)).sub(pow(ratio, k)).add(log(k)).sub(log(scale));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { scale, concentration } = this.params;
    return pow(random.exponential(key, shape), reciprocal(concentration)).mul(scale);
  }
  override get mean(): Tensor {
    const { scale, concentration } = this.params;
    return this.spread(exp(lgamma(reciprocal(concentration).add(1))).mul(scale));
  }
  override get variance(): Tensor {
    const { scale, concentration } = this.params;
    const r = reciprocal(concentration);
    const first = lgamma(r.add(1)).mul(2);
    // Γ(1 + 2r) - Γ(1 + r)², by the difference of their logarithms.
    return this.spread(
      square(scale)
        .mul(exp(first))
        .mul(expm1(lgamma(r.mul(2).add(1)).sub(first))),
    );
  }
  override entropy(): Tensor {
    const { scale, concentration: k } = this.params;
    return this.spread(
      reciprocal(k)
        .neg()
        .add(1)
        .mul(EULER)
        .add(log(scale.div(k)))
        .add(1),
    );
  }
  override cumulative(value: Tensor): Tensor {
    const { scale, concentration } = this.params;
    return expm1(pow(maximum(value, 0).div(scale), concentration).neg()).neg();
  }
  override quantile(q: Tensor): Tensor {
    const { scale, concentration } = this.params;
    return pow(log1p(q.neg()).neg(), reciprocal(concentration)).mul(scale);
  }
}
