/** Quantiles of draws, and the narrowest interval that contains a given share of them. */

import { normalizeAxis } from "../../autodiff/core/shape.js";
import { contiguous } from "../../autodiff/core/view.js";
import { type Tensor, type TensorLike, tensor } from "../../autodiff/index.js";
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
  const at = q * (n - 1);
  const low = Math.floor(at);
  const [a, b] = [sorted[low] as number, sorted[Math.min(low + 1, n - 1)] as number];
  return at === low || a === b ? a : a + (at - low) * (b - a);
}

/** The narrowest interval [x[i], x[i + ⌊prob n⌋]] of n ascending draws x. */
export function narrowestInterval(sorted: Float64Array, prob: number): [low: number, high: number] {
  const n = sorted.length;
  const steps = Math.min(Math.floor(prob * n), n - 1);
  if (n === 0 || Number.isNaN(sorted[n - 1])) return [Number.NaN, Number.NaN];
  let best = 0;
  let width = Infinity;
  for (let i = 0; i + steps < n; i++) {
    const w = (sorted[i + steps] as number) - (sorted[i] as number);
    if (w < width) [best, width] = [i, w];
  }
  return [sorted[best] as number, sorted[best + steps] as number];
}

/**
 * The q-quantile of draws along an axis, interpolated linearly, with q between 0 and 1. The result has the shape of x without that
 * axis. If q is a list, the result has a new first axis with one entry for each q.
 */
export function quantile(x: TensorLike, q: number | readonly number[] | Tensor, options: AxisOption = {}): Tensor {
  requireOptions("quantile", options, ["axis"]);
  const probs = tensor(q);
  const qs = [...probs.toFloat64Array()];
  for (const each of qs)
    if (!(each >= 0 && each <= 1)) refuseOption("quantile", "q", `q must be between 0 and 1, got ${show(each)}.`);
  const found = reduceDraws("quantile", tensor(x), options, qs.length, (sorted) =>
    qs.map((p) => quantileOf(sorted, p)),
  );
  return probs.shape.length === 0 ? found.squeeze(0) : found;
}

/**
 * The narrowest interval that contains the share `prob` of the draws along an axis, which estimates the highest posterior
 * density interval. The result has the shape [2, ...rest]: lower ends, then upper ends.
 */
export function hpdi(x: TensorLike, options: HpdiOptions = {}): Tensor {
  requireOptions("hpdi", options, ["prob", "axis"]);
  const { prob = 0.94 } = options;
  requireProb("hpdi", prob);
  return reduceDraws("hpdi", tensor(x), options, 2, (sorted) => narrowestInterval(sorted, prob));
}

/** Refuse a share that is not strictly between 0 and 1. */
export function requireProb(op: string, prob: unknown): void {
  if (!(typeof prob === "number" && prob > 0 && prob < 1))
    refuseOption(op, "prob", `prob must be between 0 and 1, got ${show(prob)}.`);
}

/** Apply `f`, which returns `count` numbers, to the sorted draws of each element. The result has the shape [count, ...rest]. */
function reduceDraws(
  op: string,
  x: Tensor,
  { axis = 0 }: AxisOption,
  count: number,
  f: (sorted: Float64Array) => readonly number[],
): Tensor {
  const at = normalizeAxis(op, axis, x.shape);
  const order = [...x.shape.keys()].filter((i) => i !== at);
  const columns = x.transpose([...order, at]);
  const numbers = columns.toFloat64Array();
  const [rest, n] = [columns.shape.slice(0, -1), columns.shape.at(-1) as number];
  const size = rest.reduce((a, b) => a * b, 1);
  const out = new Float64Array(count * size);
  for (let j = 0; j < size; j++) {
    const found = f(numbers.slice(j * n, (j + 1) * n).sort());
    found.forEach((value, i) => {
      out[i * size + j] = value;
    });
  }
  return tensor(contiguous(out, [count, ...rest])).withProvenance(x.provenance);
}
