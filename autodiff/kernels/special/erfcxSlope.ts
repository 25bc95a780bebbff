/** The first two derivatives of erfcx, and the first of its logarithm, whose textbook formulas are differences of nearly equal numbers. */
import { erfcx } from "./erf.js";

/**
 * erfcx'(x) = 2x erfcx(x) - 2/√π. For x >= 1 it is computed as -2 i¹erfc(x) e^(x²), where iⁿerfc is the n-fold repeated integral of erfc.
 * The ratios r_n = iⁿerfc / iⁿ⁻¹erfc satisfy r_n = 1 / (2x + 2(n+1) r_(n+1)) and are computed from a large n downwards (DLMF 7.18).
 */
export function erfcxSlope(x: number): number {
  return x < 1 ? 2 * x * erfcx(x) - 2 / Math.sqrt(Math.PI) : -2 * erfcx(x) * ratios(x)[0];
}

/** erfcx''(x) = 2 erfcx(x) + 2x erfcx'(x), and 8 i²erfc(x) e^(x²) for x >= 1. */
export function erfcxCurve(x: number): number {
  if (x < 1) return 2 * (erfcx(x) + x * erfcxSlope(x));
  const [first, second] = ratios(x);
  return 8 * erfcx(x) * first * second;
}

/** The derivative of log erfcx(x), even where erfcx(x) overflows or its derivative underflows. */
export const erfcxLogSlope = (x: number): number =>
  x < 1 ? 2 * x - 2 / (Math.sqrt(Math.PI) * erfcx(x)) : -2 * ratios(x)[0];

/** r_1 and r_2. */
function ratios(x: number): [first: number, second: number] {
  const first = Math.ceil(4 + 110 / x);
  let r = 1 / (x + Math.sqrt(x * x + 2 * first));
  for (let n = first; n > 2; n--) r = 1 / (2 * x + 2 * n * r);
  return [1 / (2 * x + 4 * r), r];
}
