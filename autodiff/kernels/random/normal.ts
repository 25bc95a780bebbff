/**
 * Normal draws by inversion, each from one word pair. A draw is a monotone function of its bits, and agrees with JAX's to about 1e-15
 * wherever JAX's 52 bits have enough resolution. The quantile is algorithm AS 241 (Wichura 1988, PPND16), with a relative error below 1e-15
 * at every probability. `signedTail` has steps of 2^-64, so the distribution is correct beyond 8 sigma, and the largest draw is 9.16.
 */
import { log } from "../formulas/scalarFormulas.js";
import { type Stream, sharedStream } from "./stream.js";

/** The coefficients of a numerator and a denominator, highest power first. */
export type Ratio = readonly [top: readonly number[], bottom: readonly number[]];

// The variable of the polynomials is 0.425² - q² in the middle, √(-log p) - 1.6 in the tails, and √(-log p) - 5 in the far tails.
export const MIDDLE: Ratio = [
  [
    2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987, 13731.69376550946, 1971.5909503065513,
    133.14166789178438, 3.3871328727963665,
  ],
  [
    5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597, 5394.196021424751, 687.1870074920579,
    42.31333070160091, 1,
  ],
];
export const TAIL: Ratio = [
  [
    0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684, 3.6478483247632045,
    5.769497221460691, 4.630337846156546, 1.4234371107496835,
  ],
  [
    1.0507500716444169e-9, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008, 0.6897673349851,
    1.6763848301838038, 2.053191626637759, 1,
  ],
];
export const FAR_TAIL: Ratio = [
  [
    2.0103343992922881e-7, 2.7115555687434876e-5, 0.0012426609473880784, 0.026532189526576124, 0.29656057182850487,
    1.7848265399172913, 5.463784911164114, 6.657904643501103,
  ],
  [
    2.0442631033899397e-15, 1.421511758316446e-7, 1.8463183175100548e-5, 0.0007868691311456133, 0.014875361290850615,
    0.1369298809227358, 0.599832206555888, 1,
  ],
];

/** Written out, because V8 would not inline a loop into `quantile`. */
function polynomial(c: readonly number[], r: number): number {
  const high = ((((c[0] as number) * r + (c[1] as number)) * r + (c[2] as number)) * r + (c[3] as number)) * r;
  return (((high + (c[4] as number)) * r + (c[5] as number)) * r + (c[6] as number)) * r + (c[7] as number);
}
const ratio = ([top, bottom]: Ratio, r: number): number => polynomial(top, r) / polynomial(bottom, r);

/** For a tail in (0, 1/2], the z with P(Z > z) = tail; for a negative tail, -quantile(-tail). */
function quantile(tail: number): number {
  const p = Math.abs(tail);
  const q = 0.5 - p;
  if (q <= 0.425) return ((tail * q) / p) * ratio(MIDDLE, 0.180625 - q * q);
  const root = Math.sqrt(-log(p));
  return Math.sign(tail) * (root <= 5 ? ratio(TAIL, root - 1.6) : ratio(FAR_TAIL, root - 5));
}

/** A draw of Normal(0, 1). */
export function normalDraw(stream: Stream): number {
  return quantile(stream.signedTail());
}

/** n draws of Normal(0, 1) from `offset` on; draw i is `normalDraw` of element i. */
export function fillNormal(out: Float64Array, offset: number, n: number, k0: number, k1: number): void {
  const stream = sharedStream;
  // Two passes, because after a mispredicted branch of `quantile` the processor would discard its work on the bits of the next elements.
  for (let i = 0; i < n; i++) out[offset + i] = stream.at(k0, k1, i).signedTail();
  quantiles(out, offset, n);
}

/** Replaces n signed tails, from `offset` on, by draws. */
export function quantiles(out: Float64Array, offset: number, n: number): void {
  for (let i = offset; i < offset + n; i++) out[i] = quantile(out[i] as number);
}
