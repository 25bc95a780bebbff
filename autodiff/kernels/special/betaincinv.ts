/**
 * The quantile of Beta(a, b). The density of u = log(x / (1-x)) is log-concave, so log I is concave in u and Newton's method converges from
 * any start, as for gammaincinv. A quantile above the median is 1 minus a quantile of Beta(b, a) below its median.
 */
import { log, log1p, sigmoid } from "../formulas/scalarFormulas.js";
import { logBetainc } from "./betainc.js";
import { ndtri } from "./erf.js";
import { logBeta } from "./gamma.js";
import { digamma } from "./polygamma.js";

const MAX_STEPS = 100;
// exp(-MAX_LOGIT) is the smallest number above 0.
const MAX_LOGIT = 745;
// For a and b below this, the formula for tiny shapes is more accurate than the digits of q allow.
const TINY = 1e-12;

/** The x with I_x(a, b) = q, for a, b >= 0 and 0 <= q <= 1; relative error 1e-14 (1 + |log x| + I / (x density) / 10). */
export function betaincinv(a: number, b: number, q: number): number {
  if (!(a >= 0 && b >= 0 && q >= 0 && q <= 1) || (a === b && (a === 0 || a === Infinity))) return NaN;
  if (q === 0 || q === 1) return q;
  if (Math.min(a, b) === 0 || Math.max(a, b) === Infinity) return a < b ? 0 : 1;
  return sigmoid(q <= 0.5 ? lowerLogit(a, b, q) : -lowerLogit(b, a, 1 - q));
}

/** 1 minus betaincinv, also where betaincinv rounds to 1. */
export const betaincinvRest = (a: number, b: number, q: number): number =>
  q > 0 && q <= 0.5 && Math.min(a, b) > 0 && Math.max(a, b) < Infinity
    ? sigmoid(-lowerLogit(a, b, q))
    : betaincinv(b, a, 1 - q);

/** log(x / (1-x)) at I_x(a, b) = q <= 1/2. */
function lowerLogit(a: number, b: number, q: number): number {
  // For tiny a and b, I = b / (a+b) exp(a u).
  if (Math.max(a, b) < TINY) return log(q * (1 + a / b)) / a;
  // For large a and b, log(x / (1-x)) is nearly normal.
  const normal = digamma(a) - digamma(b) + ndtri(q) * Math.sqrt(1 / a + 1 / b);
  if (Math.min(a, b) > 2 ** 100) return normal;
  // If a is the much larger shape, 1 - x is practically a draw of Gamma(b, 1), divided by a.
  const large = Math.max(Math.min(a, b), 1) * 2 ** 53;
  if (a > large) return lowerLogit(large, b, q) + log(a / large);
  if (b > large) return lowerLogit(a, large, q) - log(b / large);
  // Near 0, I = x^a / (a B); near 1, 1 - I = (1-x)^b / (b B).
  const logB = logBeta(a, b);
  const near = (log(q * a) + logB) / a;
  if (near < -MAX_LOGIT) return near;
  const far = -(log(b) + logB + log1p(-q)) / b;
  if (far > MAX_LOGIT) return far;
  let u = Math.min(a, b) > 1 ? Math.max(near, normal) : Math.min(near, 0);
  // Steps from below never pass the root. Above MAX_LOGIT, where 1 - x underflows, the slope is 0.
  for (let n = 0; n < MAX_STEPS && u < MAX_LOGIT; n++) {
    const [logLower, slope] = logBetainc(a, b, sigmoid(u), sigmoid(-u));
    const step = (logLower - log(q)) / slope;
    u = Math.max(u - step, -MAX_LOGIT);
    if (!(Math.abs(step) > 1e-10 * Math.max(1, Math.abs(u)))) break;
  }
  return u;
}
