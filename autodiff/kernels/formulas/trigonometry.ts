/**
 * sin, cos, tan and atan. An angle is x = k π/2 + r + c with k an integer, |r| <= π/4 and c the rounding error of r. π/2 is a sum of parts
 * of 33 bits, so that their products with k are exact. Angles above 2^20 are reduced by ./farAngle.ts. atan(x) is the arctangent of a
 * nearby point, from a table, plus atan(t) with |t| <= 7/16, as in fdlibm. Errors, measured against 60 digits, are at most 1 ulp.
 */
import { polynomial } from "./estrin.js";

// π/2 in four parts.
const HALF_PI = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32];
// (sin r - r) / r³ as a polynomial in z = r² for |r| <= π/4; error 2^-57.
const SIN = [
  -0.16666666666666666, 0.008333333333333331, -0.00019841269841265065, 2.7557319219339167e-6, -2.5052106232447578e-8,
  1.6058531618986147e-10, -7.586697117706863e-13,
];
// (cos r - 1 + r²/2) / r⁴ as a polynomial in z; error 2^-60.
const COS = [
  0.041666666666666664, -0.0013888888888887398, 2.480158729876569e-5, -2.7557317271729793e-7, 2.0876146268403195e-9,
  -1.1382632425521638e-11,
];
// (1 - r cot r) / r² as a polynomial in z; error 2^-56.
const COT = [
  0.3333333333333333, 0.02222222222222238, 0.002116402116393735, 0.00021164021181361862, 2.1377797336938697e-5,
  2.1644152097336428e-6, 2.192196403249824e-7, 2.2303939737198406e-8, 2.131178469696313e-9, 3.140841000065106e-10,
];
// (atan t - t) / t³ as a polynomial in z = t² for |t| <= 7/16; error 2^-58.
const ATAN = [
  -0.3333333333333333, 0.1999999999999941, -0.14285714285566806, 0.11111111096645038, -0.09090908355602592,
  0.07692285554889286, -0.06666241923359964, 0.05876946456755061, -0.05216679739313656, 0.04492259293193656,
  -0.033128134256069586, 0.014773184616983806,
];
// The arctangents of 1/2, 1, 3/2 and Infinity, and their rounding errors.
const ARCS = [0.4636476090008061, 0.7853981633974483, 0.982793723247329, 1.5707963267948966];
const ARC_RESTS = [2.2698777452961687e-17, 3.061616997868383e-17, 1.3903311031230998e-17, 6.123233995736766e-17];

const FAR = 2 ** 20;
/** Computes r, c and turns = k mod 4 from x. */
const angle = `
  let k = nearest(x * ${2 / Math.PI});
  let first = x - k * ${HALF_PI[0]};
  let second = k * ${HALF_PI[1]};
  let b = first - second;
  let d = b - first;
  let third = k * ${HALF_PI[2]} - ((first - (b - d)) - (second + d));
  let r = b - third;
  d = r - b;
  let c = ((b - (r - d)) - (third + d)) - k * ${HALF_PI[3]};
  let turns = k - 4 * floor(0.25 * k);
  if (any(abs(x) > ${FAR})) {
    turns = abs(x) > ${FAR} ? farTurns(x) : turns;
    r = abs(x) > ${FAR} ? farAngle(x) : r;
    c = abs(x) > ${FAR} ? farRest(x) : c;
  }`;

/**
 * sinOf(r, c) and cosOf(r, c) are sin and cos of r + c; tanOf(r, c, v) and cotOf(r, s, c, v) are tan and cot of r + c, for
 * v = 1 - r cot r and s = upperHalf(r). Near π/4, where v is 0.2, each rounding of v would cost up to 0.15 ulp. So v begins with the square
 * of s, which is exact, and both functions add the remainder of a division to the upper half of its quotient.
 */
export const trigonometricParts = `
function sinOf(r, c) {
  let z = r * r;
  let z2 = z * z;
  let p = z * ${polynomial(["z", "z2", "(z2 * z2)"], SIN.slice(1))};
  return r + (c + (z * r * ${SIN[0]} + (z * r * p - 0.5 * z * c)));
}
function cosOf(r, c) {
  let z = r * r;
  let z2 = z * z;
  let h = 0.5 * z;
  let w = 1 - h;
  return w + (((1 - w) - h) + (z2 * ${polynomial(["z", "z2", "(z2 * z2)"], COS)} - r * c));
}
function tanOf(r, c, v) {
  let d = 1 - v;
  let u = 1 / d;
  let y = r * u;
  let h = upperHalf(y);
  let s = upperHalf(d);
  return h + (u * ((r - h * s) - h * ((d - s) + ((1 - d) - v))) + c * (1 + y * y));
}
function cotOf(r, s, c, v) {
  let u = 1 / r;
  let y = u - u * v;
  let h = upperHalf(u);
  return h + (u * (((1 - h * s) - h * (r - s)) - v) - c * (1 + y * y));
}
`;

export const trigonometry: string = `
function sin(x) {${angle}
  let y = turns === 1 || turns === 3 ? cosOf(r, c) : sinOf(r, c);
  return x === 0 ? x : turns > 1 ? -y : y;
}
function cos(x) {${angle}
  let y = turns === 1 || turns === 3 ? sinOf(r, c) : cosOf(r, c);
  return turns === 1 || turns === 2 ? -y : y;
}
function tan(x) {${angle}
  let z = r * r;
  let z2 = z * z;
  let z4 = z2 * z2;
  let s = upperHalf(r);
  let more = z2 * ${polynomial(["z", "z2", "z4", "(z4 * z4)"], COT.slice(1))};
  let v = s * s * ${COT[0]} + (more + (r - s) * (r + s) * ${COT[0]});
  return x === 0 ? x : turns === 1 || turns === 3 ? -cotOf(r, s, c, v) : tanOf(r, c, v);
}
function atan(x) {
  let a = abs(x);
  let from = a < 0.4375 ? 0 : a < 0.6875 ? 0.5 : a < 1.1875 ? 1 : 1.5;
  let t = (a < 2.4375 ? a - from : -1) / (a < 2.4375 ? 1 + a * from : a);
  let z = t * t;
  let z2 = z * z;
  let z4 = z2 * z2;
  let p = t * z * ${polynomial(["z", "z2", "z4", "(z4 * z4)"], ATAN)};
  let arc = a < 0.4375 ? 0 : a < 0.6875 ? ${ARCS[0]} : a < 1.1875 ? ${ARCS[1]} : a < 2.4375 ? ${ARCS[2]} : ${ARCS[3]};
  let rest = a < 0.4375 ? 0 : a < 0.6875 ? ${ARC_RESTS[0]} : a < 1.1875 ? ${ARC_RESTS[1]} : a < 2.4375 ? ${ARC_RESTS[2]} : ${ARC_RESTS[3]};
  return withSign(arc + (t + (p + rest)), x);
}
`;
