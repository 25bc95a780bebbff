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
import { refuseParameter } from "../../core/parameters.js";
import { atMostOne } from "../../densities/odds.js";

/**
 * Empirical: one of the given samples, which lie along the first axis, with probability exp(logWeights) / Σ exp(logWeights).
 *
 *     p(x) = the sum of the weights of the samples that equal x.
 *
 * samples has the shape [n, ...eventShape], logWeights the shape [n]. By default, all weights are equal.
 *
 * @example new Empirical([1, 2, 6]).mean.item() // 3
 */
export class Empirical extends /* @__PURE__ */ family<
  Tensors<"samples" | "logWeights">,
  [samples: TensorLike, logWeights?: TensorLike]
>("Empirical", {
  constraints: { samples: ({ samples }) => independent(real, samples.shape.length), logWeights },
  defaults: { logWeights: [0] },
  support: ({ samples }) => independent(real, samples.shape.length - 1),
  hasRsample: false,
  check: ({ samples, logWeights: given }) => {
    if (samples.shape[0] === 0) refuseParameter("Empirical", "samples", "samples is empty. Give at least one sample.");
    if (samples.shape.length === 0 || given.shape.length !== 1 || ![1, samples.length].includes(given.length))
      refuseParameter(
        "Empirical",
        "logWeights",
        `samples must have a first axis, and logWeights one number for each sample, got shapes [${samples.shape}] and [${given.shape}].`,
        "shape-mismatch",
      );
  },
  formulas: ({ samples, logWeights: given }) => {
    const event = samples.shape.slice(1);
    /** Normalised log weights, [n]. */
    const logs = (): Tensor => logSoftmax(given.broadcastTo([samples.length]));
    /** The weighted sum of `x` over the samples. */
    const average = (x: Tensor): Tensor => sum(x.mul(exp(logs()).reshape([-1, ...event.map(() => 1)])), 0);
    const mean = (): Tensor => average(samples);
    return {
      eventShape: () => event,
      logDensity: (x) => {
        const isSame = allOf(equal(expandDims(x, x.shape.length - event.length), samples), event.length);
        return logsumexp(where(isSame, logs(), -Infinity), -1);
      },
      draw: (key, shape) => take(samples, random.categorical(key, logs(), shape)),
      mean,
      variance: () => average(square(samples.sub(mean()))),
      ...(event.length === 0 && {
        cdf: (x: Tensor) => atMostOne(sum(where(lessEqual(samples, expandDims(x, -1)), exp(logs()), 0), -1)),
      }),
    };
  },
}) {
  override get hasAtoms(): boolean {
    return true;
  }
}
