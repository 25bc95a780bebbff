/**
 * LogNormal: log X is Normal(loc, scale).
 *
 *     log p(x) = -z²/2 - log(scale) - log √(2π) - log x,   z = (log x - loc) / scale.
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  exp,
  expm1,
  log,
  maximum,
  ndtr,
  ndtri,
  random,
  square,
  type Tensor,
  type TensorLike,
} from "../../../autodiff/index.js";
import { type Constraint, positive, real } from "../../constraints/index.js";
import { LOG_SQRT_2PI } from "../../core/constants.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";

type Params = { readonly loc: Tensor; readonly scale: Tensor };
const LOG_NORMAL: Family<Params> = {
  name: "LogNormal",
  constraints: { loc: real, scale: positive },
  defaults: { loc: 0, scale: 1 },
};

export class LogNormal extends Distribution<Params> {
  constructor(loc?: TensorLike, scale?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(LOG_NORMAL, args));
  }

  override get support(): Constraint {
    return positive;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { loc, scale } = this.params;
    const logValue = log(value);
    const z = logValue.sub(loc).div(scale);
    return square(z).mul(-0.5).sub(log(scale).add(LOG_SQRT_2PI)).sub(logValue);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { loc, scale } = this.params;
    return exp(random.normal(key, shape).mul(scale).add(loc));
  }
  override get mean(): Tensor {
    const { loc, scale } = this.params;
    return this.spread(exp(loc.add(square(scale).mul(0.5))));
  }
  override get variance(): Tensor {
    const { loc, scale } = this.params;
    return this.spread(expm1(square(scale)).mul(exp(loc.mul(2).add(square(scale)))));
  }
  override entropy(): Tensor {
    const { loc, scale } = this.params;
    return this.spread(
      log(scale)
        .add(loc)
        .add(0.5 + LOG_SQRT_2PI),
    );
  }
  override cumulative(value: Tensor): Tensor {
    const { loc, scale } = this.params;
    return ndtr(log(maximum(value, 0)).sub(loc).div(scale));
  }
  override quantile(q: Tensor): Tensor {
    const { loc, scale } = this.params;
    return exp(ndtri(q).mul(scale).add(loc));
  }
}
