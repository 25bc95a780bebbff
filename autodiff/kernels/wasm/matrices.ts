/**
 * Products of matrices with vectors and with matrices, as text. Addresses and steps are in bytes, counts in elements; the terms of each
 * entry are added in the order of ../matmul.ts.
 */

/** Where the panel of `multiply` begins, after the scratch space for a tile, and where it ends. */
const PANEL = 128;
export const SCRATCH = PANEL + 256 * 32;

/** The texts for the numbers 0 … count - 1, joined. */
export const each = (count: number, text: (k: number) => string): string =>
  Array.from({ length: count }, (_, k) => text(k)).join(" ");

/**
 * Code that multiplies eight rows by the vector of n numbers at x. The eight results are added to (or subtracted from) the lanes s0 … s3,
 * which begin with `start`, and stored at `out`. Row 0 is at a0, and the rows are `next` bytes apart.
 */
export const eightDots = (sign: "+" | "-", start: (lane: number) => string): string => `
  ${each(4, (k) => `let s${k} = ${start(k)};`)}
  ${each(7, (r) => `let a${r + 1} = a${r} + next;`)}
  let end = x + (n >>> 1 << 4);
  while (x !== end) {
    let p = loadSame(x); let q = loadSame(x + 8);
    ${each(4, (k) => `let u = load(a${2 * k}); let v = load(a${2 * k + 1}); s${k} ${sign}= firsts(u, v) * p; s${k} ${sign}= seconds(u, v) * q;`)}
    ${each(8, (r) => `a${r} += 16;`)}
    x += 16;
  }
  if (n & 1) {
    let p = loadSame(x);
    ${each(4, (k) => `s${k} ${sign}= firsts(loadOne(a${2 * k}), loadOne(a${2 * k + 1})) * p;`)}
    a7 += 8;
  }
  ${each(4, (k) => `store(out + ${16 * k}, s${k});`)}`;

/** out = A b: the rows of A lie one after the other, and are processed eight at a time. */
const rowsByVector = (): string => `
function dotRows(out, a0, b, rows, n) {
  let next = n << 3;
  let stop = out + (rows >>> 3 << 6);
  while (out !== stop) {
    let x = b;
    ${eightDots("+", () => "same(0)")}
    a0 = a7;
    out += 64;
  }
  stop = out + ((rows & 7) << 3);
  while (out !== stop) {
    let total = 0 + get(a0) * get(b);
    let x = b + 8;
    let end = a0 + next;
    a0 += 8;
    while (a0 !== end) { total += get(a0) * get(x); a0 += 8; x += 8; }
    put(out, total);
    out += 8;
  }
}`;

/** out = out ± Σ g[k] b[k] in one pass, for rows b at b0, b1, … and factors g at f0, f1, …. */
const pass = (sign: "+" | "-", rows: number): string => {
  const sum = (load: string): string => `${load}(out + to) ${each(rows, (k) => `${sign} g${k} * ${load}(b${k} + to)`)}`;
  return `
    ${each(rows, (k) => `let g${k} = loadSame(f${k});`)}
    let to = 0;
    while (to !== end) { store(out + to, ${sum("load")}); to += 16; }
    if (n & 1) { storeOne(out + to, ${sum("loadOne")}); }`;
};

/**
 * The routine `name`: out = out ± Σ f[i] B[i], four rows B[i] in one pass. The factors f[i] are `step` bytes apart. The rows B[i] have n
 * numbers each and are `next` bytes apart.
 */
export const combination = (name: string, sign: "+" | "-"): string => `
function ${name}(out, f0, step, b0, next, rows, n) {
  let end = n >>> 1 << 4;
  while (rows > 3) {
    ${each(3, (k) => `let f${k + 1} = f${k} + step; let b${k + 1} = b${k} + next;`)}
    ${pass(sign, 4)}
    f0 = f3 + step;
    b0 = b3 + next;
    rows -= 4;
  }
  while (rows > 0) {
    ${pass(sign, 1)}
    f0 += step;
    b0 += next;
    rows -= 1;
  }
}`;

/** addRows: out = out + Σ f[i] B[i]. outer: C = C + a b for a column a, at f0, and a row b. */
const combinedRows = (): string => `${combination("addRows", "+")}
function outer(out, next, f0, down, b0, rows, n) {
  let end = n >>> 1 << 4;
  while (rows > 0) {
    ${pass("+", 1)}
    out += next;
    f0 += down;
    rows -= 1;
  }
}`;

/**
 * Tiles below each other. A tile has four rows of C and one or two pairs of columns, and is kept in registers. After a tile, `skip` leads from
 * the end of its rows of A to the next four. V8 unrolls a loop of this length only inside another loop; without that it takes a quarter longer.
 */
