/**
 * Normal (Gaussian), scale the standard deviation:
 *
 *     log p(x) = -z²/2 - log(scale) - log √(2π),   z = (x - loc) / scale.
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import { log, ndtr, ndtri, random, square, type Tensor, type TensorLike } from "../../../autodiff/index.js";
import { type Constraint, positive, real } from "../../constraints/index.js";
import { LOG_SQRT_2PI } from "../../core/constants.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";

type Params = { readonly loc: Tensor; readonly scale: Tensor };
const NORMAL: Family<Params> = {
  name: "Normal",
  constraints: { loc: real, scale: positive },
  defaults: { loc: 0, scale: 1 },
};

export class Normal extends Distribution<Params> {
  constructor(loc?: TensorLike, scale?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(NORMAL, args));
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
    return square(z).mul(-0.5).sub(log(scale).add(LOG_SQRT_2PI));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { loc, scale } = this.params;
    return random.normal(key, shape).mul(scale).add(loc);
  }
  override get mean(): Tensor {
    return this.spread(this.params.loc);
  }
  override get variance(): Tensor {
    return this.spread(square(this.params.scale));
  }
  override entropy(): Tensor {
    return this.spread(log(this.params.scale).add(0.5 + LOG_SQRT_2PI));
  }
  override cumulative(value: Tensor): Tensor {
    const { loc, scale } = this.params;
    return ndtr(value.sub(loc).div(scale));
  }
  override quantile(q: Tensor): Tensor {
    const { loc, scale } = this.params;
    return ndtri(q).mul(scale).add(loc);
  }
}
