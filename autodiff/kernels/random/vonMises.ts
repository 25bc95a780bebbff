/**
 * Von Mises draws: the rejection of Best and Fisher (1979) from a wrapped Cauchy envelope. With κ the concentration,
 *
 *     r = 1 + √(1 + 4κ²),  ρ = 2κ / (r + √(2r)),  s = (1 + ρ²) / 2ρ,  f = (1 + s z) / (s + z),  z = cos πu,
 *
 * the angle ±acos f is accepted if log c + 1 - c >= log v, where c = κ (s - f), and u and v are uniform. In the formulas of the paper,
 * r - √(2r) loses all digits for small κ, and acos f loses all digits for large κ. Here everything is computed from s - 1 and 1 - f, which
 * are sums of positive terms.
 */
import { atan, cos, log, sin } from "../formulas/scalarFormulas.js";
import type { Stream } from "./stream.js";

/** A draw of VonMises(0, concentration), on [-π, π]; NaN unless 0 <= concentration < Infinity. */
export function vonMisesDraw(stream: Stream, concentration: number): number {
  if (!(concentration >= 0 && concentration < Infinity)) return NaN;
  if (concentration < 1e-16) return Math.PI * (2 * stream.open() - 1);
  const root = concentration < 1e8 ? Math.sqrt(1 + 4 * concentration * concentration) : 2 * concentration;
  const r = 1 + root;
  const denominator = r + Math.sqrt(2 * r);
  const rho = (2 * concentration) / denominator;
  const oneMinusRho = (1 + 1 / (root + 2 * concentration) + Math.sqrt(2 * r)) / denominator;
  const sMinus1 = (oneMinusRho * oneMinusRho) / (2 * rho);
  for (;;) {
    const half = (Math.PI / 2) * stream.uniform();
    const [sine, cosine] = [sin(half), cos(half)];
    const oneMinusF = (sMinus1 * 2 * sine * sine) / (sMinus1 + 2 * cosine * cosine);
    const c = concentration * (sMinus1 + oneMinusF);
    const signed = stream.signedTail();
    if (log(c) + 1 - c < log(2 * Math.abs(signed))) continue;
    return Math.sign(signed) * 2 * atan(Math.sqrt(oneMinusF / (2 - oneMinusF)));
  }
}
