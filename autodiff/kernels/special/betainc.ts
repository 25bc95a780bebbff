/**
 * The regularised incomplete beta function I_x(a, b), its derivatives with respect to all three arguments and, for implicit
 * reparameterisation (Figurnov et al. 2018), the derivatives of the quantile x with respect to a and b. All use
 *
 *     I = M F / a,   M = x^a y^b / B(a, b),   y = 1 - x,
 *
 * where F is the even part of the continued fraction DLMF 8.17.22 (Didonato & Morris 1992, BFRAC). Steed's algorithm computes it together
 * with its derivatives with respect to a and b (Boik & Robison-Cox 1998). The fraction is used for x <= (a+1)/(a+b+2); for larger x,
 * I_x(a, b) = 1 - I_y(b, a). It needs about a dozen steps for a, b < 30, and 0.6 √min(a, b) steps for larger a and b. As the density is
 * M/(xy) and d log M/da = log x - ψ(a) + ψ(a+b), M drops out:
 *
 *     dx/da = -(dI/da) / (M/(xy)) = -xy/a (F (log x + ψ(a+b) - ψ(a+1)) + dF/da).
 *
 * For a, b from 1e-3 to 1e6 and tails down to 1e-300, the largest relative error measured was 2e-11, the median 3e-16. If both shapes are
 * larger than 1e8, betaLarge.ts is used.
 */
import { exp, log, log1p, pow } from "../formulas/scalarFormulas.js";
import { exponentOf, farTail, isVeryLarge, largeImplicitGrad, shiftOf } from "./betaLarge.js";
import { logBeta, stirlingError } from "./gamma.js";
import { gammainc, gammaincc } from "./gammainc.js";
import { digammaDifference } from "./polygamma.js";

const MAX_TERMS = 20000;
const EPSILON = 2 ** -53;
const LARGE_SHAPE = 40;
// For a and b below this, the distribution is practically two point masses, at 0 and 1.
const TWO_POINTS = 2 ** -1000;
// If a or b is larger than this, both are scaled down.
const TOO_LARGE = 2 ** 990;
// If one shape is above INFINITE and the other below SMALL, the distribution is practically a gamma distribution.
const INFINITE = 1e100;
const SMALL = 1e8;

/** log x for y = 1 - x, computed from the smaller of x and y, which has more digits. */
const logOf = (x: number, y: number): number => (x < 0.5 ? log(x) : log1p(-y));

/**
 * log M. If a or b is large, it is computed in Loader's form (2000): with s = a + b, the first-order parts of a log(s x / a) and
 * b log(s y / b) cancel by algebra, and Stirling's errors replace log B.
 */
function logMass(a: number, b: number, x: number, y: number): number {
  if (Math.max(a, b) < LARGE_SHAPE) return a * logOf(x, y) + b * logOf(y, x) - logBeta(a, b);
  const s = a + b;
  const correction = stirlingError(s) - stirlingError(a) - stirlingError(b);
  return 0.5 * log(((a / s) * b) / (2 * Math.PI)) + correction - exponentOf(a, b, x, y);
}

