/**
 * Logarithms of sums of exponentials, and products x log y, arranged so that no digit is lost to cancellation or overflow. Errors are below
 * 2 ulp, except for logaddexp where its two terms cancel.
 */

/**
 * log1mexp(x): log(1 - e^x) for x <= 0 (Mächler 2012). logaddexp(x, y): log(e^x + e^y); for two equal infinities, that infinity.
 * xlogy(x, y): x log y, and xlog1py(x, y): x log(1 + y), both 0 where x = 0. logOnePlusSquareOver(x, y): log(1 + x²/y) for y > 0, even
 * where x² overflows. logRatio(x, y): log(x/y), even where x/y is near 1, overflows or underflows.
 */
export const logSums: string = `
function log1mexp(x) { return x > ${-Math.LN2} ? log(-expm1(x)) : log1p(-exp(x)); }
function logaddexp(x, y) { return x === y ? x + ${Math.LN2} : larger(x, y) + log1p(exp(-abs(x - y))); }
function xlogy(x, y) { return x === 0 && y === y ? 0 : x * log(y); }
function xlog1py(x, y) { return x === 0 && y === y ? 0 : x * log1p(y); }
function logOnePlusSquareOver(x, y) {
  let ratio = x / y * x;
  let far = ratio;
  if (any(ratio === Infinity)) { far = 2 * log(abs(x)) - log(y); }
  return ratio === Infinity ? far : log1p(ratio);
}
function logRatio(x, y) {
  let ratio = x / y;
  let near = ratio;
  let far = ratio;
  if (any(ratio > 0.5 && ratio < 2)) { near = log1p((x - y) / y); }
  if (any(ratio <= 0.5 || ratio >= 2 || ratio !== ratio)) {
    far = log(ratio);
    if (any(ratio <= 1e-300 || ratio >= 1e300)) { far = ratio > 1e-300 && ratio < 1e300 ? far : log(x) - log(y); }
  }
  return ratio > 0.5 && ratio < 2 ? near : far;
}
`;
