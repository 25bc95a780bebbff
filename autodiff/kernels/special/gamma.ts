/**
 * log Γ and functions built from it: the error δ of Stirling's formula, log B and log Γ_d. δ is defined by
 *
 *     log Γ(x) = (x - 1/2) log x - x + log √(2π) + δ(x).
 *
 * Differences of log Γ at large arguments are written in terms of δ, and the parts that cancel are removed by algebra (Loader 2000; the
 * arrangement for log B is due to Didonato & Morris 1992, as in R).
 */
import { log, log1p, sin } from "../formulas/scalarFormulas.js";
import { horner, ratio } from "./polynomial.js";

const HALF_LOG_2PI = 0.9189385332046728;

// log Γ(1+t) / (t (t-1)) for 0 <= t <= 2, error 4e-16.
const NEAR_P = [
  0.5772156649015329, 1.795879018997928, 2.1865334418937055, 1.3226883681228077, 0.4175253681048576,
  0.06620652414372981, 0.004630212547046027, 0.00010318936786846241, 1.54621296801624e-7,
];
const NEAR_Q = [
  1, 3.5361659629745215, 5.021257900661251, 3.6722217552107503, 1.4771004522959044, 0.3239769173460576,
  0.03613884447121401, 0.0017463681006452904, 2.4701852219090835e-5,
];
// x δ(x) as a function of 1/x for 1 <= x <= 8, error 5e-16.
const STIRLING_P = [
  0.0833333333331749, 0.5136881383459034, 1.602421590049889, 2.869069916631496, 3.1064812874425507, 1.9273174020990806,
  0.5946160593349424, 0.05189668403415, 0.00032125991202706147,
];
const STIRLING_Q = [
  1, 6.164257660078807, 19.26239241477056, 34.63431426065264, 37.91033107417962, 24.22358372104873, 8.222712775183421,
  1.1447397154339722, 0.042543372141059375,
];
// x δ(x) as a function of 1/x² for x >= 8, error 2e-16.
const STIRLING_TAIL = [
  0.08333333333333333, -0.0027777777777776747, 0.0007936507935117282, -0.0005952380234291254, 0.0008417325268022405,
  -0.001914965912162907, 0.0062081367662297935, -0.020855820837463117,
];

// (log Γ(1+t) + γ t) / t² for -1/2 <= t <= 2, error 3e-15.
const HIGHER_P = [
  0.8224670334241132, 3.115337828912637, 4.807691589193604, 3.890975696242377, 1.7715212712110573, 0.45246359734037567,
  0.061007881482814504, 0.0037654742405161213, 7.605995502445845e-5, 9.863921033693833e-8,
];
const HIGHER_Q = [
  1, 4.2749719081884425, 7.599125992640261, 7.278706948980645, 4.071685575063569, 1.3491091058284028,
  0.25675003280576697, 0.025882514433742315, 0.0011696491958544846, 1.5938733207588382e-5,
];

/** log Γ(1+t) for 0 <= t <= 2, with an error of a few ulp even near its zeros t = 0 and t = 1. */
export function lgamma1p(t: number): number {
  return t * (t - 1) * ratio(NEAR_P, NEAR_Q, t);
}

/**
 * log |Γ(x)|; Infinity at 0, -1, -2, …. The method is a rational function about the zeros 1 and 2 for 0 < x <= 3, Stirling's formula for
 * x > 3, and the reflection Γ(x) Γ(-x) = -π / (x sin πx) for x < 0. Error 4 ulp for x > 0. For x < 0 the absolute error is 4e-16 times the
 * size of the two terms that are subtracted.
 */
export function lgamma(x: number): number {
  if (x > 3) return (x - 0.5) * (log(x) - 1) + (HALF_LOG_2PI - 0.5 + stirlingError(x));
  if (x >= 1) return lgamma1p(x - 1);
  if (x > 0) return lgamma1p(x) - log(x);
  if (!(Math.floor(x) < x)) return Number.isNaN(x) ? NaN : Infinity;
  // This close to 0, log Γ(-x) and log |Γ(x)| differ only by 2γx, and x sin πx might underflow.
  if (x > -1e-17) return lgamma(-x);
  const sine = Math.abs(sin(Math.PI * (x - Math.round(x))));
  return log(Math.PI / (sine * -x)) - lgamma(-x);
}

/**
 * δ(x) = log Γ(x) - (x - 1/2) log x + x - log √(2π) for x > 0, relative error 1e-15 (2e-15 below 1). δ(x) is about 1/(12x). Densities and
 * probabilities of large counts use δ, because differences of lgamma would lose digits.
 */
export function stirlingError(x: number): number {
  if (x >= 8) return horner(STIRLING_TAIL, 1 / (x * x)) / x;
  if (x >= 1) return ratio(STIRLING_P, STIRLING_Q, 1 / x) / x;
  return lgamma1p(x) - (x + 0.5) * log(x) + (x - HALF_LOG_2PI);
}

/** log Γ(1+t) without its first-order part, -γ t, for -1/2 <= t <= 2. */
const higherOrders = (t: number): number => t * t * ratio(HIGHER_P, HIGHER_Q, t);

/** log B(1+x, 1+y) for x, y near 0, where B may be almost 1. The first-order parts, which cancel, are left out. */
function logBetaNear1(x: number, y: number): number {
  const u = x + y;
  const shift = u - x;
  const lost = x - (u - shift) + (y - shift);
  return higherOrders(x) + higherOrders(y) - higherOrders(u) - log1p(u) - lost / (1 + u);
}

/** log B(a, b) = log Γ(a) + log Γ(b) - log Γ(a+b) for a, b > 0: relative error 1e-14, 1e-12 where B is almost 1. */
export function logBeta(a: number, b: number): number {
  if (a > b) return logBeta(b, a);
  const s = a + b;
  if (a >= 0.5 && b <= 3 && s >= 1.5 && s <= 4) return logBetaNear1(a - 1, b - 1);
  if (b < 8) return lgamma(a) + lgamma(b) - lgamma(s);
  const correction = stirlingError(b) - stirlingError(s);
  if (a < 8) return lgamma(a) + correction + a - a * log(s) + (b - 0.5) * log1p(-a / s);
  const scale = HALF_LOG_2PI - 0.5 * log(b) + stirlingError(a) + correction;
  return scale + (a - 0.5) * log(a / s) + b * log1p(-a / s);
}

/** log Γ_d(a) = d(d-1)/4 log π + Σ_{j<d} log Γ(a - j/2), d a whole number, a > (d-1)/2. */
export function multigammaln(a: number, d: number): number {
  let sum = ((d * (d - 1)) / 4) * log(Math.PI);
  for (let j = 0; j < d; j++) sum += lgamma(a - j / 2);
  return sum;
}
