/** Draws from finite sets: classes with given weights, whole numbers, permutations. The probabilities are exact. */
import { exp } from "../formulas/scalarFormulas.js";
import { type Stream, sharedStream } from "./stream.js";

// The weights of the last call of `categoricalDraw`: creating a new array for each call would take longer.
let scratch = /* @__PURE__ */ new Float64Array(8);

/**
 * A class 0 … count - 1 with probability softmax(logits), where the logits are `count` numbers from `start` on. Adding a constant to all
 * logits changes nothing. A class with logit -Infinity is never drawn; the result is NaN if no class has weight.
 */
export function categoricalDraw(stream: Stream, logits: Float64Array, start: number, count: number): number {
  if (scratch.length < count) scratch = new Float64Array(2 * count);
  let largest = -Infinity;
  for (let j = start; j < start + count; j++) largest = Math.max(largest, logits[j] as number);
  for (let j = 0; j < count; j++) scratch[j] = exp((logits[start + j] as number) - largest);
  return weightedDraw(stream, scratch, 0, count);
}

/** Like `categoricalDraw`, from weights instead of logits: the first class whose cumulative weight exceeds a uniform times the total. */
export function weightedDraw(stream: Stream, weights: Float64Array, start: number, count: number): number {
  let total = 0;
  for (let j = start; j < start + count; j++) total += weights[j] as number;
  const target = stream.uniform() * total;
  let cumulated = 0;
  for (let j = 0; j < count; j++) {
    cumulated += weights[start + j] as number;
    if (cumulated > target) return j;
  }
  return NaN;
}

/** A whole number low <= x < high without bias, for whole low and high; NaN unless 1 <= high - low <= 2^53. */
export function randintDraw(stream: Stream, low: number, high: number): number {
  const count = high - low;
  return count >= 1 && count <= 2 ** 53 ? low + stream.below(count) : NaN;
}

/**
 * Writes 0 … n - 1 in uniformly random order into `out` from `offset` on, by the inside-out shuffle of Fisher and Yates. Step i uses the
 * random words of element i.
 */
export function fillPermutation(out: Float64Array, offset: number, n: number, k0: number, k1: number): void {
  const stream = sharedStream;
  for (let i = 0; i < n; i++) {
    const j = stream.at(k0, k1, i).below(i + 1);
    out[offset + i] = out[offset + j] as number;
    out[offset + j] = i;
  }
}

/** 0, 1, 2, …; `fillSubsample` changes it, and restores it. */
let indices = /* @__PURE__ */ new Uint32Array(0);

/**
 * Writes `count` of the numbers 0 … n - 1, where n is the parameter, into `out` from `offset` on: the first steps of the shuffle of Fisher and
 * Yates. So every subset is equally probable, and every order of it, and the time does not grow with n after the first call.
 */
export function fillSubsample(
  out: Float64Array,
  offset: number,
  count: number,
  k0: number,
  k1: number,
  [parameter]: readonly { readonly data: Float64Array; readonly offset: number }[],
): void {
  const n = parameter?.data[parameter.offset] as number;
  if (indices.length < n) indices = Uint32Array.from({ length: n }, (_, i) => i);
  const stream = sharedStream;
  for (let i = 0; i < count; i++) {
    const j = i + stream.at(k0, k1, i).below(n - i);
    out[offset + i] = indices[j] as number;
    indices[j] = indices[i] as number;
  }
  // An index is drawn where its own place in the array is first read, and only such places have changed.
  for (let i = offset; i < offset + count; i++) indices[out[i] as number] = out[i] as number;
}
