import { arange, cumsum, floor, type Tensor, type TensorLike, where } from "../../../autodiff/index.js";
import { lookUpLast } from "../../../autodiff/ops/array/lookUp.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { integerInterval, logWeights, weights } from "../../constraints/index.js";
import { family } from "../../core/family.js";
import { atMostOne } from "../../densities/odds.js";
import { ofCategorical } from "../../kl/vectors.js";
import { type Classes, classesOf, entropyOf, leastClass, logitsOf, pickAlongLast, probsOf } from "./classes.js";

/**
 * Categorical: class k = 0 … K-1 with probability probs_k / Σ probs, or softmax(logits)_k, along the last axis of the parameter.
 *
 *     log p(k) = log(probs_k) - log Σ probs = logits_k - logsumexp(logits).
 *
 * probs need not sum to 1: they are divided by their sum, and gradients flow through the division.
 *
 * @example new Categorical([0.2, 0.3, 0.5]).logProb(2).item() // -0.6931
 */
export class Categorical extends /* @__PURE__ */ family<Classes, [probs?: TensorLike]>("Categorical", {
  constraints: { probs: weights, logits: logWeights },
  oneOf: ["probs", "logits"],
  support: (p) => integerInterval(0, classesOf(p) - 1),
  values: (p) => arange(classesOf(p)),
  logDensity: (x, p) => {
    // A value that is not a class looks up class 0, because outside the support any number may be returned.
    const [isClass, logits] = [integerInterval(0, classesOf(p) - 1).check(x), logitsOf(p)];
    return lookUpLast(logits, x) ?? pickAlongLast(logits, where(isClass, x, 0));
  },
  draw: (key, shape, p) => random.categorical(key, logitsOf(p), shape),
  cdf: (x, p) => {
    // NaN looks up class 0; the caller replaces the result.
    const k = floor(where(x.equal(x), x, 0)).clip(0, classesOf(p) - 1);
    return atMostOne(pickAlongLast(cumsum(probsOf(p), -1), k));
  },
  icdf: leastClass,
  entropy: entropyOf,
  divergences: ofCategorical,
}) {
  /** Normalised log probabilities, batchShape + [K]. */
  get logits(): Tensor {
    return logitsOf(this.params);
  }
  get probs(): Tensor {
    return probsOf(this.params);
  }
  /** The number K of classes. */
  get numCategories(): number {
    return classesOf(this.params);
  }
}
