/**
 * Polynomials as text. Coefficients in this folder come from interpolating the function, computed to 60 digits, at Chebyshev nodes of the
 * stated interval. The error stated beside coefficients is relative to the function that uses them. It was measured after the coefficients
 * were rounded to binary64.
 */

/**
 * Σ c[k] x^k by Estrin's scheme: pairs of terms are added, then pairs of these sums, and so on. A processor computes the sums in parallel.
 * The first argument is the list of the names of x, x², x⁴, …
 */
export const polynomial = ([x, ...powers]: readonly string[], c: readonly (number | string)[]): string => {
  if (c.length === 1) return `${c[0]}`;
  const pairs = c.flatMap((low, k) => (k % 2 === 1 ? [] : [k + 1 < c.length ? `(${low} + ${c[k + 1]} * ${x})` : low]));
  return polynomial(powers, pairs);
};
