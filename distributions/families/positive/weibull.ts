/**
 * Weibull, λ = scale and k = concentration, z = (x / λ)^k:
 *
 *     log p(x) = log k - log λ + (k - 1) log(x / λ) - z,   x >= 0.
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  exp,
  expm1,
  gate,
  greater,
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
  trigamma,
  where,
} from "../../../autodiff/index.js";
import { type Constraint, nonnegative, positive } from "../../constraints/index.js";
import { EULER } from "../../core/constants.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";
import { logRatio, secondDifference } from "../../densities/continuous.js";

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

  /** z, at 0 by a power, which has a derivative there. */
  #power(x: Tensor): Tensor {
    const { scale, concentration } = this.params;
    const isInside = greater(x, 0);
    const inner = exp(logRatio(where(isInside, x, scale), scale).mul(concentration));
    return where(isInside, inner, pow(where(isInside, 0, x).div(scale), concentration));
  }
  override get support(): Constraint {
    return nonnegative;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { scale, concentration: k } = this.params;
    const ratio = logRatio(value, scale);
    return gate(k.sub(1), minimum(ratio, Number.MAX_VALUE)).sub(this.#power(value)).add(log(k)).sub(log(scale));
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
    const r = reciprocal(this.params.concentration);
    // Γ(1 + 2r) - Γ(1 + r)², by the difference of their logarithms.
    const bend = secondDifference(
      r,
      (t) => lgamma(t.add(1)),
      (t) => trigamma(t.add(1)),
    );
    return this.spread(square(this.mean).mul(expm1(bend)));
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
    return expm1(this.#power(maximum(value, 0)).neg()).neg();
  }
  override quantile(q: Tensor): Tensor {
    const { scale, concentration } = this.params;
    return pow(log1p(q.neg()).neg(), reciprocal(concentration)).mul(scale);
  }
}
