/**
 * Products of matrices with vectors and with matrices, as text. Addresses and steps are in bytes, counts in elements; the terms of each
 * entry are added in the order of ../matmul.ts.
 */

/** Bytes that `multiply` needs for a tile and a panel. */
export const SCRATCH = 128 + 256 * 32;

/** The texts for all `names`, joined. The names are separated by spaces. */
export const each = (names: string, text: (name: string, i: number) => string): string =>
  names.split(" ").map(text).join(" ");

/** out = A b: the rows of A lie one after the other, and are processed eight at a time. */
const rowsByVector = (): string => `
function dotRows(out, a, b, rows, n) {
  let next = n << 3;
  let end = out + (rows >>> 3 << 6);
  while (out !== end) {
    ${each("0 1 2 3", (k) => `let s${k} = same(0);`)}
    ${each("1 2 3 4 5 6 7", (r, i) => `let a${r} = a${i || ""} + next;`)}
    let from = b;
    let stop = b + (n >>> 1 << 4);
    while (from !== stop) {
      let x = loadSame(from); let y = loadSame(from + 8);
      ${each("0 1 2 3", (k, i) => `let u = load(a${2 * i || ""}); let v = load(a${2 * i + 1}); s${k} += firsts(u, v) * x; s${k} += seconds(u, v) * y;`)}
      ${each(" 1 2 3 4 5 6 7", (r) => `a${r} += 16;`)}
      from += 16;
    }
    if (n & 1) {
      let x = loadSame(from);
      ${each("0 1 2 3", (k, i) => `s${k} += firsts(loadOne(a${2 * i || ""}), loadOne(a${2 * i + 1})) * x;`)}
      ${each(" 1 2 3 4 5 6 7", (r) => `a${r} += 8;`)}
    }
    ${each("0 1 2 3", (k, i) => `store(out + ${16 * i}, s${k});`)}
    a = a7;
    out += 64;
  }
  end = out + ((rows & 7) << 3);
  while (out !== end) {
    let total = 0 + get(a) * get(b);
    let from = b + 8;
    let stop = a + next;
    a += 8;
    while (a !== stop) { total += get(a) * get(from); a += 8; from += 8; }
    put(out, total);
    out += 8;
  }
}`;

/**
 * addRows: out = out + Σ x[i] B[i], where the numbers x[i] lie `step` apart and B[i] is a row of B, four rows in one pass. outer:
 * C = C + a b for a column a and a row b.
 */
const combinedRows = (): string => `
function addRow(out, x, b, n) {
  let factor = loadSame(x);
  let end = out + (n >>> 1 << 4);
  while (out !== end) { store(out, load(out) + factor * load(b)); out += 16; b += 16; }
  if (n & 1) { storeOne(out, loadOne(out) + factor * loadOne(b)); }
}
function outer(c, next, a, down, b, rows, n) {
  while (rows > 0) { addRow(c, a, b, n); c += next; a += down; rows -= 1; }
}
function addRows(out, x, step, b, rows, n) {
  let next = n << 3;
  while (rows > 3) {
    let x1 = x + step; let x2 = x1 + step; let x3 = x2 + step;
    ${each("0 1 2 3", (k, i) => `let f${k} = loadSame(x${i || ""});`)}
    ${each("1 2 3", (k, i) => `let b${k} = b${i || ""} + next;`)}
    let to = out;
    let end = out + (n >>> 1 << 4);
    while (to !== end) {
      store(to, load(to) + f0 * load(b) + f1 * load(b1) + f2 * load(b2) + f3 * load(b3));
      to += 16; ${each(" 1 2 3", (k) => `b${k} += 16;`)}
    }
    if (n & 1) {
      storeOne(to, loadOne(to) + f0 * loadOne(b) + f1 * loadOne(b1) + f2 * loadOne(b2) + f3 * loadOne(b3));
      b3 += 8;
    }
    b = b3;
    x = x3 + step;
    rows -= 4;
  }
  while (rows > 0) { addRow(out, x, b, n); x += step; b += next; rows -= 1; }
}`;

/** A tile has four rows of C and one or two pairs of columns, and is kept in registers. */
const tile = (name: string, pairs: string): string => {
  const cells = (text: (row: string, pair: string) => string): string =>
    each("0 1 2 3", (row) => each(pairs, (pair) => text(row, pair)));
  return `
function ${name}(c0, next, a0, a1, a2, a3, step, b, down, n) {
  ${each("1 2 3", (r, i) => `let c${r} = c${i} + next;`)}
  ${cells((r, k) => `let s${r}${k} = load(c${r} + ${16 * Number(k)});`)}
  let end = b + down * n;
  while (b !== end) {
    ${each(pairs, (k) => `let b${k} = load(b + ${16 * Number(k)});`)}
    ${each("0 1 2 3", (r) => `let x${r} = loadSame(a${r}); ${each(pairs, (k) => `s${r}${k} += x${r} * b${k};`)} a${r} += step;`)}
    b += down;
  }
  ${cells((r, k) => `store(c${r} + ${16 * Number(k)}, s${r}${k});`)}
}`;
};

