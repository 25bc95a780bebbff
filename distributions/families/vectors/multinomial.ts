import type { Shape } from "../../../autodiff/core/shape.js";
import {
  cumsum,
  flip,
  less,
  lgamma,
  log,
  mulZeroWins,
  slice,
  stack,
  sum,
  type Tensor,
  type TensorLike,
  where,
} from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { logWeights, multinomial, nonnegativeInteger, weights } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { logPoisson } from "../../densities/continuous.js";
import { type Classes, classesOf, logitsOf, probsOf } from "../categorical/classes.js";

/**
 * Multinomial draws, one class after the other. The count of a class is a binomial draw from the remaining trials. Its success probability is
 * the probability of this class divided by the total probability of this class and all later classes.
 */
export function countsOf(key: Tensor, totalCount: Tensor, probs: Tensor, shape: Shape): Tensor {
  const classes = probs.shape.at(-1) as number;
  const keys = [...random.split(key, classes)];
  const remainingProbs = flip(cumsum(flip(probs, -1), -1), -1);
  const ofClass = (k: number, x: Tensor): Tensor => slice(x, k, k + 1, { axis: -1 }).squeeze(-1);
  let remaining = totalCount.broadcastTo(shape);
  const counts: Tensor[] = [];
  for (let k = 0; k < classes - 1; k++) {
    const remainingProb = ofClass(k, remainingProbs);
    const share = where(remainingProb.greater(0), ofClass(k, probs).div(remainingProb), 0).clip(0, 1);
    const count = random.binomial(keys[k] as Tensor, remaining, share, shape);
    counts.push(count);
    remaining = remaining.sub(count);
  }
  return stack([...counts, remaining], -1);
}

/**
 * Multinomial: how often each of K classes, of probability probs_k (or softmax(logits)_k), comes up in n = totalCount draws.
 *
 *     log p(x) = log n! - Σ_k log x_k! + Σ_k x_k log probs_k.
 *
 * @example new Multinomial(4, [0.5, 0.25, 0.25]).mean // [2, 1, 1]
 */
export class Multinomial extends /* @__PURE__ */ family<
  Tensors<"totalCount"> & Classes,
  [totalCount: TensorLike, probs?: TensorLike]
>("Multinomial", {
  constraints: { totalCount: nonnegativeInteger, probs: weights, logits: logWeights },
  oneOf: ["probs", "logits"],
  support: ({ totalCount }) => multinomial(totalCount),
  eventShape: (p) => [classesOf(p)],
  logDensity: (x, p) => {
    const n = sum(x, -1, { keepDims: true });
    const [probs, logits] = [probsOf(p), logitsOf(p)];
    // This is the density of independent Poisson counts given their sum, a form in which no large terms cancel.
    const logPoissons = (probability: Tensor): Tensor => logPoisson(x, probability.mul(n));
    const total = logPoisson(n, n).squeeze(-1);
    if (p.probs !== undefined) return sum(logPoissons(probs), -1).sub(total);
    // The probabilities of very negative logits round to 0.
    const isTiny = less(probs, 1e-290);
    const tiny = mulZeroWins(x, logits.add(log(n))).sub(lgamma(x.add(1)));
    return sum(where(isTiny, tiny, logPoissons(where(isTiny, 1, probs))), -1).sub(total);
  },
  draw: (key, shape, p) => countsOf(key, p.totalCount, probsOf(p), shape),
  mean: (p) => p.totalCount.expandDims(-1).mul(probsOf(p)),
  variance: (p) => {
    const probs = probsOf(p);
    return p.totalCount.expandDims(-1).mul(probs).mul(probs.neg().add(1));
  },
}) {
  /** Normalised probabilities, batchShape + [K]. */
  get probs(): Tensor {
    return probsOf(this.params);
  }
}
