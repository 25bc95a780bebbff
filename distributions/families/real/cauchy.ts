/**
 * Cauchy, z = (x - loc) / scale:
 *
 *     log p(x) = -log π - log(scale) - log(1 + z²).
 */

import type { Shape } from "../../../autodiff/core/shape.js";
import {
  abs,
  atan,
  clip,
  greater,
  less,
  log,
  log1p,
  maximum,
  random,
  reciprocal,
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
const CAUCHY: Family<Params> = {
  name: "Cauchy",
  constraints: { loc: real, scale: positive },
  defaults: { loc: 0, scale: 1 },
};

export class Cauchy extends Distribution<Params> {
  constructor(loc?: TensorLike, scale?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(CAUCHY, args));
  }

  override get support(): Constraint {
    return real;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { loc, scale } = this.params;
    return logOnePlusSquare(value.sub(loc).div(scale))
      .add(log(scale).add(logOf(Math.PI)))
      .neg();
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { loc, scale } = this.params;
    return random.cauchy(key, shape).mul(scale).add(loc);
  }
  override get mean(): Tensor {
    return this.spread(this.params.loc.mul(NaN));
  }
  override get variance(): Tensor {
    return this.spread(this.params.loc.mul(NaN));
  }
  override entropy(): Tensor {
    return this.spread(log(this.params.scale).add(logOf(4 * Math.PI)));
  }
  override cumulative(value: Tensor): Tensor {
    const { loc, scale } = this.params;
    const z = value.sub(loc).div(scale);
    // Below the centre by the angle from the axis: no cancellation in the tail.
    const tail = atan(reciprocal(abs(z))).div(Math.PI);
    return where(less(z, -1), tail, where(greater(z, 1), tail.neg().add(1), atan(z).div(Math.PI).add(0.5)));
  }
  override quantile(q: Tensor): Tensor {
    const { loc, scale } = this.params;
    // The distance from the nearer end, signed: at 1 it is -0, whose cotangent is -Infinity.
    const edge = where(less(q, 0.5), q, q.neg().add(1).neg());
    return where(less(abs(edge), 0.25), reciprocal(tan(edge.mul(Math.PI))).neg(), tan(q.sub(0.5).mul(Math.PI)))
      .mul(scale)
      .add(loc);
  }
}

/** log(1 + z²). Far out 1 + z² is z², and would overflow. */
export function logOnePlusSquare(z: Tensor): Tensor {
  const size = abs(z);
  return where(greater(size, 1e8), log(maximum(size, 1)).mul(2), log1p(square(clip(z, -1e8, 1e8))));
}
