/**
 * Products c = a b of two matrices by SIMD code. The strides of the matrices decide which kernel is the fastest. All kernels sum in the
 * order of `matmul.ts`.
 */
import { ONE } from "./wasm/simd.js";

/** The distances in bytes to the next row and to the next column of c, a and b. The columns of c are adjacent. */
export interface Strides {
  readonly cDown: number;
  readonly aDown: number;
  readonly aRight: number;
  readonly bDown: number;
  readonly bRight: number;
}
/** The kernels themselves (T = number), or functions that write calls of the kernels as text (T = string). */
interface Products<T, R> {
  dotRows(...args: T[]): R;
  addRows(...args: T[]): R;
  outer(...args: T[]): R;
  multiply(...args: T[]): R;
}
/** c += a b for an m by k and a k by n matrix at these addresses. */
type Product<T, R> = (c: T, a: T, b: T, m: T, k: T, n: T) => R;

/**
 * The kernel for matrices of these sizes; NaN stands for a size that changes from call to call. If `continues`, the kernel adds the product
 * to the numbers in c. If not, c must hold zeros, and the kernel adds to them or overwrites them.
 */
export function productFor<T, R>(
  kernels: Products<T | number, R>,
  [m, k, n]: readonly [number, number, number],
  { cDown, aDown, aRight, bDown, bRight }: Strides,
  { continues = false } = {},
): Product<T, R> {
  const isColumn = n === 1 && cDown === 8;
  if (isColumn && !continues && aRight === 8 && aDown === 8 * k && bDown === 8)
    return (c, a, b, rows, terms) => kernels.dotRows(c, a, b, rows, terms);
  if (m === 1 && !continues && bDown === 8 && bRight === 8 * k && aRight === 8)
    return (c, a, b, _, terms, columns) => kernels.dotRows(c, b, a, columns, terms);
  if (isColumn && aDown === 8) return (c, a, b, rows, terms) => kernels.addRows(c, b, bDown, a, aRight, terms, rows);
  if (m === 1 && bRight === 8)
    return (c, a, b, _, terms, columns) => kernels.addRows(c, a, aRight, b, bDown, terms, columns);
  if (k === 1 && bRight === 8)
    return (c, a, b, rows, _, columns) => kernels.outer(c, cDown, a, aDown, b, rows, columns);
  return (c, a, b, rows, terms, columns) =>
    kernels.multiply(c, cDown, a, aDown, aRight, b, bDown, bRight, rows, terms, columns, ONE);
}
