/**
 * Normal draws by inversion, one word pair each: a draw is a monotone function of its bits, and agrees with JAX's to about
 * 1e-15 where JAX's 52 bits are fine enough. The quantile is algorithm AS 241 (Wichura 1988, PPND16), relative error below
 * 1e-15 at every probability; `signedTail` has steps of 2^-64, so the law is right to 8 sigma and beyond, and the largest
 * draw is 9.16. Continues stream.ts.
 */
import { Stream } from "./stream.js";

/** The z with P(Z > z) = tail for tail in (0, 1/2], and minus that z for -tail. */
function quantile(tail: number): number {
  const p = Math.abs(tail);
  const q = 0.5 - p;
  if (q <= 0.425) {
    const r = 0.180625 - q * q;
    return (
      (tail *
        q *
        (((((((2509.0809287301227 * r + 33430.57558358813) * r + 67265.7709270087) * r + 45921.95393154987) * r +
          13731.69376550946) *
          r +
          1971.5909503065513) *
          r +
          133.14166789178438) *
          r +
          3.3871328727963665)) /
      (p *
        (((((((5226.495278852854 * r + 28729.085735721943) * r + 39307.89580009271) * r + 21213.794301586597) * r +
          5394.196021424751) *
          r +
          687.1870074920579) *
          r +
          42.31333070160091) *
          r +
          1))
    );
  }
  const root = Math.sqrt(-Math.log(p));
  if (root <= 5) {
    const r = root - 1.6;
    return (
      (Math.sign(tail) *
        (((((((0.0007745450142783414 * r + 0.022723844989269184) * r + 0.2417807251774506) * r + 1.2704582524523684) *
          r +
          3.6478483247632045) *
          r +
          5.769497221460691) *
          r +
          4.630337846156546) *
          r +
          1.4234371107496835)) /
      (((((((1.0507500716444169e-9 * r + 0.0005475938084995345) * r + 0.015198666563616457) * r + 0.14810397642748008) *
        r +
        0.6897673349851) *
        r +
        1.6763848301838038) *
        r +
        2.053191626637759) *
        r +
        1)
    );
  }
  const r = root - 5;
  return (
    (Math.sign(tail) *
      (((((((2.0103343992922881e-7 * r + 2.7115555687434876e-5) * r + 0.0012426609473880784) * r +
        0.026532189526576124) *
        r +
        0.29656057182850487) *
        r +
        1.7848265399172913) *
        r +
        5.463784911164114) *
        r +
        6.657904643501103)) /
    (((((((2.0442631033899397e-15 * r + 1.421511758316446e-7) * r + 1.8463183175100548e-5) * r +
      0.0007868691311456133) *
      r +
      0.014875361290850615) *
      r +
      0.1369298809227358) *
      r +
      0.599832206555888) *
      r +
      1)
  );
}

/** A draw of Normal(0, 1). */
export function normalDraw(stream: Stream): number {
  return quantile(stream.signedTail());
}

/** n draws of Normal(0, 1) from `offset` on; draw i is `normalDraw` of element i. */
export function fillNormal(out: Float64Array, offset: number, n: number, k0: number, k1: number): void {
  const stream = new Stream();
  // Two passes: a mispredicted branch of the quantile would flush the bits of the elements to come.
  for (let i = 0; i < n; i++) out[offset + i] = stream.at(k0, k1, i).signedTail();
  for (let i = offset; i < offset + n; i++) out[i] = quantile(out[i] as number);
}
