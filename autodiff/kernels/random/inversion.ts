/**
 * Draws by the inverse cdf in closed form, each from one word pair. Symmetric distributions use `signedTail`, ±p with p the probability
 * beyond the draw, so that both tails keep all digits.
 *
 *     exponential  -log(1 - u)        gumbel    -log(-log u)             laplace   ∓log(2p)
 *     logistic     ±log((1 - p) / p)  cauchy    ±cot(π p)                geometric ⌊log u / log(1 - probs)⌋
 */
import { log, log1p, tan } from "../formulas/scalarFormulas.js";
import type { Stream } from "./stream.js";

/** A draw of Exponential(rate 1). */
export function exponentialDraw(stream: Stream): number {
  return -log1p(-stream.uniform());
}

/** A draw of the standard Gumbel distribution (of maxima), cdf exp(-exp(-x)). */
export function gumbelDraw(stream: Stream): number {
  return -log(-log(stream.open()));
}

/** A draw of Laplace(0, 1), density exp(-|x|) / 2. */
export function laplaceDraw(stream: Stream): number {
  const tail = stream.signedTail();
  return -Math.sign(tail) * log(2 * Math.abs(tail));
}

/** A draw of Logistic(0, 1), cdf 1 / (1 + exp(-x)). */
export function logisticDraw(stream: Stream): number {
  const tail = stream.signedTail();
  const p = Math.abs(tail);
  return Math.sign(tail) * (log1p(-p) - log(p));
}

/** A draw of Cauchy(0, 1). */
export function cauchyDraw(stream: Stream): number {
  return 1 / tan(Math.PI * stream.signedTail());
}

/** 1 with probability probs, else 0: JAX's `uniform(key) < probs`. */
export function bernoulliDraw(stream: Stream, probs: number): number {
  return stream.uniform() < probs ? 1 : 0;
}

/** The number of failures before the first success; NaN unless 0 < probs <= 1. */
export function geometricDraw(stream: Stream, probs: number): number {
  return probs > 0 && probs <= 1 ? Math.floor(log(stream.open()) / log1p(-probs)) : NaN;
}
