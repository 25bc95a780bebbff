/** Quantiles of draws, and the narrowest interval that contains a given share of them. */

import { normalizeAxis, sizeOf } from "../../autodiff/core/shape.js";
import { contiguous } from "../../autodiff/core/view.js";
import { full, mulZeroWins, type Tensor, type TensorLike, tensor, where } from "../../autodiff/index.js";
import { refuseOption, requireOptions, show } from "../checks.js";

export interface AxisOption {
  /** The axis that numbers the draws; 0 by default. */
  axis?: number | undefined;
}

export interface HpdiOptions extends AxisOption {
  /** The share of the draws in the interval, between 0 and 1; 0.94 by default, as in ArviZ. */
  prob?: number | undefined;
}

/** The q-quantile of ascending numbers, interpolated linearly (NumPy's default, type 7 of Hyndman and Fan 1996). */
export function quantileOf(sorted: Float64Array, q: number): number {
  const n = sorted.length;
  if (n === 0 || Number.isNaN(sorted[n - 1])) return Number.NaN;
  const position = q * (n - 1);
  const low = Math.floor(position);
  const [a, b] = [sorted[low] as number, sorted[Math.min(low + 1, n - 1)] as number];
  return position === low || a === b ? a : a + (position - low) * (b - a);
}

/** The indices i and i + ⌊prob n⌋ of the narrowest interval [x[i], x[i + ⌊prob n⌋]], for n ascending draws x. */
function narrowestPlaces(sorted: Float64Array, prob: number): [low: number, high: number] {
  const n = sorted.length;
  const steps = Math.min(Math.floor(prob * n), n - 1);
  let best = 0;
  let width = Infinity;
  for (let i = 0; i + steps < n; i++) {
    const w = (sorted[i + steps] as number) - (sorted[i] as number);
    if (w < width) [best, width] = [i, w];
  }
  return [best, best + steps];
}

/** The ends of the narrowest interval that contains the share `prob` of ascending draws. */
export function narrowestInterval(sorted: Float64Array, prob: number): [low: number, high: number] {
  if (Number.isNaN(sorted.at(-1) ?? Number.NaN)) return [Number.NaN, Number.NaN];
  return narrowestPlaces(sorted, prob).map((place) => sorted[place]) as [number, number];
}

/**
 * The q-quantile of draws along an axis, interpolated linearly, with q between 0 and 1. The result has the shape of x without this
 * axis. If q is a list, the result has a new first axis with one entry for each q. The gradient goes to the two draws next to the
 * quantile, in the ratio of their weights, and to q, as in JAX.
 */
export function quantile(x: TensorLike, q: number | readonly number[] | Tensor, options: AxisOption = {}): Tensor {
  requireOptions("quantile", options, ["axis"]);
  const [draws, probs] = [tensor(x), tensor(q)];
  for (const each of probs.toFloat64Array())
    if (!(each >= 0 && each <= 1)) refuseOption("quantile", "q", `q must be between 0 and 1, got ${show(each)}.`);
  const axis = normalizeAxis("quantile", options.axis ?? 0, draws.shape);
  const positions = probs.reshape([-1]).mul((draws.shape[axis] as number) - 1);
  const below = positions.floor();
  const places = [...below.toFloat64Array(), ...positions.ceil().toFloat64Array()];
  const [low, high] = sortedDraws("quantile", draws, axis, places.length, () => places).reshape([
    2,
    positions.size,
    -1,
  ]);
  const [a, b, weight] = [low as Tensor, high as Tensor, positions.sub(below).expandDims(1)];
  const gap = b.sub(a);
  const shape = [...probs.shape, ...draws.shape.filter((_, i) => i !== axis)];
  // The gap between equal infinities is NaN, and counts as 0.
  return a.add(mulZeroWins(weight, where(gap.isNaN(), 0, gap))).reshape(shape);
}

/**
 * The narrowest interval that contains the share `prob` of the draws along an axis, which estimates the highest posterior
 * density interval. The result has a first axis of size 2 (lower end, upper end), and then the other axes of x. The gradient goes to the
 * draws at the ends.
 */
export function hpdi(x: TensorLike, options: HpdiOptions = {}): Tensor {
  requireOptions("hpdi", options, ["prob", "axis"]);
  const { prob = 0.94, axis = 0 } = options;
  requireProb("hpdi", prob);
  return sortedDraws("hpdi", tensor(x), axis, 2, (sorted) => narrowestPlaces(sorted, prob));
}

/** Refuse a share that is not strictly between 0 and 1. */
export function requireProb(op: string, prob: unknown): void {
  if (!(typeof prob === "number" && prob > 0 && prob < 1))
    refuseOption(op, "prob", `prob must be between 0 and 1, got ${show(prob)}.`);
}

/**
 * Sort the draws along an axis, and take `count` draws of each column, at the places that `placesOf` computes from the sorted column. The
 * gradient goes to the draws that are taken. A column that is empty or contains NaN gives NaN. The result has the shape [count, ...other
 * axes].
 */
function sortedDraws(
  op: string,
  x: Tensor,
  axis: number,
  count: number,
  placesOf: (sorted: Float64Array) => readonly number[],
): Tensor {
  const drawAxis = normalizeAxis(op, axis, x.shape);
  const order = [...x.shape.keys()].filter((i) => i !== drawAxis);
  const columns = x.transpose([...order, drawAxis]);
  const numbers = columns.toFloat64Array();
  const [otherAxes, n] = [columns.shape.slice(0, -1), columns.shape.at(-1) as number];
  if (n === 0) return full([count, ...otherAxes], Number.NaN);
  const size = sizeOf(otherAxes);
  const indices = new Float64Array(count * size);
  for (let j = 0; j < size; j++) {
    const column = numbers.subarray(j * n, (j + 1) * n);
    const sorted = column.slice().sort();
    const places = placesOf(sorted);
    for (let i = 0; i < count; i++) indices[i * size + j] = j * n + indexInColumn(column, sorted, places[i] as number);
  }
  return columns.reshape([-1]).take(tensor(contiguous(indices, [count, ...otherAxes])));
}

/** The index in `column` of the draw at `place` in `sorted`; equal draws keep their order. If a draw is NaN, the index of this draw. */
function indexInColumn(column: Float64Array, sorted: Float64Array, place: number): number {
  if (Number.isNaN(sorted[sorted.length - 1])) return column.findIndex(Number.isNaN);
  const value = sorted[place] as number;
  let index = column.indexOf(value);
  for (let k = sorted.indexOf(value); k < place; k++) index = column.indexOf(value, index + 1);
  return index;
}