const tiles = (name: string, pairs: number): string => {
  const cells = (text: (row: number, pair: number) => string): string =>
    each(4, (row) => each(pairs, (pair) => text(row, pair)));
  return `
function ${name}(c0, next, a0, a1, a2, a3, step, skip, b, down, n, rows) {
  let end = b + down * n;
  while (rows > 0) {
    ${each(3, (r) => `let c${r + 1} = c${r} + next;`)}
    ${cells((r, k) => `let s${r}${k} = load(c${r} + ${16 * k});`)}
    let at = b;
    while (at !== end) {
      ${each(pairs, (k) => `let b${k} = load(at + ${16 * k});`)}
      ${each(4, (r) => `let x${r} = loadSame(a${r}); ${each(pairs, (k) => `s${r}${k} += x${r} * b${k};`)} a${r} += step;`)}
      at += down;
    }
    ${cells((r, k) => `store(c${r} + ${16 * k}, s${r}${k});`)}
    ${each(4, (r) => `a${r} += skip;`)}
    c0 = c3 + next;
    rows -= 4;
  }
}`;
};

/**
 * C = C + A B, or C - A B if `sign` is the address of -1 and not of 1 (simd.ts); rows of C are `next` bytes apart. C is computed in tiles of
 * four rows of A and four columns of B. The columns of B are first packed in a panel of up to 256 terms, which stays in the L1 cache. B is
 * not packed if its rows are contiguous, few tiles read them, and the sign is +. Incomplete tiles at an edge are computed in the scratch
 * space from address 0 on, and the panel lies after it.
 */
const products = (): string => `${tiles("wholeTiles", 2)}${tiles("halfTiles", 1)}
function packRows(to, b, down, n, sign) {
  let s = loadSame(sign);
  let end = to + (n << 5);
  while (to !== end) { store(to, s * load(b)); store(to + 16, s * load(b + 16)); b += down; to += 32; }
}
function packColumns(to, b0, down, right, n, width, sign) {
  let s = loadSame(sign);
  let b1 = b0; let b2 = b0; let b3 = b0;
  if (width > 1) { b1 = b0 + right; }
  if (width > 2) { b2 = b1 + right; b3 = b2 + right; }
  let end = to + (n << 5);
  let pairsEnd = to;
  if (down === 8) { pairsEnd = to + (n >>> 1 << 6); }
  while (to !== pairsEnd) {
    ${each(4, (k) => `let v${k} = s * load(b${k}); b${k} += 16;`)}
    store(to, firsts(v0, v1)); store(to + 16, firsts(v2, v3)); store(to + 32, seconds(v0, v1)); store(to + 48, seconds(v2, v3));
    to += 64;
  }
  while (to !== end) {
    store(to, s * firsts(loadOne(b0), loadOne(b1)));
    store(to + 16, s * firsts(loadOne(b2), loadOne(b3)));
    ${each(4, (k) => `b${k} += down;`)}
    to += 32;
  }
}
function move(to, toNext, from, fromNext, rows, width) {
  if (rows > 4) { rows = 4; }
  while (rows > 0) {
    let j = 0;
    while (j < width) { put(to + (j << 3), get(from + (j << 3))); j += 1; }
    to += toNext;
    from += fromNext;
    rows -= 1;
  }
}
function multiplyPanel(c, next, a, down, step, b, bDown, rows, width, n) {
  let skip = (down << 2) - step * n;
  while (rows > 0) {
    let a1 = a; let a2 = a; let a3 = a;
    if (rows > 1) { a1 = a + down; }
    if (rows > 2) { a2 = a1 + down; }
    if (rows > 3) { a3 = a2 + down; }
    let to = c;
    let toNext = next;
    let height = rows >>> 2 << 2;
    let isEdge = (rows < 4) + (width < 2);
    if (isEdge) { height = 4; to = 0; toNext = 32; move(to, toNext, c, next, rows, width); }
    if (width > 3) { wholeTiles(to, toNext, a, a1, a2, a3, step, skip, b, bDown, n, height); }
    if (width < 4) { halfTiles(to, toNext, a, a1, a2, a3, step, skip, b, bDown, n, height); }
    if (isEdge) { move(c, next, to, toNext, rows, width); }
    a += height * down;
    c += height * next;
    rows -= height;
  }
}
function multiply(c, next, a, aDown, aRight, b, bDown, bRight, rows, n, columns, sign) {
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
          panel = ${PANEL};
          down = 32;
          let areRows = (bRight === 8) & (width > 3);
          if (areRows) { packRows(panel, b + j * bRight, bDown, terms, sign); }
          if (areRows === 0) { packColumns(panel, b + j * bRight, bDown, bRight, terms, width, sign); }
        }
        multiplyPanel(c + top * next + (j << 3), next, a + top * aDown, aDown, aRight, panel, down, height, width, terms);
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