/**
 * C = C + A B, or C - A B if `sign` is the address of -1; rows of C are `next` bytes apart. C is computed in tiles of four rows of A and
 * four columns of B. The columns of B are first packed in a panel of up to 256 terms, which stays in the L1 cache. If the rows of B are
 * contiguous and few tiles read them, B is not packed. Incomplete tiles at an edge are computed in `scratch`.
 */
const products = (): string => `${tile("wholeTile", "0 1")}${tile("halfTile", "0")}
function packRows(to, b, down, n, sign) {
  let s = loadSame(sign);
  let end = to + (n << 5);
  while (to !== end) { store(to, s * load(b)); store(to + 16, s * load(b + 16)); b += down; to += 32; }
}
function packColumns(to, b0, right, n, sign) {
  let s = loadSame(sign);
  let b1 = b0 + right; let b2 = b1 + right; let b3 = b2 + right;
  let end = to + (n >>> 1 << 6);
  while (to !== end) {
    ${each("0 1 2 3", (k) => `let v${k} = s * load(b${k}); b${k} += 16;`)}
    store(to, firsts(v0, v1)); store(to + 16, firsts(v2, v3)); store(to + 32, seconds(v0, v1)); store(to + 48, seconds(v2, v3));
    to += 64;
  }
  if (n & 1) {
    store(to, s * firsts(loadOne(b0), loadOne(b1)));
    store(to + 16, s * firsts(loadOne(b2), loadOne(b3)));
  }
}
function packAny(to, b, down, right, n, width, sign) {
  let s = get(sign);
  let end = to + (n << 5);
  while (to !== end) {
    let j = 0;
    let from = b;
    while (j < 4) {
      put(to + (j << 3), 0);
      if (j < width) { put(to + (j << 3), s * get(from)); }
      from += right;
      j += 1;
    }
    b += down;
    to += 32;
  }
}
function pack(to, b, down, right, n, width, sign) {
  let isWhole = width > 3;
  let areRows = isWhole & (right === 8);
  let areColumns = (isWhole & (down === 8)) & (right !== 8);
  if (areRows) { packRows(to, b, down, n, sign); }
  if (areColumns) { packColumns(to, b, right, n, sign); }
  if ((areRows + areColumns) === 0) { packAny(to, b, down, right, n, width, sign); }
}
function move(to, toNext, from, fromNext, rows, width) {
  if (rows > 4) { rows = 4; }
  if (width > 4) { width = 4; }
  while (rows > 0) {
    let j = 0;
    while (j < width) { put(to + (j << 3), get(from + (j << 3))); j += 1; }
    to += toNext;
    from += fromNext;
    rows -= 1;
  }
}
function multiplyPanel(c, next, a, down, step, b, bDown, scratch, rows, width, n) {
  while (rows > 0) {
    let a1 = a; let a2 = a; let a3 = a;
    if (rows > 1) { a1 = a + down; }
    if (rows > 2) { a2 = a1 + down; }
    if (rows > 3) { a3 = a2 + down; }
    let to = c;
    let toNext = next;
    let isEdge = (rows < 4) + (width < 2);
    if (isEdge) { to = scratch; toNext = 32; move(to, toNext, c, next, rows, width); }
    if (width > 3) { wholeTile(to, toNext, a, a1, a2, a3, step, b, bDown, n); }
    if (width < 4) { halfTile(to, toNext, a, a1, a2, a3, step, b, bDown, n); }
    if (isEdge) { move(c, next, to, toNext, rows, width); }
    a = a3 + down;
    c += next << 2;
    if (rows < 4) { rows = 4; }
    rows -= 4;
  }
}
function multiply(c, next, a, aDown, aRight, b, bDown, bRight, rows, n, columns, scratch, sign) {
  while (n > 0) {
    let terms = n;
    if (terms > 256) { terms = 256; }
    let top = 0;
    while (top < rows) {
      let height = rows - top;
      if (height > 256) { height = 256; }
      let j = 0;
      while (j < columns) {
        let width = columns - j;
        if (width > 4) { width = 4; }
        if (width === 3) { width = 2; }
        let panel = b + j * bRight;
        let down = bDown;
        let isRead = ((bRight === 8) & (bDown !== 0)) & ((height < 33) & (width > 1)) & (sign === ${SCRATCH});
        if (isRead === 0) {
          pack(scratch + 128, panel, bDown, bRight, terms, width, sign);
          panel = scratch + 128;
          down = 32;
        }
        multiplyPanel(c + top * next + (j << 3), next, a + top * aDown, aDown, aRight, panel, down, scratch, height, width, terms);
        j += width;
      }
      top += 256;
    }
    a += terms * aRight;
    b += terms * bDown;
    n -= terms;
  }
}`;

export const matrices = (): string => rowsByVector() + combinedRows() + products();
