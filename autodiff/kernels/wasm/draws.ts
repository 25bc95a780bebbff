/**
 * Random words, the same as in ../random, four pairs at a time: Threefry-2x32 of four counters under one key, or of one counter under four
 * keys. Keys are pairs of numbers.
 */

import { FAR_TAIL, MIDDLE, type Ratio, TAIL } from "../random/normal.js";
import { each } from "./matrices.js";

const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

/** Code that replaces the counters x, y by their words under the key a, b. After every four rounds, two of a, b, c are added. */
const cipher = (): string => {
  const round = (r: number): string => `x += y; y = xor(y << ${r} | y >>> ${32 - r}, x);`;
  const addition = (n: number): string => `x += ${"abc"[n % 3]}; y += ${"abc"[(n + 1) % 3]} + four(${n});`;
  return `
    let c = xor(xor(a, b), four(0x1bd11bda));
    x += a; y += b;
    ${each(5, (n) => ROTATIONS[(n % 2) as 0 | 1].map(round).join(" ") + addition(n + 1))}`;
};

/**
 * Code that stores the results for two elements of a group of four: the first two if `half` is 0, else the last two. A result is made from
 * the element's words x, y. It is the words themselves, a uniform, or a signed tail (../random/stream.ts).
 */
const RESULTS = {
  words: (x: string, y: string, half: number): string => `let p = numbers(${x}); let q = numbers(${y});
    store(out + (i << 4) + ${32 * half}, firsts(p, q)); store(out + (i << 4) + ${32 * half + 16}, seconds(p, q));`,
  uniform: (x: string, y: string, half: number): string =>
    `store(out + (i << 3) + ${16 * half}, (numbers(${x}) * ${2 ** 20} + numbers(${y} >>> 12)) * ${2 ** -52});`,
  tail: (x: string, y: string, half: number): string => `let s = signs(${x}); let f = numbers(s);
    let r = (numbers(xor(${x}, s)) * ${2 ** 32} + numbers(xor(${y}, s)) + 0.5) * ${2 ** -64};
    store(out + (i << 3) + ${16 * half}, f > 0 ? r : -r);`,
};

/** Code before and in the loop over elements: for a single key, where element i has the counter i; and for many keys and one counter. */
const ONE_KEY = ["let a = four(word(get(keys))); let b = four(word(get(keys + 8)));", "let y = four(i) + lanes();"];
const MANY_KEYS = [
  "",
  `let key = keys + (i << 4);
    let k = load(key); let l = load(key + 16); let m = load(key + 32); let o = load(key + 48);
    let a = joined(words(firsts(k, l)), words(firsts(m, o))); let b = joined(words(seconds(k, l)), words(seconds(m, o)));
    let y = four(counter);`,
];

/** Draws n >= 4 elements, four at a time. If n is not a multiple of 4, the last group begins earlier, and some elements are drawn twice. */
const draws = (name: string, [before, inLoop]: readonly string[], result: keyof typeof RESULTS): string => `
function ${name}(out, keys, n, counter) {
  ${before}
  let i = 0;
  while (i < n) {
    if (n - i < 4) { i = n - 4; }
    ${inLoop}
    let x = four(0);
    ${cipher()}
    ${RESULTS[result]("x", "y", 0)}
    ${RESULTS[result]("uppers(x, x)", "uppers(y, y)", 1)}
    i += 4;
  }
}`;

/**
 * Replaces each uniform in `out` by a class: the first class whose cumulative weight exceeds the uniform times the total weight, or NaN if
 * there is none.
 */
const choose = `
function choose(out, weights, n, count) {
  let next = count << 3;
  while (n > 0) {
    let stop = weights + next;
    let total = float(0);
    let w = weights;
    while (w !== stop) { total += get(w); w += 8; }
    let target = get(out) * total;
    let sum = float(0);
    let k = 0;
    w = weights;
    while (w !== stop) { sum += get(w); k += sum <= target; w += 8; }
    put(out, float(k));
    if ((k === count) + (target - target !== 0)) { put(out, NaN); }
    weights = stop;
    out += 8;
    n -= 1;
  }
}`;

/** A polynomial in r as text, highest power first. */
const horner = ([first, ...rest]: readonly number[]): string =>
  rest.reduce((sum, c) => `(${sum} * r + ${c})`, `${first}`);
const ratio = ([top, bottom]: Ratio): string => `${horner(top)} / ${horner(bottom)}`;

/** Replaces signed tails by draws of Normal(0, 1), as `quantiles` in ../random/normal.ts does. */
const quantiles = (): string => `
function quantiles(out, from, n) {
  while (n > 0) {
    let tail = loadOne(from);
    if (n > 1) { tail = load(from); }
    let p = abs(tail);
    let q = 0.5 - p;
    let r = 0.180625 - q * q;
    let z = tail * q / p * (${ratio(MIDDLE)});
    if (any(q > 0.425)) {
      let root = sqrt(-log(p));
      r = root - 1.6;
      let size = ${ratio(TAIL)};
      if (any(root > 5)) {
        r = root - 5;
        size = root > 5 ? ${ratio(FAR_TAIL)} : size;
      }
      z = q > 0.425 ? (tail > 0 ? size : -size) : z;
    }
    if (n > 1) { store(out, z); }
    if (n < 2) { storeOne(out, z); }
    from += 16;
    out += 16;
    n -= 2;
  }
}`;

/** The text of each kernel. A program compiles only the kernels that it uses. */
export const drawTexts = {
  splitKey: (): string => draws("splitKey", ONE_KEY, "words"),
  uniforms: (): string => draws("uniforms", ONE_KEY, "uniform"),
  tails: (): string => draws("tails", ONE_KEY, "tail"),
  foldKeys: (): string => draws("foldKeys", MANY_KEYS, "words"),
  tailsOfKeys: (): string => draws("tailsOfKeys", MANY_KEYS, "tail"),
  quantiles,
  choose: (): string => choose,
};
export type DrawName = keyof typeof drawTexts;

/**
 * Writes `n` elements to the address `out`. `from` is the address of a key, of keys, of signed tails or of weights. For draws under many
 * keys the last argument is the counter, and for `choose` the number of classes.
 */
export type DrawKernel = (out: number, from: number, n: number, counterOrClasses: number) => void;
