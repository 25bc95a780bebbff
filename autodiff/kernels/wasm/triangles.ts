import { combination, eightDots } from "./matrices.js";

/**
 * Substitution, a row of right-hand sides at a time: x_i = (x_i - Σ a_ij x_j) / a_ii, summed over the rows j before i in their order. Rows
 * of x are `next` bytes apart; `down` and `right` are the distances in bytes to the next row and column of the triangle. With negative
 * distances, the substitution runs from the last row to the first.
 *
 * For a single right-hand side, eight rows are solved together, because the additions of one row have to wait for each other. `solveLower`
 * reads the rows of a lower triangle, and computes their eight sums side by side. `solveTransposed` reads the same rows as the columns of
 * the transpose: the multiples of each solved entry are subtracted from all entries that are not solved yet.
 */
export const triangles = (): string => `${combination("subtractRows", "-")}
function divideRow(out, f, n) {
  let g = loadSame(f);
  let end = out + (n >>> 1 << 4);
  while (out !== end) { store(out, load(out) / g); out += 16; }
  if (n & 1) { storeOne(out, loadOne(out) / g); }
}
function solveRows(x, next, a, down, right, n, columns) {
  let i = 0;
  let row = x;
  while (i !== n) {
    subtractRows(row, a, right, x, next, i, columns);
    divideRow(row, a + i * right, columns);
    a += down;
    row += next;
    i += 1;
  }
}
function subtractDots(out, a0, next, x, n) {
  ${eightDots("-", (lane) => `load(out + ${16 * lane})`)}
}
function solveOne(x, row, step, a, down, right, rows) {
  while (rows > 0) {
    let total = get(row);
    let p = x;
    let f = a;
    while (p !== row) { total -= get(f) * get(p); p += step; f += right; }
    put(row, total / get(f));
    a += down;
    row += step;
    rows -= 1;
  }
}
function solveLower(x, a, next, n) {
  let row = x;
  let i = 0;
  while (n - i > 7) {
    subtractDots(row, a, next, x, i);
    solveOne(row, row, 8, a + (i << 3), next, 8, 8);
    a += next << 3;
    row += 64;
    i += 8;
  }
  solveOne(x, row, 8, a, next, 8, n - i);
}
function solveTransposed(x, a, next, n) {
  while (n > 0) {
    let rows = n;
    if (rows > 8) { rows = 8; }
    let last = (n - 1) << 3;
    let below = a + (n - 1) * next;
    solveOne(x + last, x + last, -8, below + last, -8, 0 - next, rows);
    n -= rows;
    subtractRows(x, x + last, -8, below, 0 - next, rows, n);
  }
}`;
