/**
 * The quantile of Gamma(a, 1). As functions of u = log x, log P and log Q are concave, because the density of log t is log-concave. So
 * Newton's method on the smaller of P and Q converges from any start: after one step, all iterates are on one side of the root and approach
 * it monotonically.
 */
import { exp, log, log1p } from "../formulas/scalarFormulas.js";
import { ndtri } from "./erf.js";
import { lgamma, lgamma1p } from "./gamma.js";
import { gammaDensity, gammainc, gammaincc } from "./gammainc.js";

const MAX_STEPS = 60;
const LARGEST_STEP = 5;

/** The x >= 0 with P(a, x) = q, for a >= 0 and 0 <= q <= 1; relative error 1e-14 (1 + q / (x p(x)) / 10). */
export const gammaincinv = (a: number, q: number): number => quantile(a, q, 1 - q);
/** The x >= 0 with Q(a, x) = q, with the same error. */
export const gammainccinv = (a: number, q: number): number => quantile(a, 1 - q, q);

/** The x with P(a, x) = p and Q(a, x) = q, of which the smaller is not rounded. */
function quantile(a: number, p: number, q: number): number {
  if (!(a >= 0 && p >= 0 && q >= 0)) return NaN;
  if (p === 0 || q === 0) return p === 0 ? 0 : Infinity;
  if (a === 0 || a === Infinity) return a;
  let x = startingPoint(a, p, q);
  if (x === 0) return 0;
  const [tail, target, sign] = p <= 0.5 ? [gammainc, p, 1] : [gammaincc, q, -1];
  let least = 0;
  for (let n = 0; n < MAX_STEPS; n++) {
    const [value, density] = [tail(a, x), gammaDensity(a, x)];
    // Far to the right of the root, Q underflows to 0.
    if (sign < 0 && (value === 0 || density === 0)) {
      x = (least + x) / 2;
      continue;
    }
    least = x;
    const step = (sign * log(value / target) * value) / (x * density);
    x *= exp(-Math.max(-LARGEST_STEP, Math.min(LARGEST_STEP, step)));
    if (!(Math.abs(step) > 1e-10)) break;
  }
  return x;
}

/** Near 0, from P = x^a / Γ(a+1); elsewhere, from the normal approximation to the cube root of x (Wilson & Hilferty 1931). */
function startingPoint(a: number, p: number, q: number): number {
  const near = exp((log(p) + (a < 2 ? lgamma1p(a) : lgamma(a + 1))) / a);
  if (near < 0.2 * (a + 1) || a < 0.1) return Math.min(near, 1 - (p < 1 ? log1p(-p) : log(q)));
  const root = 1 - 1 / (9 * a) + (p < 1 ? ndtri(p) : -ndtri(q)) / (3 * Math.sqrt(a));
  return root > 0.2 ? a * root * root * root : near;
}
