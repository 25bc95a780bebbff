/**
 * The regularised incomplete gamma functions P(a, x) = 1 - Q(a, x) and, for implicit reparameterisation (Figurnov et al. 2018), the
 * derivative of the quantile x with respect to the shape a. With the density p(t) = t^(a-1) exp(-t) / Γ(a), for which E log t = ψ(a),
 *
 *     dx/da = -(dP/da) / p(x) = ∫_0^x p(t)/p(x) (ψ(a) - log t) dt = ∫_x^∞ p(t)/p(x) (log t - ψ(a)) dt.
 *
 * In each region below, the integral whose integrand does not change sign is used, so that nothing cancels:
 *
 * - x <= max(a, 3/2): the series P / p = Σ t_n, t_n = x^(n+1) / (a (a+1) … (a+n)), whose terms times ψ(a+n+1) - log x are
 *   the terms of dx/da (DLMF 8.11.4);
 * - larger x: the continued fraction of Q (DLMF 8.9.2) and its derivative, by Steed's algorithm;
 * - a >= 12 and x about a: Temme's uniform expansion (Gil, Segura & Temme 2012). Let λ = x/a, ½η² = λ - 1 - log λ and
 *   f(η) = η/(λ-1) = Σ f_m η^m. For h(η) = Σ h_m η^m, integration by parts gives
 *   ∫_η^∞ exp(-½aζ²) h(ζ) dζ = exp(-½aη²) b(η)/a + B ∫_η^∞ exp(-½aζ²) dζ with b(η) = Σ b_m η^m,
 *   b_(m-1) = h_m + (m+1) b_(m+1)/a and B = h_0 + b_1/a. The last integral is an erfc. For P and Q, h = f.
 *   For dx/da, h = f (log t - ψ(a)) = η - ½η² f + (log a - ψ(a)) f, and B = 0.
 */
import { exp, expm1, log, pow } from "../formulas/scalarFormulas.js";
import { excessOverLog } from "./cancellation.js";
import { erfcx } from "./erf.js";
import { lgamma, lgamma1p, stirlingError } from "./gamma.js";
import { digamma, logMinusDigamma } from "./polygamma.js";

const MAX_TERMS = 2000;
const EPSILON = 2 ** -53;
const LARGE_SHAPE = 12;
// For a below this, the distribution is practically a point mass at 0: P(a, x) rounds to 1 for every x. And x / a may overflow.
const ONE_POINT = 2 ** -1000;
// f_m; the series converges for |η| < 2√π and is used for |η| < 1.
const UNIFORM = [
  1, -0.3333333333333333, 0.08333333333333333, -0.014814814814814815, 0.0011574074074074073, 0.0003527336860670194,
  -0.0001787551440329218, 3.919263178522438e-5, -2.185448510679992e-6, -1.85406221071516e-6, 8.296711340953087e-7,
  -1.7665952736826078e-7, 6.707853543401498e-9, 1.0261809784240309e-8, -4.382036018453353e-9, 9.14769958223679e-10,
  -2.5514193994946248e-11, -5.830772132550426e-11, 2.4361948020667415e-11, -5.0276692801141755e-12,
  1.1004392031956135e-13, 3.371763262400985e-13, -1.392388722418162e-13, 2.8534893807047445e-14, -5.139111834242572e-16,
  -1.9752288294349442e-15, 8.099521156704561e-16, -1.6522531216398162e-16, 2.5305430097478883e-18,
  1.1686939738559576e-17,
];

const inUniformRegion = (a: number, x: number): boolean => a >= LARGE_SHAPE && x > 0.31 * a && x < 2.35 * a;

/**
 * y = x^a exp(-x) / Γ(a) / divisor, relative error 1e-15 (1 + |log y| / 10). It is computed as a product of roots, so that no factor
 * underflows before the product does.
 */
function gammaMass(a: number, x: number, divisor: number): number {
  if (a < LARGE_SHAPE) {
    // The result underflows, but the power alone would overflow.
    if (x > 1000) return 0;
    const scale = a < 2 ? a * exp(-lgamma1p(a)) : exp(-lgamma(a));
    const half = exp(-0.5 * x) * pow(x, 0.5 * a);
    return half * (half / divisor) * scale;
  }
  const mu = (x - a) / a;
  const exponent = a * excessOverLog(mu, x / a);
  if (exponent > 750) return 0;
  const scale = (Math.sqrt(a / (2 * Math.PI)) * exp(-stirlingError(a))) / divisor;
  if (Math.abs(mu) < 0.5) return scale * exp(-exponent);
  // The factors are combined as eighth roots, since exp(a - x) alone may be as small as exp(-4000), which underflows.
  const eighth = exp(0.125 * (a - x)) * pow(x / a, 0.125 * a);
  const quarter = eighth * eighth;
  const half = quarter * quarter;
  return scale * half * half;
}

/** p(x) = x^(a-1) exp(-x) / Γ(a), the density of Gamma(a, 1), for a > 0 and x >= 0. */
export function gammaDensity(a: number, x: number): number {
  return x === 0 ? pow(0, a - 1) : gammaMass(a, x, x);
}

