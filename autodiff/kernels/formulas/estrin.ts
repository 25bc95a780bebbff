/**
 * Polynomials as text. Coefficients here come from interpolating the function, computed to 60 digits, at Chebyshev nodes of the
 * stated interval; the error beside them, relative to the function they serve, was measured after rounding to binary64.
 */

/** Σ c[k] x^k by pairs of pairs (Estrin), which a processor computes side by side; `powers` names x, x², x⁴, … */
export const polynomial = ([x, ...powers]: readonly string[], c: readonly (number | string)[]): string => {
  if (c.length === 1) return `${c[0]}`;
  const pairs = c.flatMap((low, k) => (k % 2 === 1 ? [] : [k + 1 < c.length ? `(${low} + ${c[k + 1]} * ${x})` : low]));
  return polynomial(powers, pairs);
};
