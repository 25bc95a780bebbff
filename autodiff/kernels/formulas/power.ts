/**
 * x^y as 2^(y log2 x). The logarithm and its product with y are each stored as a sum of two numbers, because a relative error of 2^-53 in a
 * logarithm near 1000 would cause an error of about 1000 ulp in the result. The arrangement is fdlibm's, with halves of 26 bits, whose
 * products are exact. The error, measured against 60 digits, is at most 1 ulp, and 0 if the power is exactly a float64.
 */
import { polynomial } from "./estrin.js";

// (3 atanh(s)/s - 3 - s²) / s⁴ as a polynomial in z = s² for z <= 0.0295; error 2^-65.
const ATANH = [
  0.6, 0.4285714285714405, 0.3333333333248435, 0.27272727502971605, 0.2307689245634307, 0.20002206357344382,
  0.17559372811213136, 0.1758457654392911,
];
// 2 / (3 ln 2) and ln 2, each as its upper 26 bits and its lower bits; 2 / (3 ln 2) also as one number.
const [THIRDS_HIGH, THIRDS_LOW, THIRDS] = [0.9617966860532761, 7.872699542894897e-9, 0.9617966939259756];
const [LN2_HIGH, LN2_LOW] = [0.6931471675634384, 1.2996506893889889e-8];
const TINY = 2 ** -1022;
// For |y| >= ENOUGH, x^y is 0, 1 or Infinity.
const ENOUGH = 2 ** 64;

/** Computes l + ll = log2 a from a > 0. */
const LOG2 = `
  let lifted = a < ${TINY} ? a * ${2 ** 54} : a;
  let j = exponent(lifted);
  let m = significand(lifted, j);
  j = a < ${TINY} ? j - 54 : j;
  let f = m - 1;
  let d = m + 1;
  let s = f / d;
  let sh = upperHalf(s);
  let dh = upperHalf(d);
  let sl = ((f - sh * dh) - sh * (f - (dh - 2))) / d;
  let square = sh * sh;
  let z = s * s;
  let z2 = z * z;
  let r = z2 * ${polynomial(["z", "z2", "(z2 * z2)"], ATANH)} + sl * (sh + s);
  let w = upperHalf(3 + square + r);
  let wl = r - ((w - 3) - square);
  let v = sl * w + wl * s;
  let p = upperHalf(sh * w + v);
  let g = p * ${THIRDS_HIGH};
  let gl = p * ${THIRDS_LOW} + (v - (p - sh * w)) * ${THIRDS};
  let l = upperHalf(g + gl + j);
  let ll = gl - ((l - j) - g);
`;
/** Computes o = 2^(y (l + ll)). */
const EXP2 = `
  let q = larger(lesser(y, ${ENOUGH}), ${-ENOUGH});
  let qh = upperHalf(q);
  let e = qh * l;
  let el = (q - qh) * l + q * ll;
  let k = nearest(larger(lesser(e + el, 1100), -1200));
  let h = upperHalf((e - k) + el);
  let rest = el - (h - (e - k));
  o = scale(expOf(h * ${LN2_HIGH}, -(rest * ${Math.LN2} + h * ${LN2_LOW})), k);
  o = e + el > 1025 ? Infinity : e + el < -1080 ? 0 : o;
`;

/** pow(x, y) as in C: 1^y and x^0 are 1, even for NaN, and (-1)^±Infinity is 1. powSlope(g, x, y): g y x^(y - 1), 0 where g or y is 0. */
export const power: string = `
function pow(x, y) {
  let a = abs(x);
  let o = a;
  if (any(a > 0 && a < Infinity)) {${LOG2}${EXP2}  }
  if (any(x <= 0 || x - x !== 0 || y !== y)) {
    o = a === 0 ? (y < 0 ? Infinity : 0) : a === Infinity ? (y < 0 ? 0 : Infinity) : o;
    let odd = floor(0.5 * y) === 0.5 * y ? o : -o;
    let whole = floor(y) === y ? odd : a > 0 && a < Infinity ? NaN : o;
    o = x < 0 || 1 / x < 0 ? whole : o;
    o = y === 0 || x === 1 ? 1 : x !== x || y !== y ? NaN : o;
  }
  return o;
}
function powSlope(g, x, y) { return g === 0 || y === 0 ? 0 : g * y * pow(x, y - 1); }
`;

/** powersOf(a)(y) = pow(a, y) for 0 < a < Infinity, but NaN where pow(1, NaN) is 1. The logarithm of a is computed once. */
export const powersOf: string = `
function powersOf(a) {${LOG2}
  return (y) => {
    let o = 0;${EXP2}
    return o;
  };
}
`;