/** Σ t_n = P / p. */
function lowerSeries(a: number, x: number): number {
  let term = x / a;
  let sum = term;
  for (let n = 1; n < MAX_TERMS && term > EPSILON * sum; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return sum;
}

/** Σ t_n (ψ(a+n+1) - log x) = dx/da. */
function lowerSeriesGrad(a: number, x: number): number {
  let term = x / a;
  let excess = digamma(a + 1) - log(x);
  let sum = term * excess;
  for (let n = 1; n < MAX_TERMS; n++) {
    term *= x / (a + n);
    excess += 1 / (a + n);
    sum += term * excess;
    if (Math.abs(term * excess) <= EPSILON * Math.abs(sum)) break;
  }
  return sum;
}

/** [h, dh/da] for h = Q / (x p). */
function upperFraction(a: number, x: number): [number, number] {
  let b = x + 1 - a;
  let inverse = 1 / b;
  let inverseSlope = inverse * inverse;
  let step = inverse;
  let stepSlope = inverseSlope;
  let sum = step;
  let slope = stepSlope;
  for (let n = 1; n < MAX_TERMS; n++) {
    b += 2;
    const c = n * (a - n);
    // inverse' = 1 / (b + c inverse) and step' = -c inverse inverse' step, with d b/da = -1 and d c/da = n.
    const next = 1 / (b + c * inverse);
    const nextSlope = next * next * (1 - n * inverse - c * inverseSlope);
    const factor = -c * inverse * next;
    const factorSlope = -n * inverse * next - c * (inverseSlope * next + inverse * nextSlope);
    stepSlope = factor * stepSlope + factorSlope * step;
    step *= factor;
    inverse = next;
    inverseSlope = nextSlope;
    sum += step;
    slope += stepSlope;
    if (Math.abs(step) <= EPSILON * sum && Math.abs(stepSlope) <= EPSILON * Math.abs(slope)) break;
  }
  return [sum, slope];
}

/** P(a, x) for x < a, Q(a, x) for x >= a, by the uniform expansion. */
function uniformTail(a: number, x: number): number {
  const half = excessOverLog((x - a) / a, x / a);
  const eta = Math.sign(x - a) * Math.sqrt(2 * half);
  let sum = 0;
  let b = 0;
  let above = 0;
  for (let m = UNIFORM.length - 1; m > 0; m--) {
    const below = (UNIFORM[m] as number) + ((m + 1) * above) / a;
    above = b;
    b = below;
    sum = sum * eta + b;
  }
  const total = 1 + above / a;
  const correction = sum / (Math.sqrt(2 * Math.PI * a) * total);
  return exp(-a * half) * (0.5 * erfcx(Math.abs(eta) * Math.sqrt(0.5 * a)) + (x < a ? -correction : correction));
}

/** dx/da by the uniform expansion. */
function uniformGrad(a: number, x: number): number {
  const eta = Math.sign(x - a) * Math.sqrt(2 * excessOverLog((x - a) / a, x / a));
  const offset = logMinusDigamma(a);
  let sum = 0;
  let b = 0;
  let above = 0;
  for (let m = UNIFORM.length - 1; m > 0; m--) {
    const source = m === 1 ? 1 : -0.5 * (UNIFORM[m - 2] as number);
    const below = source + offset * (UNIFORM[m] as number) + ((m + 1) * above) / a;
    above = b;
    b = below;
    sum = sum * eta + b;
  }
  return (x / a) * sum;
}

/** P(a, x) if a or x is 0 or Infinity, else null. Gamma(0) is a point mass at 0, and Gamma(Infinity) a point mass at Infinity. */
function limitOf(a: number, x: number): number | null {
  if (!(a >= 0 && x >= 0) || (a === x && (a === 0 || a === Infinity))) return NaN;
  if (a === 0 || x === Infinity) return 1;
  return a === Infinity || x === 0 ? 0 : null;
}

/** P(a, x) for a, x >= 0; relative error 1e-14, growing to 1e-13 where P is near 1e-300. */
export function gammainc(a: number, x: number): number {
  const limit = limitOf(a, x);
  if (limit !== null) return limit;
  if (a < ONE_POINT) return 1;
  if (inUniformRegion(a, x)) return x < a ? uniformTail(a, x) : 1 - uniformTail(a, x);
  if (x > Math.max(a, 1.5)) return 1 - gammaMass(a, x, 1) * upperFraction(a, x)[0];
  return Math.min(1, gammaMass(a, x, 1) * (lowerSeries(a, x) / x));
}

/** Q(a, x) = 1 - P(a, x) for a, x >= 0, with the same relative error as gammainc. */
export function gammaincc(a: number, x: number): number {
  const limit = limitOf(a, x);
  if (limit !== null) return 1 - limit;
  if (inUniformRegion(a, x)) return x < a ? 1 - uniformTail(a, x) : uniformTail(a, x);
  if (x > Math.max(a, 1.5)) return gammaMass(a, x, 1) * upperFraction(a, x)[0];
  const lower = a < ONE_POINT ? 1 : gammaMass(a, x, 1) * (lowerSeries(a, x) / x);
  return lower < 0.9 ? 1 - lower : smallUpper(a, x);
}

/** Q = 1 - x^a / Γ(1+a) (1 + a Σ (-x)^n / ((a+n) n!)), for small a and x <= 3/2, arranged so that the leading 1 cancels exactly. */
function smallUpper(a: number, x: number): number {
  const logPower = a * log(x) - lgamma1p(a);
  let sum = 0;
  let term = 1;
  for (let n = 1; n < 30; n++) {
    term *= -x / n;
    sum += term / (a + n);
  }
  return -expm1(logPower) - exp(logPower) * a * sum;
}

/** dx/da at fixed P(a, x), the implicit-reparameterisation gradient of Gamma(a, 1); relative error 1e-13. 0 at x = 0 and x = Infinity. */
export function gammaImplicitGrad(a: number, x: number): number {
  if (!(a > 0 && x >= 0)) return NaN;
  if (x === 0 || x === Infinity) return 0;
  if (inUniformRegion(a, x)) return uniformGrad(a, x);
  if (x <= Math.max(a, 1.5)) return lowerSeriesGrad(a, x);
  const [h, slope] = upperFraction(a, x);
  return x * (h * (log(x) - digamma(a)) + slope);
}
