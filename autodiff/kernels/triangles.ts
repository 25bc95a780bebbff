/**
 * Triangular systems and Cholesky factors by SIMD code, in blocks of rows, so that most of the work is products of matrices. Each entry is
 * computed from the same numbers in the same order as in ./factor.ts, so it has the same bits.
 */
import { subtractSquares } from "./factor.js";
import type { SimdKernels } from "./wasm/kernels.js";
import { addressOf, MINUS_ONE } from "./wasm/simd.js";

const BLOCK = 32;

/** Does the same as `substitute` in ./factor.ts, for a matrix and right-hand sides in one SIMD memory. */
export function substituteSimd(
  kernels: SimdKernels,
  data: Float64Array,
  start: number,
  n: number,
  forward: boolean,
  transpose: boolean,
  at: number,
  columns: number,
): void {
  const [matrix, x] = [addressOf(data, start), addressOf(data, at)];
  const [down, right] = transpose ? [8, 8 * n] : [8 * n, 8];
  const sign = forward ? 1 : -1;
  const next = 8 * columns;
  for (let done = 0; done < n; done += BLOCK) {
    const size = Math.min(BLOCK, n - done);
    const rowsLeft = n - done - size;
    const i = forward ? done : n - 1 - done;
    const [row, diagonal] = [x + i * next, matrix + i * (down + right)];
    kernels.solveRows(row, sign * next, diagonal, sign * down, sign * right, size, columns);
    if (rowsLeft === 0) break;
    const to = forward ? done + size : 0;
    const [c, a] = [x + to * next, matrix + to * down + i * right];
    kernels.multiply(c, next, a, down, sign * right, row, sign * next, 8, rowsLeft, size, columns, MINUS_ONE);
  }
}

/** Like `substituteSimd`, for one right-hand side and a lower triangle or its transpose. */
export function substituteOneSimd(
  kernels: SimdKernels,
  data: Float64Array,
  start: number,
  n: number,
  transpose: boolean,
  at: number,
): void {
  const [matrix, x] = [addressOf(data, start), addressOf(data, at)];
  if (transpose) kernels.solveTransposed(x, matrix, 8 * n, n);
  else kernels.solveLower(x, matrix, 8 * n, n);
}

/**
 * The lower Cholesky factor, with the same bits as `cholesky` in ./factor.ts. In each block of columns, the transpose of the part below
 * the diagonal block is stored in the upper triangle, so that `solveRows` can work on whole rows. The upper triangle is cleared at the end.
 */
export function choleskySimd(kernels: SimdKernels, data: Float64Array, start: number, n: number, to: number): void {
  const at = (i: number, j: number): number => addressOf(data, to + i * n + j);
  for (let i = 0; i < n; i++) data.copyWithin(to + i * n, start + i * n, start + i * n + i + 1);
  const next = 8 * n;
  for (let p = 0; p < n; p += BLOCK) {
    const end = Math.min(p + BLOCK, n);
    if (!factorBlock(data, start, n, to, p, end)) {
      data.fill(Number.NaN, to, to + n * n);
      return;
    }
    copyTranspose(data, to, n, p, end, true);
    kernels.solveRows(at(p, end), next, at(p, p), next, 8, end - p, n - end);
    copyTranspose(data, to, n, p, end, false);
    for (let q = end; q < n; q += 2 * BLOCK) {
      const last = Math.min(q + 2 * BLOCK, n);
      const [c, a, b] = [at(q, end), at(q, p), at(p, end)];
      kernels.multiply(c, next, a, next, 8, b, next, 8, last - q, end - p, last - end, MINUS_ONE);
    }
  }
  for (let i = 0; i < n; i++) data.fill(0, to + i * n + i + 1, to + (i + 1) * n);
}

/**
 * Factors the diagonal block of rows and columns p to `end`. Before the call, the products of the columns before p have been subtracted
 * from the block. Returns false if a pivot is not positive.
 */
function factorBlock(data: Float64Array, start: number, n: number, to: number, p: number, end: number): boolean {
  for (let i = p; i < end; i++) {
    const row = to + i * n;
    for (let j = p; j < i; j++) {
      const other = to + j * n;
      let entry = data[row + j] as number;
      for (let k = p; k < j; k++) entry -= (data[row + k] as number) * (data[other + k] as number);
      data[row + j] = entry / (data[other + j] as number);
    }
    const pivot = subtractSquares(data[start + i * n + i] as number, data, row, i);
    if (!(pivot > 0)) return false;
    data[row + i] = Math.sqrt(pivot);
  }
  return true;
}

/** If `toUpper`, copies the part below the diagonal block p to `end`, transposed, into the upper triangle; if not, copies it back. */
function copyTranspose(data: Float64Array, to: number, n: number, p: number, end: number, toUpper: boolean): void {
  for (let i = end; i < n; i++)
    for (let j = p; j < end; j++) {
      const [below, above] = [to + i * n + j, to + j * n + i];
      if (toUpper) data[above] = data[below] as number;
      else data[below] = data[above] as number;
    }
}
