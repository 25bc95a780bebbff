/**
 * SoftLaplace, the hyperbolic secant distribution: a Laplace without its kink, z = (x - loc) / scale.
 *
 *     log p(x) = log(2 / π) - log(exp z + exp(-z)) - log(scale).
 */

import type { Shape } from "../../../autodiff/core/shape.js";
import {
  abs,
  atan,
  exp,
  greater,
  less,
  log,
  logaddexp,
  random,
  square,
  type Tensor,
  type TensorLike,
  tan,
  where,
} from "../../../autodiff/index.js";
import { log as logOf } from "../../../autodiff/kernels/formulas/scalarFormulas.js";
import { type Constraint, positive, real } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";

type Params = { readonly loc: Tensor; readonly scale: Tensor };
const SOFT_LAPLACE: Family<Params> = {
  name: "SoftLaplace",
  constraints: { loc: real, scale: positive },
  defaults: { loc: 0, scale: 1 },
};

export class SoftLaplace extends Distribution<Params> {
  constructor(loc?: TensorLike, scale?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(SOFT_LAPLACE, args));
  }

  override get support(): Constraint {
    return real;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { loc, scale } = this.params;
    const z = value.sub(loc).div(scale);
    return logaddexp(z, z.neg())
      .add(log(scale))
      .neg()
      .add(logOf(2 / Math.PI));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { loc, scale } = this.params;
    // exp z is half-Cauchy.
    return log(abs(random.cauchy(key, shape)))
      .mul(scale)
      .add(loc);
  }
  override get mean(): Tensor {
    return this.spread(this.params.loc);
  }
  override get variance(): Tensor {
    return this.spread(square(this.params.scale.mul(Math.PI / 2)));
  }
  override entropy(): Tensor {
    return this.spread(log(this.params.scale).add(logOf(2 * Math.PI)));
  }
  override cumulative(value: Tensor): Tensor {
    const { loc, scale } = this.params;
    const z = value.sub(loc).div(scale);
    const isHigh = greater(z, 0);
    const tail = atan(exp(where(isHigh, z.neg(), z))).mul(2 / Math.PI);
    return where(isHigh, tail.neg().add(1), tail);
  }
  override quantile(q: Tensor): Tensor {
    const { loc, scale } = this.params;
    const isLow = less(q, 0.5);
    const tail = log(tan(where(isLow, q, q.neg().add(1)).mul(Math.PI / 2)));
    return where(isLow, tail, tail.neg()).mul(scale).add(loc);
  }
}
