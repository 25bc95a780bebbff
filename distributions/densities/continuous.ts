/**
 * Log densities whose textbook formulas lose digits: at concentration 1e8, terms of size 1e9 cancel to a result of size 10. The formulas
 * here are rearranged so that nothing cancels (Loader 2000, "Fast and accurate computation of binomial probabilities"). With
 *
 *     D(k, m) = k log(k/m) + m - k >= 0            the deviance
 *     δ(a)    = lgamma(a) - (a - 1/2) log a + a - log √(2π)     the error of Stirling's formula
 *
 *     a log m - m - lgamma(a + 1) = -D(a, m) - δ(a) - log(2π a) / 2,
 *
 * and the densities below follow. Each is one op, exact at the ends of its support; its derivatives are written in ops.
 */

import {
  add,
  type Binary,
  digamma,
  digammaDifference,
  div,
  less,
  log,
  log1p,
  maximum,
  minimum,
  mul,
  mulZeroWins,
  neg,
  reciprocal,
  square,
  sub,
  sum,
  type Tensor,
  type Ternary,
  trigamma,
  where,
} from "../../autodiff/index.js";
import {
  log1p as log1pOf,
  log as logOf,
  logRatio as logRatioOf,
} from "../../autodiff/kernels/formulas/scalarFormulas.js";
import {
  digammaExcessDifference as digammaExcessDifferenceOf,
  excessOverLog,
  lgamma,
  logBeta,
  productMinus,
  quadratureRule,
  stirlingError as stirlingErrorOf,
} from "../../autodiff/kernels/special/index.js";
import { remembering } from "./remembering.js";
import { binaryBySlopes, ternaryBySlopes } from "./slopes.js";

/** D(k, m) = k log(k/m) + m - k for k, m >= 0, correct to a few units in the last place even where k and m are close. */
export const deviance = (k: number, m: number): number => devianceFrom(k, m, m - k);

/** D(k, m) from the difference m - k, which may have more correct digits than the rounded m. */
export function devianceFrom(k: number, m: number, difference: number): number {
  if (k === 0 || m === Infinity) return m;
  const ratio = m / k;
  // The ratio of two representable numbers may overflow or underflow.
  if (ratio < 1e-300 || ratio > 1e300) return k * (logOf(k) - logOf(m)) + m - k;
  return k * excessOverLog(difference / k, ratio);
}

/** δ(x). */
export const stirlingError = /* @__PURE__ */ remembering(stirlingErrorOf);
/** log(2π x) / 2. */
const halfLogTwoPiTimes = /* @__PURE__ */ remembering((x) => 0.5 * logOf(2 * Math.PI * x));
/** log(x / 2π) / 2. */
export const halfLogOverTwoPi = /* @__PURE__ */ remembering((x) => 0.5 * logOf(x / (2 * Math.PI)));

/** log(m^k exp(-m) / Γ(k + 1)) for k, m >= 0. */
export const logPoisson: Binary = /* @__PURE__ */ binaryBySlopes(
  "logPoisson",
  (k, m) => (k === 0 ? -m : -deviance(k, m) - stirlingError(k) - halfLogTwoPiTimes(k)),
  (k, m) => sub(log(m), digamma(add(k, 1))),
  (k, m) => sub(mulZeroWins(k, reciprocal(m)), 1),
);

/** log(x / s) for x, s > 0, accurate where x and s are close. */
export const logRatio: Binary = /* @__PURE__ */ binaryBySlopes("logRatio", logRatioOf, reciprocal, (_, s) =>
  reciprocal(s).neg(),
);

/** The log density at an end of the support where the density is proportional to distance^(concentration - 1); `atOne` at concentration 1. */
const atEnd = (concentration: number, atOne: number): number =>
  concentration < 1 ? Infinity : concentration > 1 ? -Infinity : atOne;

/** Below this concentration the textbook formula is used. Its terms are small there, while the deviance grows like log x near x = 0. */
const SMALL = 2;

/** a log b + (a - 1) log x - b x - lgamma(a) for a, b > 0 and x >= 0. */
export const logGammaDensity: Ternary = /* @__PURE__ */ ternaryBySlopes(
  "logGammaDensity",
  (a, b, x) => {
    if (x === 0) return atEnd(a, logOf(b));
    if (b * x === Infinity) return -Infinity;
    // The product may underflow.
    if (a < SMALL || b * x < 1e-290) return logOf(b) + (a - 1) * (logOf(b) + logOf(x)) - b * x - lgamma(a);
    return halfLogOverTwoPi(a) - logOf(x) - devianceFrom(a, b * x, productMinus(b, x, a)) - stirlingError(a);
  },
  (a, b, x) => sub(log(mul(b, x)), digamma(a)),
  (a, b, x) => sub(mul(a, reciprocal(b)), x),
  (a, b, x) => sub(mulZeroWins(sub(a, 1), reciprocal(x)), b),
);

/** a log x + b log y - log B(a, b) where x + y = 1 and (a + b) x = a + excess. */
export function logPowersOverBeta(a: number, b: number, x: number, y: number, excess: number): number {
  const n = a + b;
  const deviances = devianceFrom(a, n * x, excess) + devianceFrom(b, n * y, -excess);
  const stirling = stirlingError(a) + stirlingError(b) - stirlingError(n);
  return 0.5 * logOf((a / n) * (b / (2 * Math.PI))) - deviances - stirling;
}

