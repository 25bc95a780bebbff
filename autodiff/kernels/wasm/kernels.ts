/**
 * The SIMD kernels that are not loops around a formula: sums, maxima and table look-ups in this file, matrix products and substitution in
 * their own files. Addresses and steps are in bytes, counts in elements. Every sum is added in the same order as in the JavaScript kernel
 * of the op, so the results agree to the last bit.
 */
import { each, matrices } from "./matrices.js";
import { triangles } from "./triangles.js";

/** Adds complete groups of eight numbers, from p to `end`, to the lanes s0 … s3. */
const addGroups = (): string => `while (p !== end) { ${each(4, (k) => `s${k} += load(p + ${16 * k});`)} p += 64; }`;
/** Stores the sum of all lanes and of the numbers from p to `end`. */
const putTotal = `let s = (s0 + s2) + (s1 + s3);
    let total = first(s) + second(s);
    while (p !== end) { total += get(p); p += 8; }
    put(out, total);`;
const loadLanes = (): string => each(4, (k) => `let s${k} = load(lanes + ${16 * k});`);

/**
 * The order of a long sum: each lane l of eight lanes sums the elements l, l + 8, l + 16, … of all complete groups of eight. Then the lanes
 * are added as ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)). Last, the elements after the last complete group are added one by one. If the
 * numbers come in blocks, addEights adds the complete groups of each block to lanes in memory, and addRest does the rest at the end.
 */
const sums = (): string => `
function sumRows(out, p, rows, n) {
  while (rows > 0) {
    ${each(4, (k) => `let s${k} = same(0);`)}
    let end = p + (n >>> 3 << 6);
    ${addGroups()}
    end = p + ((n & 7) << 3);
    ${putTotal}
    out += 8;
    rows -= 1;
  }
}
function clear(a, n) {
  let end = a + (n >>> 1 << 4);
  while (a !== end) { store(a, same(0)); a += 16; }
  if (n & 1) { storeOne(a, same(0)); }
}
function addEights(lanes, a, next, rows, n) {
  while (rows > 0) {
    ${loadLanes()}
    let p = a;
    let end = a + (n >>> 3 << 6);
    ${addGroups()}
    ${each(4, (k) => `store(lanes + ${16 * k}, s${k});`)}
    lanes += 64;
    a += next;
    rows -= 1;
  }
}
function addRest(out, lanes, a, next, rows, n) {
  while (rows > 0) {
    ${loadLanes()}
    let p = a;
    let end = a + (n << 3);
    ${putTotal}
    out += 8;
    lanes += 64;
    a += next;
    rows -= 1;
  }
}`;

/**
 * The routine `name`, which reduces each row to one number y, two rows at a time. y begins as `start`, becomes `step` (an expression in x and
 * y) for each number x of the row, and is changed by `last` at the end.
 */
const rowsInPairs = (name: string, start: number, step: string, last = ""): string => `
function ${name}(out, a, rows, n) {
  while (rows > 0) {
    let next = n << 3;
    if (rows < 2) { next = 0; }
    let y = same(${start});
    let k = n;
    while (k > 0) { let x = firsts(loadOne(a), loadOne(a + next)); y = ${step}; a += 8; k -= 1; }
    ${last}
    storeOne(out, y);
    if (rows > 1) { storeOne(out + 8, seconds(y, y)); }
    a += next;
    out += 16;
    rows -= 2;
  }
}`;

const infiniteToZero = "y = abs(y) === Infinity ? 0 : y;";
/** shiftColumns: out = the largest number of each column, or 0 if it is infinite. shiftRows, below, does the same for rows. */
const shifts = `
function shiftColumns(out, a, columns, n) {
  let next = columns << 3;
  while (columns > 0) {
    let y = same(-Infinity);
    let p = a;
    let k = n;
    while (k > 0) { y = max(y, load(p)); p += next; k -= 1; }
    ${infiniteToZero}
    if (columns > 1) { store(out, y); }
    if (columns < 2) { storeOne(out, y); }
    a += 16;
    out += 16;
    columns -= 2;
  }
}`;

/**
 * indices: adds the axis size to negative indices, and returns whether any index is invalid. gather: out[k] = x[i[k]]. scatter:
 * out[i[k]] = out[i[k]] + g[k]. The numbers in i are whole.
 */
const tables = `
function indices(out, x, n, size) {
  let top = same(float(size));
  let bad = top !== top;
  let end = x + (n << 3);
  while (x < end) {
    let raw = loadOne(x);
    if (end - x > 8) { raw = load(x); }
    let i = raw < 0 ? raw + top : raw;
    bad = bad | floor(i) !== i | i < 0 | i >= top;
    storeOne(out, i);
    if (end - x > 8) { store(out, i); }
    x += 16;
    out += 16;
  }
  return any(bad);
}
function gather(out, x, i, n) {
  let end = i + (n << 3);
  while (i !== end) { put(out, get(x + (whole(get(i)) << 3))); i += 8; out += 8; }
}
function scatter(out, g, i, n) {
  let end = i + (n << 3);
  while (i !== end) {
    let to = out + (whole(get(i)) << 3);
    put(to, get(to) + get(g));
    i += 8;
    g += 8;
  }
}`;

let text: string | null = null;
/** The text of all kernels, concatenated on first use. */
export const kernelText = (): string =>
  (text ??=
    sums() +
    rowsInPairs("sumShortRows", 0, "y + x") +
    matrices() +
    triangles() +
    rowsInPairs("shiftRows", -Infinity, "max(y, x)", infiniteToZero) +
    shifts +
    tables);

/** The kernels as functions. `addRows`, `outer`, `multiply` and `scatter` add to the numbers in `out` or `c`; the others overwrite them. */
export interface SimdKernels {
  sumRows(out: number, a: number, rows: number, n: number): void;
  /** The sums of rows of fewer than eight numbers, two rows at a time. */
  sumShortRows(out: number, a: number, rows: number, n: number): void;
  dotRows(out: number, a: number, b: number, rows: number, n: number): void;
  addRows(out: number, f: number, step: number, b: number, next: number, rows: number, n: number): void;
  outer(c: number, next: number, a: number, down: number, b: number, rows: number, n: number): void;
  solveRows(x: number, next: number, a: number, down: number, right: number, n: number, columns: number): void;
  solveLower(x: number, a: number, next: number, n: number): void;
  solveTransposed(x: number, a: number, next: number, n: number): void;
  /** 1 if some numbers are not valid indices of an axis of that size, else 0. */
  indices(out: number, x: number, n: number, size: number): number;
  gather(out: number, x: number, i: number, n: number): void;
  scatter(out: number, g: number, i: number, n: number): void;
  shiftRows(out: number, a: number, rows: number, n: number): void;
  shiftColumns(out: number, a: number, columns: number, n: number): void;
  multiply(
    ...operands: [
      ...out: [c: number, next: number],
      ...left: [a: number, down: number, right: number],
      ...right: [b: number, down: number, right: number],
      ...sizes: [rows: number, n: number, columns: number],
      sign: number,
    ]
  ): void;
}
