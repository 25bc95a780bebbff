/** The derivative of erfcx, whose textbook formula is a difference of nearly equal numbers. */
import { erfcx } from "./erf.js";

/**
 * erfcx'(x) = 2x erfcx(x) - 2/√π. For x >= 1 it is computed as -2 i¹erfc(x) e^(x²), where iⁿerfc is the n-fold repeated integral of erfc.
 * The ratios r_n = iⁿerfc / iⁿ⁻¹erfc satisfy r_n = 1 / (2x + 2(n+1) r_(n+1)) and are computed from a large n downwards (DLMF 7.18).
 */
export function erfcxSlope(x: number): number {
  if (x < 1) return 2 * x * erfcx(x) - 2 / Math.sqrt(Math.PI);
  const first = Math.ceil(4 + 110 / x);
  let r = 1 / (x + Math.sqrt(x * x + 2 * first));
  for (let n = first; n > 1; n--) r = 1 / (2 * x + 2 * n * r);
  return -2 * erfcx(x) * r;
}
