/** The formula for a uniform draw from an interval. */

/**
 * between(u, low, high): low + u (high - low) for 0 <= u < 1, below `high` and finite however narrow or wide the interval is. NaN if a bound
 * is NaN.
 */
export const interval: string = `
function between(u, low, high) {
  let width = high - low;
  let x = width < Infinity ? u * width + low : low * (1 - u) + high * u;
  let last = high - (abs(high) * ${2 ** -53 * (1 + 2 ** -52)} + ${2 ** -1074});
  return larger(x >= high ? last : x, low);
}
`;