/** (a - 1) log x + (b - 1) log(1 - x) - log B(a, b) for a, b > 0 and 0 <= x <= 1. */
export const logBetaDensity: Ternary = /* @__PURE__ */ ternaryBySlopes(
  "logBetaDensity",
  (a, b, x) => {
    if (x === 0) return atEnd(a, logOf(b));
    if (x === 1) return atEnd(b, logOf(a));
    if ((x < 0.5 ? a : b) < SMALL) return (a - 1) * logOf(x) + (b - 1) * log1pOf(-x) - logBeta(a, b);
    return logPowersOverBeta(a, b, x, 1 - x, productMinus(a + b, x, a)) - logOf(x) - log1pOf(-x);
  },
  (a, b, x) => add(log(x), digammaDifference(a, b)),
  (a, b, x) => add(log1p(x.neg()), digammaDifference(b, a)),
  (a, b, x) => betaSlope(a, b, x),
);
/** (a - 1) / x - (b - 1) / (1 - x), the derivative of logBetaDensity with respect to x. A term whose numerator is 0 is 0. */
const betaSlope: Ternary = /* @__PURE__ */ ternaryBySlopes(
  "betaSlope",
  (a, b, x) => (a === 1 ? 0 : (a - 1) * (1 / x)) - (b === 1 ? 0 : (b - 1) * (1 / (1 - x))),
  (_a, _b, x) => reciprocal(x),
  (_a, _b, x) => neg(reciprocal(sub(1, x))),
  (a, b, x) => {
    const atOne = mulZeroWins(sub(b, 1), square(reciprocal(sub(1, x))));
    return neg(add(mulZeroWins(sub(a, 1), square(reciprocal(x))), atOne));
  },
);

/**
 * log density of the ratio of two Chi2 variables with 2a and 2b degrees of freedom, each divided by its degrees of freedom. With n = a + b,
 * y = a x / (a x + b) is Beta(a, b), and n y - a = a b (x - 1) / (a x + b) is known without rounding where x is near 1.
 */
export const logRatioDensity: Ternary = /* @__PURE__ */ ternaryBySlopes(
  "logRatioDensity",
  (a, b, x) => ratioDensity(a, b, x),
  // With 1 + μ = y n/a and 1 + ν = (1 - y) n/b, the derivatives with respect to a and b are -(μ - log(1 + μ)) and -(ν - log(1 + ν)), each plus
  // a difference of two terms ψ(t) - log t.
  (a, b, x) => {
    const odds = oddsOf(a, b, x);
    const n = add(a, b);
    const share = where(
      less(odds, 1),
      div(mul(x, div(n, b)), add(odds, 1)),
      div(div(n, a), add(reciprocal(maximum(odds, 1)), 1)),
    );
    const mu = div(sub(x, 1), add(odds, 1));
    return sub(digammaExcessDifference(a, b), logExcess(mu, share));
  },
  (a, b, x) => {
    const odds = oddsOf(a, b, x);
    const nu = div(mul(div(a, b), sub(1, x)), add(odds, 1));
    return sub(digammaExcessDifference(b, a), logExcess(nu, div(div(add(a, b), b), add(odds, 1))));
  },
  (a, b, x) => neg(div(add(mul(a, div(sub(x, 1), add(oddsOf(a, b, x), 1))), 1), x)),
);
/** μ - log(1 + μ). */
const logExcess: Binary = /* @__PURE__ */ binaryBySlopes(
  "excessOverLog",
  excessOverLog,
  (mu, onePlusMu) => div(mu, onePlusMu),
  () => 0,
);
const digammaExcessDifference: Binary = /* @__PURE__ */ binaryBySlopes(
  "digammaExcessDifference",
  digammaExcessDifferenceOf,
  (a, b) => {
    const n = add(a, b);
    return sub(sub(trigamma(n), reciprocal(n)), sub(trigamma(a), reciprocal(a)));
  },
  (a, b) => sub(trigamma(add(a, b)), reciprocal(add(a, b))),
);
function ratioDensity(a: number, b: number, x: number): number {
  const odds = Math.min(x * (a / b), Number.MAX_VALUE);
  // The ratio of two representable numbers may overflow or underflow.
  if (a < SMALL && odds < 1e-300) return a * (logOf(a) - logOf(b)) + (a - 1) * logOf(x) - logBeta(a, b);
  // 1 / x has the same distribution with a and b exchanged.
  if (odds > 1e200) return ratioDensity(b, a, 1 / x) - 2 * logOf(x);
  const n = a + b;
  if (a < SMALL && odds < 1) return a * logOf(a / b) + (a - 1) * logOf(x) - n * log1pOf(odds) - logBeta(a, b);
  const excess = (a * (x - 1)) / (1 + odds);
  const y = odds < 1 ? odds / (1 + odds) : 1 / (1 + 1 / odds);
  return logPowersOverBeta(a, b, y, 1 / (1 + odds), excess) - logOf(x);
}
const oddsOf = (a: Tensor, b: Tensor, x: Tensor): Tensor => minimum(mul(x, div(a, b)), Number.MAX_VALUE);

/**
 * K(2r) - 2 K(r) for K(0) = 0, where `curvature` is K''. For small r, the difference is computed as r² ∫_0^2 (1 - |1 - s|) K''(r s) ds, in
 * which nothing cancels.
 */
export function secondDifference(r: Tensor, k: (t: Tensor) => Tensor, curvature: (t: Tensor) => Tensor): Tensor {
  const [nodes, weights] = quadratureRule(2);
  const tent = weights.map((w, i) => 2 * w * (1 - Math.abs(1 - 2 * (nodes[i] as number))));
  const near = minimum(r, 4).expandDims(-1);
  const integral = sum(curvature(near.mul(nodes).mul(2)).mul(tent), -1).mul(square(minimum(r, 4)));
  return where(less(r, 4), integral, k(r.mul(2)).sub(k(r).mul(2)));
}
