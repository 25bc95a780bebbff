/**
 * Substitution, a row of right-hand sides at a time: x_i = (x_i - Σ a_ij x_j) / a_ii over the rows j before i, in their order. Rows of
 * x are `next` bytes apart, entries of the triangle `down` and `right`; negative ones run from the last row to the first.
 */
export const triangles = `
function subtractRows(out, f, right, x, next, rows, n) {
  while (rows > 3) {
    let f1 = f + right; let f2 = f1 + right; let f3 = f2 + right;
    let g = loadSame(f); let g1 = loadSame(f1); let g2 = loadSame(f2); let g3 = loadSame(f3);
    let x1 = x + next; let x2 = x1 + next; let x3 = x2 + next;
    let to = 0;
    let end = n >>> 1 << 4;
    while (to !== end) {
      store(out + to, load(out + to) - g * load(x + to) - g1 * load(x1 + to) - g2 * load(x2 + to) - g3 * load(x3 + to));
      to = to + 16;
    }
    if (n & 1) { storeOne(out + to, loadOne(out + to) - g * loadOne(x + to) - g1 * loadOne(x1 + to) - g2 * loadOne(x2 + to) - g3 * loadOne(x3 + to)); }
    f = f3 + right;
    x = x3 + next;
    rows = rows - 4;
  }
  while (rows > 0) {
    let g = loadSame(f);
    let to = 0;
    let end = n >>> 1 << 4;
    while (to !== end) { store(out + to, load(out + to) - g * load(x + to)); to = to + 16; }
    if (n & 1) { storeOne(out + to, loadOne(out + to) - g * loadOne(x + to)); }
    f = f + right;
    x = x + next;
    rows = rows - 1;
  }
}
function divideRow(out, f, n) {
  let g = loadSame(f);
  let end = out + (n >>> 1 << 4);
  while (out !== end) { store(out, load(out) / g); out = out + 16; }
  if (n & 1) { storeOne(out, loadOne(out) / g); }
}
function solveRows(x, next, a, down, right, n, columns) {
  let i = 0;
  let row = x;
  while (i !== n) {
    subtractRows(row, a, right, x, next, i, columns);
    divideRow(row, a + i * right, columns);
    a = a + down;
    row = row + next;
    i = i + 1;
  }
}`;
