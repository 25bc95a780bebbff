/**
 * Exponentials, logarithms, tanh, sigmoid and softplus. With t = k ln 2 + r, where k is a whole number and |r| <= ln 2 / 2, e^t is 2^k e^r.
 * e^r is a rational function of r and of r coth(r/2), which is even in r. Logarithms are computed by atanh from significands in [√½, √2).
 * Errors, measured against 60 digits: 1 ulp for exp, expm1, log and log1p, 1.6 ulp for tanh, 3.2 ulp for its slope, at most 2.3 ulp for the
 * others.
 */
import { polynomial } from "./estrin.js";

// ln 2 in two parts. The first ends in 32 zero bits, so that its product with an exponent is exact.
export const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.9082149292705877e-10;
// (r coth(r/2) - 2) / r² as a polynomial in z = r², for |r| <= ln 2 / 2; z times the polynomial has error 2^-57.
const COTH = [
  0.1666666666666666, -0.0027777777777564156, 6.613756471500168e-5, -1.653405984330524e-6, 4.143757220143915e-8,
];
// (s coth s - 1) / s² as a polynomial in z = s², for |s| <= ln 2 / 2, by Remez's algorithm; 1 + z times the polynomial has error 2^-56.
const COTH_WIDE = [
  0.3333333333333282, -0.02222222222138713, 0.0021164020711424403, -0.00021163908393955215, 2.1363577929298614e-5,
  -2.0758439631508896e-6,
];
// (log((1 + s) / (1 - s)) - 2s) / s³ as a polynomial in z = s², for z <= 0.0295; s z times the polynomial has error 2^-59.
const LOG_NEAR = [
  0.666666666666667, 0.3999999999989945, 0.28571428626001427, 0.22222211130560726, 0.18182889433757515,
  0.15331711346672997, 0.14616576421644387,
];
// The same function as LOG_NEAR, on the wider interval z <= 1/9; error 2^-57.
const LOG_UNIT = [
  0.6666666666666666, 0.40000000000014585, 0.2857142856710876, 0.22222222717427864, 0.18181789436132859,
  0.15385570064958623, 0.13314144209654935, 0.12001072809590713, 0.08800738486144674, 0.1616404561194353,
];

/** Computes k and r = high - low from t. */
const argumentReduction = `
  let k = nearest(t * ${Math.LOG2E});
  let high = t - k * ${LN2_HIGH};
  let low = k * ${LN2_LOW};`;

/**
 * excessOf(r) = e^r - 1 - r for |r| <= 0.35; expOf(high, low) = e^(high - low) for |high - low| <= 0.35 and small low;
 * logOf(f, k, c) = log((1 + f) 2^k) + c.
 */
export const exponentialParts = `
function excessOf(r) {
  let z = r * r;
  let z2 = z * z;
  let c = r - z * ${polynomial(["z", "z2", "(z2 * z2)"], COTH)};
  return r * c / (2 - c);
}
function expOf(high, low) { return 1 + (high - (low - excessOf(high - low))); }
function logOf(f, k, c) {
  let s = f / (2 + f);
  let z = s * s;
  let z2 = z * z;
  let h = 0.5 * f * f;
  let y = z * ${polynomial(["z", "z2", "(z2 * z2)"], LOG_NEAR)};
  return k * ${LN2_HIGH} - ((h - (s * (h + y) + (k * ${LN2_LOW} + c))) - f);
}
`;

/**
 * Computes c and q, whose sum is tanh |x|. If -k is 2 |x| / ln 2 rounded down, |x| = s - k ln 2 / 2, p = 2^k, c = 1 - p and u = s coth s - 1, then
 * tanh |x| = (c (1 + u) + (1 + p) s) / ((1 + p) (1 + u) + c s). Subtracting c leaves the quotient q, which lies between -p and p / 5. So no
 * digits cancel in the sum c + q, nor in the difference p - q, which is 1 - tanh |x|. The formula does not branch, because a processor
 * cannot predict which x are large.
 */
