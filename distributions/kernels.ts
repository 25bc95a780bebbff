/**
 * Log densities whose textbook formulas lose their digits: at concentration 1e8 terms of size 1e9 cancel to a result of size 10.
 * Here the cancelling parts are gone by algebra (Loader 2000, "Fast and accurate computation of binomial probabilities"). With
 *
 *     D(k, m) = k log(k/m) + m - k >= 0            the deviance
 *     δ(a)    = lgamma(a) - (a - 1/2) log a + a - log √(2π)     the error of Stirling's formula
 *
 *     a log m - m - lgamma(a + 1) = -D(a, m) - δ(a) - log(2π a) / 2,
 *
 * and the densities below follow. Each is one op, exact at the ends of its support, with gradients in ops.
 */

import {
  add,
  type Binary,
  binary,
  digamma,
  gate,
  log,
  log1p,
  mul,
  reciprocal,
  sub,
  type Ternary,
  ternary,
} from "../autodiff/index.js";
import { logGammaCorrection } from "../autodiff/special/index.js";

/** D(k, m) = k log(k/m) + m - k for k, m >= 0, to a few units in the last place also where k and m are close. */
export function deviance(k: number, m: number): number {
  if (k === 0 || m === 0) return k === m ? 0 : m === 0 ? Infinity : m;
  const v = (k - m) / (k + m);
  if (Math.abs(v) > 0.1) return k * (Math.log(k) - Math.log(m)) + m - k;
  // k log(k/m) = 2k atanh(v) = 2k (v + v³/3 + …), and 2kv + m - k = (k - m) v.
  let sum = (k - m) * v;
  for (let j = 3, power = 2 * k * v * v * v; ; j += 2, power *= v * v) {
    const next = sum + power / j;
    if (next === sum) return sum;
    sum = next;
  }
}

/** log of m^k exp(-m) / Γ(k + 1) for k, m >= 0. */
export const logPoisson: Binary = binary(
  "logPoisson",
  (k, m) => (k === 0 ? -m : -deviance(k, m) - logGammaCorrection(k) - 0.5 * Math.log(2 * Math.PI * k)),
  [(g, _, k, m) => gate(g, sub(log(m), digamma(add(k, 1)))), (g, _, k, m) => gate(g, sub(gate(k, reciprocal(m)), 1))],
);

const atEnd = (concentration: number, atOne: number): number =>
  concentration < 1 ? Infinity : concentration > 1 ? -Infinity : atOne;

/** a log b + (a - 1) log x - b x - lgamma(a) for a, b > 0 and x >= 0. */
export const logGammaDensity: Ternary = ternary(
  "logGammaDensity",
  (a, b, x) => {
    if (x === 0) return atEnd(a, Math.log(b));
    return 0.5 * Math.log(a / (2 * Math.PI)) - Math.log(x) - deviance(a, b * x) - logGammaCorrection(a);
  },
  [
    (g, _, a, b, x) => gate(g, sub(log(mul(b, x)), digamma(a))),
    (g, _, a, b, x) => gate(g, sub(mul(a, reciprocal(b)), x)),
    (g, _, a, b, x) => gate(g, sub(gate(sub(a, 1), reciprocal(x)), b)),
  ],
);

/** (a - 1) log x + (b - 1) log(1 - x) - log B(a, b) for a, b > 0 and 0 <= x <= 1. */
export const logBetaDensity: Ternary = ternary(
  "logBetaDensity",
  (a, b, x) => {
    if (x === 0) return atEnd(a, Math.log(b));
    if (x === 1) return atEnd(b, Math.log(a));
    const n = a + b;
    const y = 1 - x;
    const stirling = logGammaCorrection(a) + logGammaCorrection(b) - logGammaCorrection(n);
    const scale = 0.5 * Math.log((a / n) * (b / (2 * Math.PI)));
    return scale - Math.log(x) - Math.log1p(-x) - deviance(a, n * x) - deviance(b, n * y) - stirling;
  },
  [
    (g, _, a, b, x) => gate(g, add(log(x), sub(digamma(add(a, b)), digamma(a)))),
    (g, _, a, b, x) => gate(g, add(log1p(x.neg()), sub(digamma(add(a, b)), digamma(b)))),
    (g, _, a, b, x) => gate(g, sub(gate(sub(a, 1), reciprocal(x)), gate(sub(b, 1), reciprocal(sub(1, x))))),
  ],
);
