/**
 * Random bits as a function of a key and a counter: Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as
 * 1, 2, 3"). The layout is JAX's (threefry, partitionable): word pair i of a draw belongs to the counter (i div 2^32, i mod 2^32), whatever
 * the shape of the draw. A key is two uint32 words.
 */
import { refuse } from "../../../provenance/base/error.js";
import { show } from "../../../provenance/base/options.js";

const TWO_32 = 2 ** 32;
const PARITY = 0x1bd11bda;

// Holds the result of the cipher: creating a new array for each call would take as long as the cipher.
const pair = /* @__PURE__ */ new Int32Array(2);

/** Enciphers the counter (c0, c1) under the key (k0, k1) into words[0] and words[1], as signed 32-bit integers. */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number, words: Int32Array): void {
  let a = k0 | 0;
  let b = k1 | 0;
  let c = a ^ b ^ PARITY;
  let x = (c0 + a) | 0;
  let y = (c1 + b) | 0;
  for (let group = 1; ; group += 2) {
    x = (x + y) | 0;
    y = ((y << 13) | (y >>> 19)) ^ x;
    x = (x + y) | 0;
    y = ((y << 15) | (y >>> 17)) ^ x;
    x = (x + y) | 0;
    y = ((y << 26) | (y >>> 6)) ^ x;
    x = (x + y) | 0;
    y = ((y << 6) | (y >>> 26)) ^ x;
    x = (x + b) | 0;
    y = (y + c + group) | 0;
    if (group === 5) break;
    x = (x + y) | 0;
    y = ((y << 17) | (y >>> 15)) ^ x;
    x = (x + y) | 0;
    y = ((y << 29) | (y >>> 3)) ^ x;
    x = (x + y) | 0;
    y = ((y << 16) | (y >>> 16)) ^ x;
    x = (x + y) | 0;
    y = ((y << 24) | (y >>> 8)) ^ x;
    x = (x + c) | 0;
    y = (y + a + group + 1) | 0;
    const d = a;
    a = c;
    c = b;
    b = d;
  }
  words[0] = x;
  words[1] = y;
}

/** The key made from a seed: the two halves of the seed as a 64-bit integer in two's complement, high word first. */
export function keyFromSeed(seed: number): [number, number] {
  if (!Number.isInteger(seed) || Math.abs(seed) > 2 ** 53)
    refuse(
      "invalid-seed",
      "random.key",
      `the seed must be a whole number between -2^53 and 2^53, got ${show(seed)}. Pass an integer, such as random.key(0).`,
    );
  return [Math.floor(seed / TWO_32) >>> 0, seed >>> 0];
}

/** Writes n keys (2n words from `offset` on) made from one key: key i is the cipher of the counter i. */
export function split(k0: number, k1: number, n: number, out: Float64Array, offset = 0): void {
  for (let i = 0; i < n; i++) {
    threefry2x32(k0, k1, Math.floor(i / TWO_32), i, pair);
    out[offset + 2 * i] = (pair[0] as number) >>> 0;
    out[offset + 2 * i + 1] = (pair[1] as number) >>> 0;
  }
}

/** n random 64-bit integers, each as its high and its low word (2n words from `offset` on): the same words as `split`. */
export const bits64 = split;

/** n random 32-bit integers from `offset` on: both words of each counter, xored. */
export function bits32(k0: number, k1: number, n: number, out: Float64Array, offset = 0): void {
  for (let i = 0; i < n; i++) {
    threefry2x32(k0, k1, Math.floor(i / TWO_32), i, pair);
    out[offset + i] = ((pair[0] as number) ^ (pair[1] as number)) >>> 0;
  }
}

/** Writes the key (two words from `offset` on) made from a key and a whole number 0 <= data < 2^32. */
export function foldIn(k0: number, k1: number, data: number, out: Float64Array, offset = 0): void {
  if (data >>> 0 !== data)
    refuse(
      "invalid-fold-in",
      "random.foldIn",
      `the data must be a whole number from 0 to 2^32 - 1, got ${String(data)}. Fold in an index or a step count.`,
    );
  threefry2x32(k0, k1, 0, data, pair);
  out[offset] = (pair[0] as number) >>> 0;
  out[offset + 1] = (pair[1] as number) >>> 0;
}
