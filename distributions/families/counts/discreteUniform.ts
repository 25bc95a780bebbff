/**
 * DiscreteUniform on the whole numbers low … high, both included.
 *
 *     log p(k) = -log(high - low + 1).
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import { arange, clip, floor, log, random, square, type Tensor, type TensorLike } from "../../../autodiff/index.js";
import { getProvenance, trackProvenance } from "../../../provenance/index.js";
import { type Constraint, integer, integerInterval } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { firstNumber, type Given, readParameters, type Signature } from "../../core/parameters.js";
import { countQuantile } from "../../densities/countQuantiles.js";

type Params = { readonly low: Tensor; readonly high: Tensor };
const DISCRETE_UNIFORM: Signature<Params> = {
  name: "DiscreteUniform",
  constraints: { low: integer, high: ({ low }) => integerInterval(low, 2 ** 53) },
};

export class DiscreteUniform extends Distribution<Params> {
  constructor(low: TensorLike, high: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(DISCRETE_UNIFORM, args));
  }

  override get support(): Constraint {
    return integerInterval(this.params.low, this.params.high);
  }
  get #count(): Tensor {
    const { low, high } = this.params;
    return high.sub(low).add(1);
  }
  override logDensity(value: Tensor): Tensor {
    return log(this.#count).neg().add(value.mul(0));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { low, high } = this.params;
    return random.randint(key, shape, low, high.add(1));
  }
  override get mean(): Tensor {
    const { low, high } = this.params;
    return this.spread(low.add(high).mul(0.5));
  }
  override get variance(): Tensor {
    return this.spread(square(this.#count).sub(1).div(12));
  }
  override entropy(): Tensor {
    return this.spread(log(this.#count));
  }
  override cumulative(value: Tensor): Tensor {
    const { low } = this.params;
    return clip(floor(value).sub(low).add(1).div(this.#count), 0, 1);
  }
  override quantile(q: Tensor): Tensor {
    const { low, high } = this.params;
    return countQuantile((k) => this.cumulative(low.add(k)), q, high.sub(low)).add(low);
  }
  override get hasEnumerateSupport(): boolean {
    return this.params.low.size === 1 && this.params.high.size === 1;
  }
  override supportValues(): Tensor {
    const { low, high } = this.params;
    return trackProvenance(arange(firstNumber(low), firstNumber(high) + 1), getProvenance([low, high]));
  }
}