/** [F, dF/da, dF/db]. Each step is `factor` times the step before. The letters A and B mark derivatives with respect to a and b. */
function betaFraction(a: number, b: number, x: number, y: number): [number, number, number] {
  const excess = a * y - b * x + 1;
  let v = a + 1;
  let fraction = excess / v;
  let inverse = 1 / fraction;
  let inverseA = -inverse * inverse * ((y - fraction) / v);
  let inverseB = inverse * inverse * (x / v);
  let step = inverse;
  let stepA = inverseA;
  let stepB = inverseB;
  let sum = step;
  let sumA = stepA;
  let sumB = stepB;
  for (let m = 1; m < MAX_TERMS; m++) {
    const u = v;
    v += 2;
    const xu = x / u;
    const first = m * (b - m) * xu;
    const w = excess + m * (2 - x);
    const second = ((a + m) * w) / v;
    fraction = m + first + second;
    const fractionA = (w + (a + m) * y - second) / v - first / u;
    const fractionB = m * xu - ((a + m) * x) / v;
    // The factor `a` of the first numerator is taken out of the fraction, so this numerator is 1 instead of `a`.
    const p = m === 1 ? 1 : a + m - 1;
    const pSlope = m === 1 ? 0 : 1;
    const q = a + m - 1 + b;
    const c = first * xu;
    const numerator = p * q * c;
    const numeratorA = c * (p + pSlope * q - (2 * p * q) / u);
    const numeratorB = p * (c + q * m * xu * xu);
    const next = 1 / (fraction + numerator * inverse);
    const nextA = -next * next * (fractionA + numeratorA * inverse + numerator * inverseA);
    const nextB = -next * next * (fractionB + numeratorB * inverse + numerator * inverseB);
    const factor = -numerator * inverse * next;
    const factorA = -numeratorA * inverse * next - numerator * (inverseA * next + inverse * nextA);
    const factorB = -numeratorB * inverse * next - numerator * (inverseB * next + inverse * nextB);
    stepA = factor * stepA + factorA * step;
    stepB = factor * stepB + factorB * step;
    step *= factor;
    inverse = next;
    inverseA = nextA;
    inverseB = nextB;
    sum += step;
    sumA += stepA;
    sumB += stepB;
    if (
      Math.abs(step) <= EPSILON * sum &&
      Math.abs(stepA) <= EPSILON * Math.abs(sumA) &&
      Math.abs(stepB) <= EPSILON * Math.abs(sumB)
    )
      break;
  }
  return [sum, sumA, sumB];
}

/** Whether the fraction is used for I_x(a, b) itself and not for 1 - I: x <= (a+1)/(a+b+2), which is near the mean. */
function isLower(a: number, b: number, x: number, y: number): boolean {
  if (isVeryLarge(a, b)) return shiftOf(a, b, x, y) <= 0;
  return x < 0.5 ? x * (a + b + 2) <= a + 1 : y * (a + b + 2) >= b + 1;
}

const inDomain = (a: number, b: number, x: number): boolean => a > 0 && b > 0 && x >= 0 && x <= 1;

/** log I and dlog I / d log(x/y) for y = 1 - x and 0 < x < 1, which Newton's method for the quantile needs. */
export function logBetainc(a: number, b: number, x: number, y: number): [number, number] {
  const logM = logMass(a, b, x, y);
  const lower = isLower(a, b, x, y);
  const logPart = logSmallerPart(a, b, x, y, lower, logM);
  if (lower) return [logPart, exp(logM - logPart)];
  const upper = Math.min(exp(logPart), 1 - EPSILON);
  return [log1p(-upper), exp(logM) / (1 - upper)];
}

/** log I_x(a, b) if `lower`, else log(1 - I); `logM` is log M. */
function logSmallerPart(a: number, b: number, x: number, y: number, lower: boolean, logM: number): number {
  if (isVeryLarge(a, b)) {
    const [exponent, factor] = farTail(a, b, x, y);
    return log(factor) - exponent;
  }
  return logM + log(lower ? betaFraction(a, b, x, y)[0] / a : betaFraction(b, a, y, x)[0] / b);
}

/**
 * I_x(a, b) if `lower`, else 1 - I; `lower` must choose the smaller of the two. If M underflows, betaFraction may overflow, so the result
 * is 0.
 */
function smallerPart(a: number, b: number, x: number, lower: boolean): number {
  const y = 1 - x;
  if (Math.max(a, b) < TWO_POINTS) return lower ? b / (a + b) : a / (a + b);
  if (isVeryLarge(a, b)) {
    const [exponent, factor] = farTail(a, b, x, y);
    return exp(-exponent) * factor;
  }
  const mass = exp(logMass(a, b, x, y));
  if (mass === 0) return 0;
  return Math.min(1, lower ? (mass / a) * betaFraction(a, b, x, y)[0] : (mass / b) * betaFraction(b, a, y, x)[0]);
}

