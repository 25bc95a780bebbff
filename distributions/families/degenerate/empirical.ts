import {
  equal,
  exp,
  expandDims,
  lessEqual,
  logSoftmax,
  logsumexp,
  square,
  sum,
  type Tensor,
  type TensorLike,
  take,
  where,
} from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { allOf } from "../../constraints/axes.js";
import { independent, logWeights, real } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { type Given, refuseParameter } from "../../core/parameters.js";

type Params = Tensors<"samples" | "logWeights">;
/** Normalised log weights, [n]. */
const logWeightsOf = ({ samples, logWeights: weights }: Params): Tensor =>
  logSoftmax(weights.broadcastTo([samples.length]));
const eventOf = ({ samples }: Params) => samples.shape.slice(1);
/** The weighted sum of `x` over the samples. */
const average = (x: Tensor, p: Params): Tensor =>
  sum(x.mul(exp(logWeightsOf(p)).reshape([-1, ...eventOf(p).map(() => 1)])), 0);
const meanOf = (p: Params): Tensor => average(p.samples, p);

/**
 * Empirical: one of the given samples, which lie along the first axis, with probability exp(logWeights) / Σ exp(logWeights).
 *
 *     p(x) = the sum of the weights of the samples that equal x.
 *
 * @example new Empirical([1, 2, 6]).mean.item() // 3
 */
export class Empirical extends /* @__PURE__ */ family<Params, [samples: TensorLike, logWeights?: TensorLike]>(
  "Empirical",
  {
    constraints: { samples: ({ samples }) => independent(real, samples.shape.length), logWeights },
    defaults: { logWeights: [0] },
    support: (p) => independent(real, eventOf(p).length),
    eventShape: eventOf,
    hasRsample: false,
    logDensity: (x, p) => {
      const event = eventOf(p).length;
      const isSame = allOf(equal(expandDims(x, x.shape.length - event), p.samples), event);
      return logsumexp(where(isSame, logWeightsOf(p), -Infinity), -1);
    },
    draw: (key, shape, p) => take(p.samples, random.categorical(key, logWeightsOf(p), shape)),
    mean: meanOf,
    variance: (p) => average(square(p.samples.sub(meanOf(p))), p),
  },
) {
  /** samples [n, ...eventShape]; logWeights [n], by default all equal. */
  constructor(samples: TensorLike, logWeights?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(...(args as [TensorLike, TensorLike?]));
    const { samples, logWeights: weights } = this.params;
    if (samples.shape[0] === 0) refuseParameter("Empirical", "samples", "samples is empty. Give at least one sample.");
    if (samples.shape.length === 0 || weights.shape.length !== 1 || ![1, samples.length].includes(weights.length))
      refuseParameter(
        "Empirical",
        "logWeights",
        `samples must have a first axis, and logWeights one number for each sample, got shapes [${samples.shape}] and [${weights.shape}].`,
        "shape-mismatch",
      );
  }

  override get hasAtoms(): boolean {
    return true;
  }
  override cumulative(value: Tensor): Tensor {
    if (this.eventDim > 0) return this.hasNo("cdf");
    const isBelow = lessEqual(this.params.samples, expandDims(value, -1));
    return sum(where(isBelow, exp(logWeightsOf(this.params)), 0), -1).minimum(1);
  }
}
