/**
 * Pareto, s = scale the smallest value and alpha the tail index:
 *
 *     log p(x) = log(alpha) + alpha log s - (alpha + 1) log x,   x >= s.
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  exp,
  expm1,
  greater,
  log,
  log1p,
  maximum,
  random,
  reciprocal,
  square,
  type Tensor,
  type TensorLike,
  where,
} from "../../../autodiff/index.js";
import { type Constraint, greaterThanEq, positive } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";
import { logRatio } from "../../densities/continuous.js";

type Params = { readonly scale: Tensor; readonly alpha: Tensor };
const PARETO: Family<Params> = {
  name: "Pareto",
  constraints: { scale: positive, alpha: positive },
};

export class Pareto extends Distribution<Params> {
  constructor(scale: TensorLike, alpha: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(PARETO, args));
  }

  override get support(): Constraint {
    return greaterThanEq(this.params.scale);
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { scale, alpha } = this.params;
    return log(alpha).sub(log(value)).sub(logRatio(value, scale).mul(alpha));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { scale, alpha } = this.params;
    return exp(random.exponential(key, shape).div(alpha)).mul(scale);
  }
  override get mean(): Tensor {
    const { scale, alpha } = this.params;
    return this.spread(where(greater(alpha, 1), alpha.mul(scale).div(alpha.sub(1)), Infinity));
  }
  override get variance(): Tensor {
    const { scale, alpha } = this.params;
    const finite = square(scale.div(alpha.sub(1)))
      .mul(alpha)
      .div(alpha.sub(2));
    return this.spread(where(greater(alpha, 2), finite, Infinity));
  }
  override entropy(): Tensor {
    const { scale, alpha } = this.params;
    return this.spread(log(scale.div(alpha)).add(reciprocal(alpha)).add(1));
  }
  override cumulative(value: Tensor): Tensor {
    const { scale, alpha } = this.params;
    return expm1(logRatio(maximum(value, scale), scale).mul(alpha).neg()).neg();
  }
  override quantile(q: Tensor): Tensor {
    const { scale, alpha } = this.params;
    return exp(log1p(q.neg()).neg().div(alpha)).mul(scale);
  }
}