/**
 * I_x(a, b) if x is 0 or 1, or a or b is 0 or Infinity; else null. Beta(0, b) and Beta(a, Infinity) are point masses at 0, Beta(a, 0) and
 * Beta(Infinity, b) at 1.
 */
function limitOf(a: number, b: number, x: number): number | null {
  if (!(a >= 0 && b >= 0 && x >= 0 && x <= 1) || (a === b && (a === 0 || a === Infinity))) return NaN;
  if (x === 1 || a === 0 || b === Infinity) return 1;
  return x === 0 || b === 0 || a === Infinity ? 0 : null;
}

/** I_x(a, b) and 1 - I_x(a, b). */
function bothParts(a: number, b: number, x: number): [lower: number, upper: number] {
  const limit = limitOf(a, b, x);
  if (limit !== null) return [limit, 1 - limit];
  // If b is the larger shape, x is practically a draw of Gamma(a, 1), divided by b. The fraction would overflow.
  if (Math.max(a, b) > INFINITE && Math.min(a, b) < SMALL) {
    const t = -Math.max(a, b) * (a < b ? log1p(-x) : log(x));
    const [below, above] = [gammainc(Math.min(a, b), t), gammaincc(Math.min(a, b), t)];
    return a < b ? [below, above] : [above, below];
  }
  // The distribution is much narrower than the gaps between float64 numbers near its mean, so smaller a and b give the same result.
  if (Math.max(a, b) > TOO_LARGE) return bothParts(a * 2 ** -100, b * 2 ** -100, x);
  const lower = isLower(a, b, x, 1 - x);
  const part = smallerPart(a, b, x, lower);
  return lower ? [part, 1 - part] : [1 - part, part];
}

/** I_x(a, b) for a, b >= 0 and 0 <= x <= 1. */
export function betainc(a: number, b: number, x: number): number {
  return bothParts(a, b, x)[0];
}

/** 1 - I_x(a, b), which is I_(1-x)(b, a) without rounding 1 - x. */
export function betaincc(a: number, b: number, x: number): number {
  return bothParts(a, b, x)[1];
}

/** x^(a-1) (1-x)^(b-1) / B(a, b), the density of Beta(a, b), for 0 <= x <= 1. */
export function betaDensity(a: number, b: number, x: number): number {
  const y = 1 - x;
  // B(1, b) is 1 / b.
  if (x === 0) return b * pow(0, a - 1);
  if (y === 0) return a * pow(0, b - 1);
  return exp(logMass(a, b, x, y) - logOf(x, y)) / y;
}

/** dx/da at fixed I_x(a, b), the implicit-reparameterisation gradient of Beta(a, b) with respect to its first concentration. */
export function betaImplicitGradA(a: number, b: number, x: number): number {
  return implicitGrad(a, b, x, true);
}

/** dx/db at fixed I_x(a, b), the gradient with respect to the second concentration. */
export function betaImplicitGradB(a: number, b: number, x: number): number {
  return implicitGrad(a, b, x, false);
}

function implicitGrad(a: number, b: number, x: number, first: boolean): number {
  if (!inDomain(a, b, x)) return NaN;
  if (x === 0 || x === 1) return 0;
  if (isVeryLarge(a, b)) return largeImplicitGrad(a, b, x, first);
  const y = 1 - x;
  // y is the quantile of Beta(b, a), and dx = -dy.
  return isLower(a, b, x, y) ? lowerGrad(a, b, x, y, first) : -lowerGrad(b, a, y, x, !first);
}

function lowerGrad(a: number, b: number, x: number, y: number, first: boolean): number {
  const [fraction, slopeA, slopeB] = betaFraction(a, b, x, y);
  const score = first ? logOf(x, y) + digammaDifference(a + 1, b) - 1 / (a + b) : logOf(y, x) + digammaDifference(b, a);
  return (-x * y * (fraction * score + (first ? slopeA : slopeB))) / a;
}
