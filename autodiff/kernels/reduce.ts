/**
 * Sums, products, maxima and minima of contiguous numbers, and sums of contiguous rows. If the arrays lie in SIMD memory, long sums use
 * SIMD code, which adds in the same order.
 */

import type { View } from "../core/view.js";
import { addressOf, ONE, simdKernelsOf } from "./wasm/simd.js";

/** Reduces n contiguous numbers, the first of which is at `offset`, to one number. */
export type Fold = (data: Float64Array, offset: number, n: number) => number;
/** Reduces n contiguous rows of `width` numbers to one row of `out`, which begins at `at`. Every column is reduced to one number. */
export type FoldRows = (
  data: Float64Array,
  offset: number,
  n: number,
  width: number,
  out: Float64Array,
  at: number,
) => void;
/** The layout of a reduction: `blocks` contiguous blocks, each of n rows by `width` columns. Every column is reduced to one number. */
export interface Plan {
  readonly blocks: number;
  readonly n: number;
  readonly width: number;
}

/** The sum, as eight interleaved sums, in the same order as wasm/kernels.ts. */
export function sumOf(data: Float64Array, offset: number, n: number): number {
  let total = 0;
  let i = offset;
  if (n >= 8) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    let s4 = 0;
    let s5 = 0;
    let s6 = 0;
    let s7 = 0;
    for (const end = offset + n - (n % 8); i < end; i += 8) {
      s0 += data[i] as number;
      s1 += data[i + 1] as number;
      s2 += data[i + 2] as number;
      s3 += data[i + 3] as number;
      s4 += data[i + 4] as number;
      s5 += data[i + 5] as number;
      s6 += data[i + 6] as number;
      s7 += data[i + 7] as number;
    }
    total = s0 + s4 + (s2 + s6) + (s1 + s5 + (s3 + s7));
  }
  for (const end = offset + n; i < end; i++) total += data[i] as number;
  return total;
}

/** The elementwise sum of n rows of `width` numbers. */
export const sumRows: FoldRows = (data, offset, n, width, out, at) => {
  out.fill(0, at, at + width);
  for (let i = 0; i < n; i++) {
    const row = offset + i * width;
    for (let j = 0; j < width; j++) out[at + j] = (out[at + j] as number) + (data[row + j] as number);
  }
};

/** A function that sums by SIMD code; null if the arrays do not lie in SIMD memory, or are so short that SIMD code is not faster. */
export function sumSimd({ blocks, n, width }: Plan, out: View, x: View): (() => void) | null {
  const kernels = simdKernelsOf(out.data);
  const isShort = width === 1 && n < 8;
  if (kernels === null || x.data !== out.data || (isShort ? blocks : 1) * n * width < 64) return null;
  const [to, from] = [addressOf(out.data, out.offset), addressOf(x.data, x.offset)];
  if (isShort) return () => kernels.sumShortRows(to, from, blocks, n);
  if (width === 1) return () => kernels.sumRows(to, from, blocks, n);
  return () => {
    out.data.fill(0, out.offset, out.offset + blocks * width);
    for (let block = 0; block < blocks; block++)
      kernels.addRows(to + 8 * block * width, ONE, 0, from + 8 * block * n * width, 8 * width, n, width);
  };
}

/** The product; 1 if n is 0. */
export function prodOf(data: Float64Array, offset: number, n: number): number {
  let product = 1;
  for (let i = offset; i < offset + n; i++) product *= data[i] as number;
  return product;
}

/** The largest number, or NaN if one of them is NaN. */
export function maxOf(data: Float64Array, offset: number, n: number): number {
  let largest = -Infinity;
  for (let i = offset; i < offset + n; i++) largest = Math.max(largest, data[i] as number);
  return largest;
}

/** The smallest number, or NaN if one of them is NaN. */
export function minOf(data: Float64Array, offset: number, n: number): number {
  let smallest = Infinity;
  for (let i = offset; i < offset + n; i++) smallest = Math.min(smallest, data[i] as number);
  return smallest;
}
