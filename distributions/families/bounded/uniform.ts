/**
 * Uniform on the closed interval [low, high]:
 *
 *     log p(x) = -log(high - low).
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import { log, random, square, type Tensor, type TensorLike } from "../../../autodiff/index.js";
import { type Constraint, greaterThan, interval, real } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";

type Params = { readonly low: Tensor; readonly high: Tensor };
const UNIFORM: Family<Params> = {
  name: "Uniform",
  constraints: { low: real, high: ({ low }) => greaterThan(low) },
  defaults: { low: 0, high: 1 },
};

export class Uniform extends Distribution<Params> {
  constructor(low?: TensorLike, high?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(UNIFORM, args));
  }

  get #width(): Tensor {
    return this.params.high.sub(this.params.low);
  }

  override get support(): Constraint {
    return interval(this.params.low, this.params.high);
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(): Tensor {
    return log(this.#width).neg();
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return random.uniform(key, shape, this.params.low, this.params.high);
  }
  override get mean(): Tensor {
    return this.spread(this.params.low.add(this.params.high).mul(0.5));
  }
  override get variance(): Tensor {
    return this.spread(square(this.#width).div(12));
  }
  override entropy(): Tensor {
    return this.spread(log(this.#width));
  }
  override cumulative(value: Tensor): Tensor {
    return value.sub(this.params.low).div(this.#width).clip(0, 1);
  }
  override quantile(q: Tensor): Tensor {
    return q.mul(this.#width).add(this.params.low);
  }
}
