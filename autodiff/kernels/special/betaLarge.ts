/**
 * The beta distribution with both shapes so large that the continued fraction of betainc.ts would take too many steps: Temme's uniform
 * expansion (DLMF 8.18.9) to its first correction. With y = 1 - x, s = a + b, shift = s x - a, E = a log(a / (s x)) + b log(b / (s y)) and
 * w = shift / √(ab/s),
 *
 *     I = exp(-E) (½ erfcx(√E) - D / √(2π)),   D = 1/√(2E) - 1/|w|,
 *
 * where I is the probability of the tail beyond x, on the side of x away from the mean. The neglected terms are smaller than D by a factor
 * 1/min(a, b).
 */
import { excessOverLog, productMinus } from "./cancellation.js";
import { erfcx } from "./erf.js";

const VERY_LARGE = 1e8;
const SQRT_2PI = 2.5066282746310002;
// For w below this, D would be a difference of nearly equal numbers, so its limit is used.
const NEAR = 1e-4;

export const isVeryLarge = (a: number, b: number): boolean => a > VERY_LARGE && b > VERY_LARGE;

/** s x - a without cancellation, computed from the smaller of x and y = 1 - x, which has more digits. */
export function shiftOf(a: number, b: number, x: number, y: number): number {
  const s = a + b;
  const lost = a > b ? b - (s - a) : a - (s - b);
  return x < 0.5 ? productMinus(s, x, a) + lost * x : -(productMinus(s, y, b) + lost * y);
}

/** The exponent E. Where a ratio overflows, its logarithm is negligible against the shift. */
export function exponentOf(a: number, b: number, x: number, y: number): number {
  const [s, shift] = [a + b, shiftOf(a, b, x, y)];
  return logExcess(a, shift, (x / a) * s) + logExcess(b, -shift, (y / b) * s);
}
const logExcess = (a: number, shift: number, ratio: number): number =>
  ratio < Infinity ? a * excessOverLog(shift / a, ratio) : shift;

/** E, and the factor of exp(-E) in the formula for I above. */
export function farTail(a: number, b: number, x: number, y: number): [exponent: number, factor: number] {
  const [s, shift, exponent] = [a + b, shiftOf(a, b, x, y), exponentOf(a, b, x, y)];
  const deviation = Math.sqrt(a / s) * Math.sqrt(b);
  const w = Math.abs(shift) / deviation;
  const limit = ((shift > 0 ? 1 : -1) * (b - a)) / s / (3 * deviation);
  const difference = w < NEAR ? limit : 1 / Math.sqrt(2 * exponent) - 1 / w;
  return [exponent, 0.5 * erfcx(Math.sqrt(exponent)) - difference / SQRT_2PI];
}

/** dx/da (if `first`) or dx/db at fixed I, from x = mean + w · (standard deviation) with w held fixed; relative error 1/min(a, b). */
export function largeImplicitGrad(a: number, b: number, x: number, first: boolean): number {
  const s = a + b;
  const offset = shiftOf(a, b, x, 1 - x) / s;
  return first ? b / s / s + offset * (0.5 / a - 1.5 / s) : -a / s / s + offset * (0.5 / b - 1.5 / s);
}
