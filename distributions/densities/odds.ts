/** Probabilities given directly or as log odds, for Bernoulli and the families that count Bernoulli trials. */
import { less, log, log1p, logSigmoid, mulZeroWins, sigmoid, sub, type Tensor, where } from "../../autodiff/index.js";
import type { OneOf } from "../core/family.js";
import { mulByProbability } from "./divergences.js";

/** A probability p, or the log odds log(p / (1 - p)). */
export type Odds = OneOf<"probs" | "logits">;

export const probsOf = ({ probs, logits }: Odds): Tensor => probs ?? sigmoid(logits as Tensor);

export interface Outcome {
  readonly probability: Tensor;
  readonly log: Tensor;
}
/** Probability and log probability of 1 and of 0, each to full precision. */
export function outcomesOf({ probs, logits }: Odds): [one: Outcome, zero: Outcome] {
  if (probs !== undefined)
    return [
      { probability: probs, log: log(probs) },
      { probability: sub(1, probs), log: log1p(probs.neg()) },
    ];
  const outcome = (l: Tensor): Outcome => ({ probability: sigmoid(l), log: logSigmoid(l) });
  return [outcome(logits as Tensor), outcome((logits as Tensor).neg())];
}

/** p (1 - p). */
export function varianceOf(p: Odds): Tensor {
  const [one, zero] = outcomesOf(p);
  return one.probability.mul(zero.probability);
}

/** -p log p - (1 - p) log(1 - p). */
export function entropyOf(p: Odds): Tensor {
  const [one, zero] = outcomesOf(p);
  // The derivative with respect to a probability is infinite at 0 and 1; the derivative with respect to log odds is 0 at ±Infinity.
  const product = p.probs === undefined ? mulByProbability : mulZeroWins;
  return product(one.probability, one.log).add(product(zero.probability, zero.log)).neg();
}

/** A probability that rounding may have moved above 1. `minimum` would pass on only half of the gradient where it is exactly 1. */
export const atMostOne = (p: Tensor): Tensor => where(less(1, p), 1, p);