const tanhParts = `
  let t = lesser(abs(x), 374);
  let k = ceil(t * ${-2 * Math.LOG2E});
  let s = t + k * ${LN2_HIGH / 2} + k * ${LN2_LOW / 2};
  let z = s * s;
  let z2 = z * z;
  let u = z * ${polynomial(["z", "z2", "(z2 * z2)"], COTH_WIDE)};
  let h = larger(k, -1000);
  let p = pow2(h);
  let c = 1 - p;
  let q = p * ((2 + c) * s - c - c * u) / (1 + p + c * s + (1 + p) * u);`;

/**
 * expToZero(t) = e^t for -746 <= t <= 40, subnormal results included. tanhSlope(x) = 1 - tanh² x. Its last factor is 1
 * if |x| < 346. In a loop that computes tanh and its slope, the engine that runs the SIMD code computes c and q once.
 */
const squashing = `
function expToZero(t) {${argumentReduction}
  let h = larger(k, -1000);
  return expOf(high, low) * pow2(k - h) * pow2(h);
}
function tanh(x) {${tanhParts}
  return withSign(c + q, x);
}
function tanhSlope(x) {${tanhParts}
  return (p - q) * (1 + (c + q)) * pow2(k - h);
}
function sigmoid(x) {
  let e = expToZero(larger(lesser(x, 40), -746));
  return e / (1 + e);
}
function logisticDensity(x) {
  let e = expToZero(larger(-abs(x), -746));
  return e / (1 + e * (2 + e));
}
function softplus(x) {
  let t = larger(-abs(x), -746);${argumentReduction}
  let r = high - low;
  let z = r * r;
  let z2 = z * z;
  let w = z * ${polynomial(["z", "z2", "(z2 * z2)"], COTH)};
  let v = 2 + w;
  let h = larger(k, -1000);
  let a = pow2(h) * (v + r);
  let b = v - r;
  let e = a / b;
  let s = a / (2 * b + a);
  let y = s * s;
  let y2 = y * y;
  let y4 = y2 * y2;
  let f = 0.5 * e * e;
  return larger(x, 0) + (e - (f - s * (f + y * ${polynomial(["y", "y2", "y4", "(y4 * y4)"], LOG_UNIT)}))) * pow2(k - h);
}
function logSigmoid(x) { return -softplus(-x); }
`;

/** `logisticDensity` is e^x / (1 + e^x)², the derivative of `sigmoid`. */
export const exponentials: string = `
function exp(x) {
  let t = larger(lesser(x, 710), -746);${argumentReduction}
  return scale(expOf(high, low), k);
}
function expm1(x) {
  let t = larger(lesser(x, 710), -40);${argumentReduction}
  let r = high - low;
  let q = excessOf(r) + ((high - r) - low);
  let u = 1 - pow2(-lesser(k, 60));
  let h = u + r;
  return keepSignedZero(scale(h + ((u - h) + r + q), k), x);
}
function log(x) {
  let k = exponent(x);
  let y = logOf(significand(x, k) - 1, k, 0);
  if (any(x < ${2 ** -1022} || x - x !== 0)) {
    let u = x * ${2 ** 54};
    k = exponent(u);
    let tiny = logOf(significand(u, k) - 1, k - 54, 0);
    y = x >= ${2 ** -1022} ? (x < Infinity ? y : x) : x > 0 ? tiny : x === 0 ? -Infinity : NaN;
  }
  return y;
}
function log1p(x) {
  let u = 1 + x;
  let b = u - 1;
  let lost = (1 - (u - b)) + (x - b);
  let k = exponent(u);
  let y = logOf(k === 0 ? x : significand(u, k) - 1, k, k === 0 ? 0 : lost / u);
  if (any(x <= -1 || x === Infinity)) { y = x > -1 ? (x < Infinity ? y : x) : x === -1 ? -Infinity : NaN; }
  return keepSignedZero(y, x);
}
${squashing}`;
