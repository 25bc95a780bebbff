/**
 * Empirical: the given samples, along their first axis, with weights exp(logWeights) / Σ exp(logWeights).
 *
 *     p(x) = the sum of the weights of the samples that equal x.
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  equal,
  exp,
  expandDims,
  lessEqual,
  logSoftmax,
  logsumexp,
  PedigradError,
  random,
  square,
  sum,
  type Tensor,
  type TensorLike,
  take,
  where,
} from "../../../autodiff/index.js";
import { allOf } from "../../constraints/axes.js";
import { type Constraint, independent, logWeights, real } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Given, readParameters, type Signature } from "../../core/parameters.js";

type Params = { readonly samples: Tensor; readonly logWeights: Tensor };
const EMPIRICAL: Signature<Params> = {
  name: "Empirical",
  constraints: { samples: ({ samples }) => independent(real, samples.shape.length), logWeights },
  defaults: { logWeights: [0] },
};

export class Empirical extends Distribution<Params> {
  /** samples [n, ...eventShape]; logWeights [n], equal when left out. */
  constructor(samples: TensorLike, logWeights?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(EMPIRICAL, args));
    const { samples, logWeights: weights } = this.params;
    if (samples.shape[0] === 0)
      throw new PedigradError({
        code: "bad-parameter",
        param: "samples",
        message: "Empirical: samples has no rows; give at least one sample.",
      });
    if (samples.shape.length === 0 || weights.shape.length !== 1 || ![1, samples.length].includes(weights.length))
      throw new PedigradError({
        code: "shape-mismatch",
        param: "logWeights",
        message: `Empirical: samples need a first axis, and logWeights one number for each: got shapes [${samples.shape}] and [${weights.shape}].`,
      });
  }

  /** Normalised log weights, [n]. */
  get #logWeights(): Tensor {
    const { samples, logWeights: weights } = this.params;
    return logSoftmax(weights.broadcastTo([samples.length]));
  }
  override get support(): Constraint {
    return independent(real, this.eventShape.length);
  }
  override get eventShape(): Shape {
    return this.params.samples.shape.slice(1);
  }
  override logDensity(value: Tensor): Tensor {
    const event = this.eventShape.length;
    const isSame = allOf(equal(expandDims(value, value.shape.length - event), this.params.samples), event);
    return logsumexp(where(isSame, this.#logWeights, -Infinity), -1);
  }
  override cumulative(value: Tensor): Tensor {
    if (this.eventDim > 0) return this.hasNo("cdf");
    const isBelow = lessEqual(this.params.samples, expandDims(value, -1));
    return sum(where(isBelow, exp(this.#logWeights), 0), -1).minimum(1);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return take(this.params.samples, random.categorical(key, this.#logWeights, shape));
  }
  /** The weighted sum of something over the samples. */
  #average(x: Tensor): Tensor {
    return sum(x.mul(exp(this.#logWeights).reshape([-1, ...this.eventShape.map(() => 1)])), 0);
  }
  override get mean(): Tensor {
    return this.#average(this.params.samples);
  }
  override get variance(): Tensor {
    return this.#average(square(this.params.samples.sub(this.mean)));
  }
}
