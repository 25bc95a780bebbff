import { broadcastShapes } from "../../../autodiff/core/shape.js";
import {
  arange,
  broadcastTo,
  cumsum,
  exp,
  floor,
  less,
  log,
  logSoftmax,
  random,
  reshape,
  sum,
  type Tensor,
  type TensorLike,
  take,
  takeAlongAxis,
  where,
  xlogy,
} from "../../../autodiff/index.js";
import { lookUpLast } from "../../../autodiff/ops/array/lookUp.js";
import { integerInterval, logWeights, weights } from "../../constraints/index.js";
import { family, type OneOf } from "../../core/family.js";
import { expectation } from "../../densities/divergences.js";

/** Weights of classes along the last axis, or their logarithms. */
export type Classes = OneOf<"probs" | "logits">;

/** Normalised log probabilities. */
export const logitsOf = ({ probs, logits }: Classes): Tensor =>
  probs === undefined ? logSoftmax(logits as Tensor) : log(probs).sub(log(sum(probs, -1, { keepDims: true })));
/** Normalised probabilities. */
export const probsOf = ({ probs, logits }: Classes): Tensor =>
  probs === undefined ? exp(logSoftmax(logits as Tensor)) : probs.div(sum(probs, -1, { keepDims: true }));
/** K. */
export const classesOf = ({ probs, logits }: Classes): number => ((probs ?? logits) as Tensor).shape.at(-1) as number;
export function entropyOf(p: Classes): Tensor {
  const { probs } = p;
  if (probs === undefined) return expectation(probsOf(p), logitsOf(p)).neg();
  const total = sum(probs, -1);
  return log(total).sub(sum(xlogy(probs, probs), -1).div(total));
}

/**
 * Categorical: class k = 0 … K-1 with probability probs_k / Σ probs, or softmax(logits)_k, along the last axis of the parameter.
 *
 *     log p(k) = log(probs_k) - log Σ probs = logits_k - logsumexp(logits).
 *
 * probs are weights of any sum: they are divided by it, and gradients are those of the normalised probabilities.
 *
 * @example new Categorical([0.2, 0.3, 0.5]).logProb(2).item() // -0.6931
 */
export class Categorical extends /* @__PURE__ */ family<Classes, [probs?: TensorLike]>("Categorical", {
  constraints: { probs: weights, logits: logWeights },
  oneOf: ["probs", "logits"],
  support: (p) => integerInterval(0, classesOf(p) - 1),
  values: (p) => arange(classesOf(p)),
  logDensity: (x, p) => {
    // Outside the support any class will do.
    const [isClass, logits] = [integerInterval(0, classesOf(p) - 1).check(x), logitsOf(p)];
    return lookUpLast(logits, x) ?? pickAlongLast(logits, where(isClass, x, 0));
  },
  draw: (key, shape, p) => random.categorical(key, logitsOf(p), shape),
  cdf: (x, p) => {
    const last = classesOf(p) - 1;
    const below = pickAlongLast(cumsum(probsOf(p), -1), floor(where(x.equal(x), x, 0)).clip(0, last));
    return where(less(x, 0), 0, where(less(x, last), below.minimum(1), 1));
  },
  entropy: entropyOf,
}) {
  /** Normalised log probabilities, batchShape + [K]. */
  get logits(): Tensor {
    return logitsOf(this.params);
  }
  get probs(): Tensor {
    return probsOf(this.params);
  }
  /** K. */
  get numCategories(): number {
    return classesOf(this.params);
  }
}

/** table[..., index[...]], where the axes before the last broadcast against those of the index. */
export function pickAlongLast(table: Tensor, index: Tensor): Tensor {
  if (table.shape.length === 1) return take(table, index);
  const batch = broadcastShapes("Categorical", table.shape.slice(0, -1), index.shape);
  const rows = broadcastTo(table, [...batch, table.shape.at(-1) as number]);
  return reshape(takeAlongAxis(rows, reshape(broadcastTo(index, batch), [...batch, 1]), -1), batch);
}
