/**
 * What gradients of special functions are made of, where the textbook formula is a difference of nearly equal numbers. Each
 * stands here in a form that keeps its relative accuracy: 1e-15 times a few, unless said otherwise. Follows the other files.
 */
import { erfcx, i0e, i1e } from "./index.js";

/**
 * erfcx'(x) = 2x erfcx(x) - 2/√π, from 1 on as -2 i¹erfc(x) e^(x²): the ratios r_n = iⁿerfc / iⁿ⁻¹erfc of the repeated integrals
 * of erfc satisfy r_n = 1 / (2x + 2(n+1) r_(n+1)), run downwards (DLMF 7.18).
 */
export function erfcxSlope(x: number): number {
  if (x < 1) return 2 * x * erfcx(x) - 2 / Math.sqrt(Math.PI);
  const first = Math.ceil(4 + 110 / x);
  let r = 1 / (x + Math.sqrt(x * x + 2 * first));
  for (let n = first; n > 1; n--) r = 1 / (2 * x + 2 * n * r);
  return -2 * erfcx(x) * r;
}

/**
 * exp(-|x|) (I_0(x) - I_1(|x|)): from 20 on by the difference of Hankel's expansions, whose k-th terms are a_k(ν) (-1/x)^k with
 * a_k(ν) = Π_{j<=k} (4ν² - (2j-1)²) / 8j; below, directly, where 40 units in the last place may go.
 */
export function besselGap(x: number): number {
  const size = Math.abs(x);
  if (size < 20) return i0e(size) - i1e(size);
  let [sum, zero, one] = [0, 1, 1];
  for (let k = 1; k <= 30; k++) {
    const odd = (2 * k - 1) ** 2;
    zero *= odd / (8 * k * size);
    one *= (odd - 4) / (8 * k * size);
    sum += zero - one;
    if (Math.abs(zero - one) < 1e-17 * sum) break;
  }
  return sum / Math.sqrt(2 * Math.PI * size);
}
