/**
 * GaussianRandomWalk of T = numSteps steps, as one event:
 *
 *     log p(x) = Σ_t log N(x_t | x_{t-1}, scale²),   x_0 = 0.
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  arange,
  concatenate,
  cumsum,
  log,
  random,
  slice,
  square,
  sum,
  type Tensor,
  type TensorLike,
  zeros,
} from "../../../autodiff/index.js";
import { type Constraint, positive, positiveInteger, realVector } from "../../constraints/index.js";
import { LOG_SQRT_2PI } from "../../core/constants.js";
import { Distribution } from "../../core/distribution.js";
import { firstNumber, type Given, readParameters, type Signature } from "../../core/parameters.js";

type Params = { readonly scale: Tensor; readonly numSteps: Tensor };
const GAUSSIAN_RANDOM_WALK: Signature<Params> = {
  name: "GaussianRandomWalk",
  constraints: { scale: positive, numSteps: positiveInteger },
  defaults: { scale: 1, numSteps: 1 },
};

export class GaussianRandomWalk extends Distribution<Params> {
  constructor(scale?: TensorLike, numSteps?: number);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(GAUSSIAN_RANDOM_WALK, args));
  }

  get #steps(): number {
    return firstNumber(this.params.numSteps);
  }
  override get support(): Constraint {
    return realVector;
  }
  override get eventShape(): Shape {
    return [this.#steps];
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { scale } = this.params;
    const before = concatenate([zeros([...value.shape.slice(0, -1), 1]), slice(value, 0, -1, { axis: -1 })], -1);
    const steps = value.sub(before).div(scale.expandDims(-1));
    return sum(square(steps), -1).mul(-0.5).sub(log(scale).add(LOG_SQRT_2PI).mul(this.#steps));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return cumsum(random.normal(key, [...shape, this.#steps]), -1).mul(this.params.scale.expandDims(-1));
  }
  override get mean(): Tensor {
    return zeros(this.shape());
  }
  override get variance(): Tensor {
    return this.spread(
      square(this.params.scale)
        .expandDims(-1)
        .mul(arange(1, this.#steps + 1)),
    );
  }
}
