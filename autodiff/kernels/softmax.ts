/**
 * logsumexp, softmax and logSoftmax of groups of numbers. With `shift` the largest number of a group, or 0 if this number is infinite,
 *
 *     total = Σ exp(x - shift),    logsumexp = shift + log total,    softmax = exp(x - shift) / total,    logSoftmax = x - shift - log total,
 *
 * so that exp does not overflow and logSoftmax loses no digits. The exponentials of elements with even index and of elements with odd index
 * are summed separately, and the two sums are added at the end.
 */
import type { View } from "../core/view.js";
import { exp, log } from "./formulas/scalarFormulas.js";
import type { Plan } from "./reduce.js";
import { addressOf, simdKernelsOf } from "./wasm/simd.js";

export type Normaliser = "logsumexp" | "softmax" | "logSoftmax";
/** Processes one group: n elements of x, the first at `from`, `step` apart. The results are in `out`, from `at` on. */
type Group = (x: Float64Array, from: number, step: number, n: number, out: Float64Array, at: number) => void;

/** The shift of a group: the largest of n numbers, `step` apart, or 0 if this number is infinite. */
function shiftOf(x: Float64Array, from: number, step: number, n: number): number {
  let largest = -Infinity;
  for (let k = 0; k < n; k++) largest = Math.max(largest, x[from + k * step] as number);
  return Math.abs(largest) === Infinity ? 0 : largest;
}

/** Σ exp(x - shift) over a group. */
function totalOf(x: Float64Array, from: number, step: number, n: number, shift: number): number {
  let [even, odd] = [0, 0];
  for (let k = 1; k < n; k += 2) {
    even += exp((x[from + (k - 1) * step] as number) - shift);
    odd += exp((x[from + k * step] as number) - shift);
  }
  if (n % 2 === 1) even += exp((x[from + (n - 1) * step] as number) - shift);
  return even + odd;
}

const GROUPS: Readonly<Record<Normaliser, Group>> = {
  logsumexp: (x, from, step, n, out, at) => {
    const shift = shiftOf(x, from, step, n);
    out[at] = shift + log(totalOf(x, from, step, n, shift));
  },
  softmax: (x, from, step, n, out, at) => {
    const shift = shiftOf(x, from, step, n);
    const sums = [0, 0] as [number, number];
    for (let k = 0; k < n; k++) {
      const e = exp((x[from + k * step] as number) - shift);
      out[at + k * step] = e;
      sums[(k % 2) as 0 | 1] += e;
    }
    const total = sums[0] + sums[1];
    for (let k = 0; k < n; k++) out[at + k * step] = (out[at + k * step] as number) / total;
  },
  logSoftmax: (x, from, step, n, out, at) => {
    const shift = shiftOf(x, from, step, n);
    const total = log(totalOf(x, from, step, n, shift));
    for (let k = 0; k < n; k++) out[at + k * step] = (x[from + k * step] as number) - shift - total;
  },
};

/** The number of elements that the result has for each block. */
const resultSizeOf = (kind: Normaliser, { n, width }: Plan): number => (kind === "logsumexp" ? width : n * width);

/** Applies the function `kind` to all groups of contiguous data. A group is a column of a block of `plan`. */
export function normalise(kind: Normaliser, plan: Plan, out: View, x: View): void {
  const { blocks, n, width } = plan;
  const group = GROUPS[kind];
  for (let block = 0; block < blocks; block++)
    for (let j = 0; j < width; j++)
      group(
        x.data,
        x.offset + block * n * width + j,
        width,
        n,
        out.data,
        out.offset + block * resultSizeOf(kind, plan) + j,
      );
}

/** `shiftOf` of each group. */
export function shifts({ blocks, n, width }: Plan, out: View, x: View): void {
  for (let group = 0; group < blocks * width; group++) {
    const start = Math.floor(group / width) * n * width + (group % width);
    out.data[out.offset + group] = shiftOf(x.data, x.offset + start, width, n);
  }
}

/** A function that does the same as `shifts` by SIMD code; null if the arrays do not lie in SIMD memory. */
export function shiftsSimd({ blocks, n, width }: Plan, out: View, x: View): (() => void) | null {
  const kernels = simdKernelsOf(out.data);
  if (kernels === null || x.data !== out.data) return null;
  const [to, from] = [addressOf(out.data, out.offset), addressOf(x.data, x.offset)];
  if (width === 1) return () => kernels.shiftRows(to, from, blocks, n);
  return () => {
    for (let block = 0; block < blocks; block++)
      kernels.shiftColumns(to + 8 * block * width, from + 8 * block * n * width, width, n);
  };
}
