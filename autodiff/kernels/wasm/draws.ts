/**
 * Random words, the same as in ../random, four pairs at a time: Threefry-2x32 of four counters under one key, or of one counter under four
 * keys. Keys are pairs of numbers.
 */
import { FAR_TAIL, MIDDLE, type Ratio, TAIL } from "../random/normal.js";

const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
];

/** Code that replaces the counters x, y by their words under the key a, b. */
function cipher(): string {
  const lines = ["let c = xor(xor(a, b), four(0x1bd11bda));", "x += a; y += b;"];
  for (let group = 1; group <= 5; group++) {
    for (const r of ROTATIONS[(group + 1) % 2] as number[])
      lines.push(`x += y; y = xor(y << ${r} | y >>> ${32 - r}, x);`);
    lines.push(`x += ${"abc"[group % 3]}; y = y + ${"abc"[(group + 1) % 3]} + four(${group});`);
  }
  return lines.join("\n");
}

/** Code for each kind of number made from a pair of words: the words themselves, a uniform, a signed tail (../random/stream.ts). */
const RESULTS = {
  words: (x: string, y: string): string => `let p = numbers(${x}); let q = numbers(${y});`,
  uniform: (x: string, y: string): string =>
    `let r = (numbers(${x}) * ${2 ** 20} + numbers(${y} >>> 12)) * ${2 ** -52};`,
  tail: (x: string, y: string): string => `let s = signs(${x}); let f = numbers(s);
    let r = (numbers(xor(${x}, s)) * ${2 ** 32} + numbers(xor(${y}, s)) + 0.5) * ${2 ** -64};
    r = f > 0 ? r : -r;`,
};
type Result = keyof typeof RESULTS;

/** Code that stores the results of the first two lanes, then of the last two lanes; if `rest` < 4, only the first `rest` results. */
function storeText(result: Result): string {
  const text = RESULTS[result];
  const halves = [text("x", "y"), text("uppers(x, x)", "uppers(y, y)")];
  if (result === "words")
    return `${halves[0]} store(out, firsts(p, q)); if (rest > 1) { store(out + 16, seconds(p, q)); }
    ${halves[1]} if (rest > 2) { store(out + 32, firsts(p, q)); } if (rest > 3) { store(out + 48, seconds(p, q)); }
    out += 64;`;
  return `${halves[0]} if (rest > 1) { store(out, r); } if (rest === 1) { storeOne(out, r); }
    ${halves[1]} if (rest > 3) { store(out + 16, r); } if (rest === 3) { storeOne(out + 16, r); }
    out += 32;`;
}

/** Draws under one key, where element i has the counter i. */
const underOneKey = (name: string, result: Result): string => `
function ${name}(out, key, n) {
  let a = four(word(get(key))); let b = four(word(get(key + 8)));
  let i = 0;
  while (i < n) {
    let rest = n - i;
    let x = four(0); let y = four(i) + lanes();
    ${cipher()}
    ${storeText(result)}
    i += 4;
  }
}`;

/** Draws under many keys, all with the same counter; n is a multiple of 4. */
const underManyKeys = (name: string, result: Result): string => `
function ${name}(out, keys, n, counter) {
  let rest = 4;
  let end = keys + (n << 4);
  while (keys !== end) {
    let k = load(keys); let l = load(keys + 16); let m = load(keys + 32); let o = load(keys + 48);
    let a = joined(words(firsts(k, l)), words(firsts(m, o))); let b = joined(words(seconds(k, l)), words(seconds(m, o)));
    let x = four(0); let y = four(counter);
    ${cipher()}
    ${storeText(result)}
    keys += 64;
  }
}`;

/**
 * Replaces each uniform in `out` by a class: the first class whose cumulative weight exceeds the uniform times the total weight, or NaN if
 * there is none.
 */
const choose = `
function choose(out, weights, n, count) {
  let end = out + (n << 3);
  let next = count << 3;
  while (out !== end) {
    let stop = weights + next;
    let total = 0 + get(weights);
    let w = weights + 8;
    while (w !== stop) { total += get(w); w += 8; }
    let target = get(out) * total;
    let sum = 0 + get(weights);
    let k = 0;
    k += sum <= target;
    w = weights + 8;
    while (w !== stop) { sum += get(w); k += sum <= target; w += 8; }
    put(out, float(k));
    if ((k === count) + (target - target !== 0)) { put(out, NaN); }
    weights = stop;
    out += 8;
  }
}`;

/** The polynomial as text, highest power first. */
const horner = (x: string, [first, ...rest]: Iterable<number>): string =>
  rest.reduce((sum, c) => `(${sum} * ${x} + ${c})`, `${first}`);
const ratio = (x: string, [top, bottom]: Ratio): string => `${horner(x, top)} / ${horner(x, bottom)}`;

/** Replaces signed tails by draws of Normal(0, 1), as `quantiles` in ../random/normal.ts does. */
const quantiles = (): string => `
function quantiles(out, from, n) {
  while (n > 0) {
    let tail = loadOne(from);
    if (n > 1) { tail = load(from); }
    let p = abs(tail);
    let q = 0.5 - p;
    let r = 0.180625 - q * q;
    let z = tail * q / p * (${ratio("r", MIDDLE)});
    if (any(q > 0.425)) {
      let root = sqrt(-log(p));
      r = root - 1.6;
      let size = ${ratio("r", TAIL)};
      if (any(root > 5)) {
        r = root - 5;
        size = root > 5 ? ${ratio("r", FAR_TAIL)} : size;
      }
      z = q > 0.425 ? (tail > 0 ? size : -size) : z;
    }
    if (n > 1) { store(out, z); }
    if (n < 2) { storeOne(out, z); n = 2; }
    from += 16;
    out += 16;
    n -= 2;
  }
}`;

/** The text of each kernel. A program compiles only the kernels that it uses. */
export const drawTexts = {
  splitKey: (): string => underOneKey("splitKey", "words"),
  uniforms: (): string => underOneKey("uniforms", "uniform"),
  tails: (): string => underOneKey("tails", "tail"),
  foldKeys: (): string => underManyKeys("foldKeys", "words"),
  tailsOfKeys: (): string => underManyKeys("tailsOfKeys", "tail"),
  quantiles,
  choose: (): string => choose,
};
export type DrawName = keyof typeof drawTexts;

/**
 * Writes `n` elements to the address `out`. `from` is the address of a key, of keys, of signed tails or of weights. For draws under many
 * keys the last argument is the counter, and for `choose` the number of classes.
 */
export type DrawKernel = (out: number, from: number, n: number, counterOrClasses: number) => void;
