/**
 * Factorisations of one n by n matrix, stored in `a` row by row from index `start`. Results are written to `out` from index `to`, where
 * there are zeros before. The algorithms are in Golub and Van Loan, chapters 3 and 4.
 */
import { log } from "./formulas/scalarFormulas.js";
import { productMinus } from "./special/index.js";

/** The lower Cholesky factor, row by row (Banachiewicz), from the lower triangle of a. All entries are NaN if a pivot is not positive. */
export function cholesky(a: Float64Array, start: number, n: number, out: Float64Array, to: number): void {
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      const [ri, rj] = [to + i * n, to + j * n];
      let entry = a[start + i * n + j] as number;
      if (i === j) {
        const pivot = subtractSquares(entry, out, ri, j);
        if (!(pivot > 0)) {
          out.fill(Number.NaN, to, to + n * n);
          return;
        }
        out[ri + j] = Math.sqrt(pivot);
        continue;
      }
      for (let k = 0; k < j; k++) entry -= (out[ri + k] as number) * (out[rj + k] as number);
      out[ri + j] = entry / (out[rj + j] as number);
    }
}

/** a - Σ x² over n numbers, computed as if in twice the precision, because a pivot may be a small difference of large numbers. */
export function subtractSquares(a: number, x: Float64Array, from: number, n: number): number {
  let [result, roundingError] = [a, 0];
  for (let k = 0; k < n; k++) {
    const y = x[from + k] as number;
    const square = y * y;
    const difference = result - square;
    // The rounding errors of the difference and of the square (Knuth's sum of two, Dekker's product).
    const subtracted = result - difference;
    roundingError += result - (difference + subtracted) + (subtracted - square) - productMinus(y, y, square);
    result = difference;
  }
  return result + roundingError;
}

/**
 * Solves a triangular system in place: the right-hand side x, a matrix of n by `columns` numbers that begins at `at`, becomes A⁻¹x. A is a
 * triangle of `a`, or, if `transpose`, of the transpose of `a`: the lower triangle if `forward`, else the upper triangle.
 */
export function substitute(
  a: Float64Array,
  start: number,
  n: number,
  forward: boolean,
  transpose: boolean,
  x: Float64Array,
  at: number,
  columns: number,
): void {
  const [down, right] = transpose ? [1, n] : [n, 1];
  for (let step = 0; step < n; step++) {
    const i = forward ? step : n - 1 - step;
    const row = at + i * columns;
    if (columns === 1) {
      // `entry` is a local variable: if it were stored in x, each subtraction would also wait for a store and a load.
      let entry = x[row] as number;
      const direction = forward ? 1 : -1;
      for (let j = forward ? 0 : n - 1; j !== i; j += direction)
        entry -= (a[start + i * down + j * right] as number) * (x[at + j] as number);
      x[row] = entry / (a[start + i * (n + 1)] as number);
      continue;
    }
    for (let before = 0; before < step; before++) {
      const j = forward ? before : n - 1 - before;
      const [factor, from] = [a[start + i * down + j * right] as number, at + j * columns];
      for (let c = 0; c < columns; c++) x[row + c] = (x[row + c] as number) - factor * (x[from + c] as number);
    }
    const pivot = a[start + i * (n + 1)] as number;
    for (let c = 0; c < columns; c++) x[row + c] = (x[row + c] as number) / pivot;
  }
}

/** LU = PA with partial pivoting. Returns both factors in one array, the order of the rows, and the sign of the permutation P. */
function decompose(a: Float64Array, start: number, n: number) {
  const lu = a.slice(start, start + n * n);
  const order = Int32Array.from({ length: n }, (_, i) => i);
  let sign = 1;
  for (let k = 0; k < n; k++) {
    let pivotRow = k;
    for (let i = k + 1; i < n; i++)
      if (Math.abs(lu[i * n + k] as number) > Math.abs(lu[pivotRow * n + k] as number)) pivotRow = i;
    if (pivotRow !== k) {
      sign = -sign;
      const row = lu.slice(k * n, k * n + n);
      lu.copyWithin(k * n, pivotRow * n, pivotRow * n + n);
      lu.set(row, pivotRow * n);
      [order[k], order[pivotRow]] = [order[pivotRow] as number, order[k] as number];
    }
    const pivot = lu[k * n + k] as number;
    if (pivot === 0) continue;
    for (let i = k + 1; i < n; i++) {
      const factor = (lu[i * n + k] as number) / pivot;
      lu[i * n + k] = factor;
      for (let j = k + 1; j < n; j++) lu[i * n + j] = (lu[i * n + j] as number) - factor * (lu[k * n + j] as number);
    }
  }
  return { lu, order, sign };
}

/** log det A; -Infinity if singular, NaN if the determinant is negative. */
export function logdet(a: Float64Array, start: number, n: number): number {
  const { lu, sign } = decompose(a, start, n);
  let [total, determinantSign] = [0, sign];
  for (let k = 0; k < n; k++) {
    const pivot = lu[k * n + k] as number;
    total += log(Math.abs(pivot));
    if (pivot < 0) determinantSign = -determinantSign;
  }
  return determinantSign < 0 && total !== -Infinity ? Number.NaN : total;
}

/** A⁻¹; not finite if A is singular. */
export function inverse(a: Float64Array, start: number, n: number, out: Float64Array, to: number): void {
  const { lu, order } = decompose(a, start, n);
  for (let i = 0; i < n; i++) out[to + i * n + (order[i] as number)] = 1;
  const unit = lu.slice();
  for (let i = 0; i < n; i++) unit[i * (n + 1)] = 1;
  substitute(unit, 0, n, true, false, out, to, n);
  substitute(lu, 0, n, false, false, out, to, n);
}
