/**
 * The modified Bessel functions I_0 and I_1, scaled by exp(-|x|), and their difference, the gap. gap/i0e is the circular variance of the
 * von Mises distribution, 1 - I_1/I_0; where I_1/I_0 is near 1, computing the gap directly keeps digits that this subtraction would lose.
 * Below 16 the functions are polynomials in x², in which nothing cancels. Above 16 they are x^(-1/2) times polynomials in 1/x, which
 * neglect a term of relative size exp(-2x).
 */
import { exp, log, log1p } from "../formulas/scalarFormulas.js";
import { horner } from "./polynomial.js";

const FAR = 16;
// (I_0(x) - 1) / (x²/4) as a function of x² for |x| <= 16, error 4e-16.
const SERIES_0 = [
  1, 0.0625, 0.0017361111111111114, 2.712673611111105e-5, 2.7126736111112043e-7, 1.883801118826334e-9,
  9.611230198146966e-12, 3.754386795924188e-14, 1.1587613574780755e-16, 2.8969033767659497e-19, 5.98533786773748e-22,
  1.0391207035891474e-24, 1.5371660540409687e-27, 1.9606223484876823e-30, 2.1788314996852178e-33,
  2.1255971424789347e-36, 1.8491398053365956e-39, 1.387289553918395e-42, 1.078393025255047e-45, 4.058115784986933e-49,
  6.814997729030544e-52, -1.7659478277282274e-55, 3.008250706366607e-58,
];
// I_1(x) / (x/2) as a function of x² for |x| <= 16, error 5e-16.
const SERIES_1 = [
  1, 0.125, 0.005208333333333333, 0.00010850694444444449, 1.3563368055555471e-6, 1.130280671296378e-8,
  6.727861138663115e-11, 3.0035094369301366e-13, 1.0428852210636256e-15, 2.8969033942696783e-18, 6.5838713011731354e-21,
  1.246945401855723e-23, 1.9983089120824668e-26, 2.744940493768616e-29, 3.26769650476049e-32, 3.4044636384530317e-35,
  3.125711672318918e-38, 2.5688020238060493e-41, 1.8239659110703268e-44, 1.350718219894832e-47, 4.7931871567655684e-51,
  7.779751409120947e-54, -1.9390529428342042e-57, 3.138214117871824e-60,
];
// √x exp(-x) I_0(x) as a function of 1/x for x >= 16, error 2e-16.
const TAIL_0 = [
  0.3989422804014327, 0.049867785050162, 0.028050629105913442, 0.029219400035778265, 0.04474315600931873,
  0.09050372077627993, 0.23503474444504055, 0.3961033224609342, 11.100125917133171, -161.2331528655302,
  2206.5055261068387, -15827.031297429634, 55690.31055508324,
];
// x^(3/2) exp(-x) (I_0(x) - I_1(x)) as a function of 1/x for x >= 16, error 5e-16.
const TAIL_GAP = [
  0.19947114020071632, 0.07480167757531375, 0.07012657267998544, 0.10226793766179143, 0.2013359097437695,
  0.498830079364119, 1.4426423776568158, 7.473626023225569, -66.60571971172948, 2375.4025951625827, -40282.59977169932,
  477656.3907739143, -3271864.3054704433, 10499714.399493877,
];

// The derivative of SERIES_1 with respect to x².
const SERIES_1_SLOPE = /* @__PURE__ */ SERIES_1.map((c, k) => k * c).slice(1);
// -x^(5/2) times the derivative of TAIL_GAP x^(-3/2), and x (2 TAIL_GAP - TAIL_0), as functions of 1/x.
const TAIL_GAP_SLOPE = /* @__PURE__ */ TAIL_GAP.map((c, k) => (k + 1.5) * c);
const TAIL_RATIO = /* @__PURE__ */ TAIL_GAP.map((c, k) => 2 * c - (TAIL_0[k] ?? 0)).slice(1);

/** I_0(x) - 1 for |x| <= 16. */
const i0m1 = (x: number): number => 0.25 * x * x * horner(SERIES_0, x * x);

/** exp(-|x|) I_0(x), relative error 1e-15. */
export function i0e(x: number): number {
  const size = Math.abs(x);
  if (size > FAR) return horner(TAIL_0, 1 / size) / Math.sqrt(size);
  return exp(-size) * (1 + i0m1(x));
}

/** exp(-|x|) I_1(x), odd, relative error 1e-15. */
export function i1e(x: number): number {
  const size = Math.abs(x);
  if (size > FAR) return Math.sign(x) * (i0e(size) - besselGap(size));
  return exp(-size) * 0.5 * x * horner(SERIES_1, x * x);
}

/** exp(-|x|) I_1(x) / x, even; 1/2 at 0. */
export function i1eOverArgument(x: number): number {
  const size = Math.abs(x);
  return size > FAR ? i1e(size) / size : exp(-size) * 0.5 * horner(SERIES_1, x * x);
}

/** The derivative of i1eOverArgument, relative error 1e-14; 0 at 0, between the limits ±1/2. */
export function i1eOverArgumentSlope(x: number): number {
  const size = Math.abs(x);
  if (size > FAR) return (besselGap(x) - 2 * i1eOverArgument(x)) / x;
  return Math.sign(x) * exp(-size) * (size * horner(SERIES_1_SLOPE, x * x) - 0.5 * horner(SERIES_1, x * x));
}

/** exp(-|x|) (I_0(x) - I_1(|x|)) > 0, relative error 1e-15 above 16, 2e-14 below. */
export function besselGap(x: number): number {
  const size = Math.abs(x);
  if (size > FAR) return horner(TAIL_GAP, 1 / size) / (size * Math.sqrt(size));
  return i0e(size) - i1e(size);
}

/** The derivative of besselGap, relative error 1e-15 above 16, 1e-12 below; 0 at 0, between the limits ±3/2. */
export function besselGapSlope(x: number): number {
  const size = Math.abs(x);
  if (size > FAR) return -horner(TAIL_GAP_SLOPE, 1 / size) / (size * Math.sqrt(size)) / x;
  return Math.sign(x) * (i1eOverArgument(x) - 2 * besselGap(x));
}

/** I_1(x) / I_0(x). */
export const besselRatio = (x: number): number => i1e(x) / i0e(x);

/** The derivative 1 - r/x - r² of the ratio r = I_1(x) / I_0(x), relative error 1e-12. Above 16 the leading terms, which cancel, are left out. */
export function besselRatioSlope(x: number): number {
  const u = 1 / Math.abs(x);
  const r = besselRatio(x);
  if (u > 1 / FAR) return 1 - i1eOverArgument(x) / i0e(x) - r * r;
  const tail = horner(TAIL_0, u);
  const gap = horner(TAIL_GAP, u) / tail;
  return u * u * (horner(TAIL_RATIO, u) / tail + gap * (1 - gap));
}

/** 1 - I_1(x) / I_0(x) for x >= 0, the circular variance of the von Mises distribution, even where the gap underflows. */
export const circularVariance = (x: number): number => (x > 1e10 ? (0.5 + 0.125 / x) / x : besselGap(x) / i0e(x));

/** log I_0(x), relative error 1e-15, also near 0 where it is x²/4. */
export function logI0(x: number): number {
  const size = Math.abs(x);
  return size > FAR ? size + log(i0e(size)) : log1p(i0m1(x));
}
