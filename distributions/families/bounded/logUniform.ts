/**
 * LogUniform: log X is uniform between log(low) and log(high).
 *
 *     log p(x) = -log x - log(log(high / low)),   low <= x <= high.
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import { clip, equal, exp, log, random, square, type Tensor, type TensorLike, where } from "../../../autodiff/index.js";
import { type Constraint, greaterThan, interval, positive } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";
import { logRatio } from "../../densities/continuous.js";
import { langevin } from "../../densities/sinhc.js";

type Params = { readonly low: Tensor; readonly high: Tensor };
const LOG_UNIFORM: Family<Params> = {
  name: "LogUniform",
  constraints: { low: positive, high: ({ low }) => greaterThan(low) },
};

export class LogUniform extends Distribution<Params> {
  constructor(low: TensorLike, high: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(LOG_UNIFORM, args));
  }

  override get support(): Constraint {
    return interval(this.params.low, this.params.high);
  }
  override get hasRsample(): boolean {
    return true;
  }
  /** log(high / low). */
  get #width(): Tensor {
    const { low, high } = this.params;
    return logRatio(high, low);
  }
  override logDensity(value: Tensor): Tensor {
    return log(value).add(log(this.#width)).neg();
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return this.quantile(random.uniform(key, shape));
  }
  override get mean(): Tensor {
    const { low, high } = this.params;
    return this.spread(high.sub(low).div(this.#width));
  }
  override get variance(): Tensor {
    // With h half the width, mean · (low + high) / 2 - mean² = mean² (h coth h - 1).
    const half = this.#width.mul(0.5);
    return this.spread(square(this.mean).mul(half).mul(langevin(half)));
  }
  override entropy(): Tensor {
    const { low, high } = this.params;
    return this.spread(log(low).add(log(high)).mul(0.5).add(log(this.#width)));
  }
  override cumulative(value: Tensor): Tensor {
    const { low, high } = this.params;
    return logRatio(clip(value, low, high), low).div(this.#width);
  }
  override quantile(q: Tensor): Tensor {
    const { low, high } = this.params;
    // The square root of the quotient, which cannot overflow.
    const root = exp(q.mul(this.#width).mul(0.5));
    return where(equal(q, 1), high, clip(low.mul(root).mul(root), low, high));
  }
}
