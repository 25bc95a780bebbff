/**
 * The forward algorithm of a hidden Markov chain with states z_t and observations x_t (Rabiner 1989). Let π be the initial probabilities, P
 * the transition matrix, b_tk the density of x_t in state k, and r_t = p(z_t | x_1 … x_{t-1}), so that r_1 = π. Then
 *
 *     c_t = Σ_k r_tk b_tk,   filter_t = r_t b_t / c_t,   r_{t+1} = filter_t P,   log p(x) = Σ_t log c_t.
 *
 * A step computes probabilities, after b_t is divided by the largest b_tk of a possible state. A probability below 1e-308 becomes 0. This
 * does no harm if every state may follow every other state, because then r_{t+1} is positive again. If some numbers in π or P are 0 or almost
 * 0, a step computes logarithms of probabilities instead, which takes up to twice as long. A compiled program computes what it computed
 * when it was recorded. If it was recorded without such numbers, and gets some later, log p(x) is NaN. In the body of `scan`, probabilities that
 * depend on the carry or on an input may be any numbers, so logarithms are computed.
 */
import { chooseByNumbers } from "../../autodiff/core/reads.js";
import { recorder } from "../../autodiff/core/recorder.js";
import { broadcastShapes, type Shape } from "../../autodiff/core/shape.js";
import {
  broadcastTo,
  exp,
  expandDims,
  greater,
  less,
  log,
  logSoftmax,
  logsumexp,
  matmul,
  max,
  min,
  minimum,
  scan,
  squeeze,
  stopGradient,
  sum,
  type Tensor,
  where,
} from "../../autodiff/index.js";

/** Log probabilities below this number are small. exp(-460) is about 1e-200, still far above the smallest positive number. */
const SMALL = -460;
const KEEP = { keepDims: true };

/** From log b_tk [T, ..., K] and the logits of π [..., K] and of P [..., K, K]: filter_t [T, ..., K] and log p(x) [...]. */
export function forwardAlgorithm(
  initialLogits: Tensor,
  transitionLogits: Tensor,
  logb: Tensor,
  batchShape: Shape,
): { filtered: Tensor; logProb: Tensor } {
  const [logStart, logMoves] = [logSoftmax(initialLogits), logSoftmax(transitionLogits)];
  const isSparse = hasSmall(logStart) || hasSmall(logMoves);
  const lead = broadcastShapes("DiscreteHMM", logb.shape.slice(1, -1), batchShape);
  const first = broadcastTo(logStart, [...lead, logStart.shape.at(-1) as number]);
  const [, { filtered, logIncrements }] = isSparse
    ? scan((logr, logbt) => logarithmicStep(logr, logbt, logMoves), first, logb)
    : scan((r, logbt) => step(r, logbt, exp(logMoves)), exp(first), logb);
  const total = sum(logIncrements, 0);
  // Impossible values have gradient 0.
  const logProb = where(greater(total, -Infinity), total, -Infinity);
  if (isSparse || recorder === null) return { filtered, logProb };
  const smallest = minimum(min(logStart, -1), min(logMoves, [-2, -1]));
  return { filtered, logProb: where(less(smallest, SMALL), NaN, logProb) };
}

/** Whether some number is small. In the body of scan, tensors have no numbers yet, so some may turn out to be small. */
const hasSmall = (logp: Tensor): boolean =>
  chooseByNumbers(logp, (numbers) => numbers.length === 0 || numbers.some((x) => x < SMALL));

type StepResult = [next: Tensor, { filtered: Tensor; logIncrements: Tensor }];

/** From r_t to r_{t+1}. */
function step(r: Tensor, logbt: Tensor, moves: Tensor): StepResult {
  const isReachable = greater(r, 0);
  const largest = stopGradient(max(where(isReachable, logbt, -Infinity), -1, KEEP));
  const offset = where(greater(largest, -Infinity), largest, 0);
  const joint = r.mul(exp(where(isReachable, logbt.sub(offset), -Infinity)));
  const c = sum(joint, -1, KEEP);
  const isPossible = greater(c, 0);
  const now = joint.div(where(isPossible, c, 1));
  const logc = where(isPossible, log(where(isPossible, c, 1)).add(offset), -Infinity);
  return [squeeze(matmul(expandDims(now, -2), moves), -2), { filtered: now, logIncrements: squeeze(logc, -1) }];
}

/** From log r_t to log r_{t+1}. */
function logarithmicStep(logr: Tensor, logbt: Tensor, logMoves: Tensor): StepResult {
  const joint = logr.add(where(greater(logr, -Infinity), logbt, -Infinity));
  const logc = logsumexp(joint, -1, KEEP);
  const now = joint.sub(where(greater(logc, -Infinity), logc, 0));
  const next = logsumexp(expandDims(now, -1).add(logMoves), -2);
  return [next, { filtered: exp(now), logIncrements: squeeze(logc, -1) }];
}
