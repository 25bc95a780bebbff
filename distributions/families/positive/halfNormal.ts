/**
 * HalfNormal: |X| for X of Normal(0, scale).
 *
 *     log p(x) = -(x / scale)² / 2 - log(scale) + log √(2/π),   x >= 0.
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  abs,
  erf,
  erfinv,
  log,
  maximum,
  random,
  square,
  type Tensor,
  type TensorLike,
} from "../../../autodiff/index.js";
import { type Constraint, nonnegative, positive } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";

type Params = { readonly scale: Tensor };
const HALF_NORMAL: Family<Params> = { name: "HalfNormal", constraints: { scale: positive }, defaults: { scale: 1 } };

const LOG_SQRT_HALF_PI = 0.22579135264472744;

export class HalfNormal extends Distribution<Params> {
  constructor(scale?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(HALF_NORMAL, args));
  }

  override get support(): Constraint {
    return nonnegative;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { scale } = this.params;
    return square(value.div(scale)).mul(-0.5).sub(log(scale).add(LOG_SQRT_HALF_PI));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return abs(random.normal(key, shape)).mul(this.params.scale);
  }
  override get mean(): Tensor {
    return this.spread(this.params.scale.mul(Math.sqrt(2 / Math.PI)));
  }
  override get variance(): Tensor {
    return this.spread(square(this.params.scale).mul(1 - 2 / Math.PI));
  }
  override entropy(): Tensor {
    return this.spread(log(this.params.scale).add(0.5 + LOG_SQRT_HALF_PI));
  }
  override cumulative(value: Tensor): Tensor {
    return erf(maximum(value, 0).div(this.params.scale.mul(Math.SQRT2)));
  }
  override quantile(q: Tensor): Tensor {
    return erfinv(q).mul(this.params.scale.mul(Math.SQRT2));
  }
}
