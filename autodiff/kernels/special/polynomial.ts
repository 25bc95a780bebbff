/**
 * Polynomials and rational functions of one variable, with coefficients in order of ascending powers. All fitted approximations in this
 * folder are of these two kinds. Their coefficients come from interpolating the function, computed to 60 digits, at Chebyshev nodes of the
 * stated interval. The error stated beside coefficients was measured on a grid after the coefficients were rounded to binary64.
 */

/** Σ c[k] x^k. */
export function horner(c: readonly number[], x: number): number {
  let sum = 0;
  for (let k = c.length - 1; k >= 0; k--) sum = sum * x + (c[k] as number);
  return sum;
}

/** Σ p[k] x^k / Σ q[k] x^k, where p and q have the same length. */
export function ratio(p: readonly number[], q: readonly number[], x: number): number {
  let above = 0;
  let below = 0;
  for (let k = p.length - 1; k >= 0; k--) {
    above = above * x + (p[k] as number);
    below = below * x + (q[k] as number);
  }
  return above / below;
}
