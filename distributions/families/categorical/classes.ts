/** Probabilities of K classes, given as weights or as the logarithms of weights, for all categorical families. */
import { broadcastShapes } from "../../../autodiff/core/shape.js";
import {
  broadcastTo,
  cumsum,
  exp,
  isNaN,
  less,
  log,
  logSoftmax,
  reshape,
  sum,
  type Tensor,
  take,
  takeAlongAxis,
  where,
  xlogy,
} from "../../../autodiff/index.js";
import type { OneOf } from "../../core/family.js";
import { expectation } from "../../densities/divergences.js";

/** Weights of classes along the last axis, or their logarithms. */
export type Classes = OneOf<"probs" | "logits">;

/** Normalised log probabilities. */
export const logitsOf = ({ probs, logits }: Classes): Tensor =>
  probs === undefined ? logSoftmax(logits as Tensor) : log(probs).sub(log(sum(probs, -1, { keepDims: true })));
/** Normalised probabilities. */
export const probsOf = ({ probs, logits }: Classes): Tensor =>
  probs === undefined ? exp(logSoftmax(logits as Tensor)) : probs.div(sum(probs, -1, { keepDims: true }));
/** The number K of classes. */
export const classesOf = ({ probs, logits }: Classes): number => ((probs ?? logits) as Tensor).shape.at(-1) as number;
/** -Σ p_k log p_k. */
export function entropyOf(p: Classes): Tensor {
  const { probs } = p;
  if (probs === undefined) return expectation(probsOf(p), logitsOf(p)).neg();
  const total = sum(probs, -1);
  return log(total).sub(sum(xlogy(probs, probs), -1).div(total));
}

/** The least class whose cumulative probability is >= q. */
export function leastClass(q: Tensor, p: Classes): Tensor {
  const isPassed = less(cumsum(probsOf(p), -1), q.expandDims(-1));
  return where(isNaN(q), NaN, sum(isPassed, -1).minimum(classesOf(p) - 1));
}

/** table[..., index[...]], where all axes of the table but the last broadcast with the axes of the index. */
export function pickAlongLast(table: Tensor, index: Tensor): Tensor {
  if (table.shape.length === 1) return take(table, index);
  const batch = broadcastShapes("Categorical", table.shape.slice(0, -1), index.shape);
  const rows = broadcastTo(table, [...batch, table.shape.at(-1) as number]);
  return reshape(takeAlongAxis(rows, reshape(broadcastTo(index, batch), [...batch, 1]), -1), batch);
}
