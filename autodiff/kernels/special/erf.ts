/**
 * The error function and its relatives, the normal distribution function Φ, and their inverses. They are computed by rational functions,
 * fitted anew on the intervals of Cody (1969) and, for the inverses (in the variable √(-log q)), of Wichura (1988, AS 241). Tails are
 * computed from erfcx(x) = exp(x²) erfc(x), which neither underflows nor cancels.
 */
import { exp, log, log1p } from "../formulas/scalarFormulas.js";
import { ratio } from "./polynomial.js";

// erf(x) / x - 1 as a function of x² for |x| <= 1/2, error 2e-16.
const ERF_P = [
  0.1283791670955126, -0.3182313439110331, -0.04576815143545865, -0.007187139260548717, -0.000286350085276102,
];
const ERF_Q = [1, 0.4509691597993559, 0.08580312323455822, 0.008299086420557052, 0.00035166476084436593];
// erfcx(x) for 1/2 <= x <= 4, error 6e-16.
const ERFCX_P = [
  1.0000000000061475, 1.9174150541208184, 1.8293748727720025, 1.0971271198620272, 0.44685614828909787,
  0.12598738653257832, 0.024032217289083745, 0.002852668943880476, 0.00016357124680051294, 0,
];
const ERFCX_Q = [
  1, 3.0457942213139275, 4.266185618629667, 3.6174606551146113, 2.0537449232983582, 0.8131837317170921,
  0.2258350303960212, 0.042740952473668145, 0.005056224223225985, 0.00028992248346680914,
];
// x erfcx(x) as a function of 1/x² for x >= 4, error 3e-16.
const ERFCX_TAIL_P = [
  0.5641895835477563, 12.093210395801552, 82.56124631689788, 207.73564374780346, 163.47249502903318, 18.095628728457065,
];
const ERFCX_TAIL_Q = [
  1, 21.934657335848947, 156.553327637958, 431.90251252429334, 422.8486998035103, 98.69338018994513,
];
// erfinv(x) / x as a function of x² for |x| <= 1/2, error 3e-16.
const ERFINV_P = [
  0.886226925452758, -1.8502304361316728, 1.2673113459042178, -0.30927830646280174, 0.016796422128533845,
  0.0002950619560059347,
];
const ERFINV_Q = [1, -2.3495608662561773, 1.9011895864761166, -0.6062007249913259, 0.060181743371872314, 0];
// erfcinv(q) / r for r = √(-log q), error 6e-16: as a function of r - 0.75 for r < 2.5, of r - 2.5 for r < 7, and of r - 7 for r up to
// 27.5, where q = 5e-324.
const NEAR_P = [
  0.5358656691265266, 2.6185764978304498, 5.628162873918084, 6.950081933514475, 5.299146050412636, 2.4840124489772997,
  0.6614164111568603, 0.0820519183160269, 0.0031577805255436887,
];
const NEAR_Q = [
  1, 4.004945718788899, 7.539526081490521, 8.392282700983895, 5.904591143557251, 2.6035015693473906, 0.6687716159022661,
  0.08208474981655349, 0.0031575168111316384,
];
const MIDDLE_P = [
  0.8770183687247652, 1.4858373492852934, 1.0289859810402096, 0.37035725130119657, 0.07253463266749911,
  0.007323492175404793, 0.0003124769736675301, 1.7843193626642925e-6, -9.15079572956118e-8,
];
const MIDDLE_Q = [
  1, 1.6166722344836795, 1.081081977818098, 0.3794564784089308, 0.0731634814778119, 0.0073330726199840246,
  0.0003122698732360865, 1.7836045500371542e-6, -9.150472281653679e-8,
];
const FAR_P = [
  0.9741292059350768, 0.5597834929114983, 0.13087097039139614, 0.01601527176066274, 0.001100308164256244,
  4.2335928024919546e-5, 8.594570493703107e-7, 8.00014863309249e-9, 2.422537404760819e-11,
];
const FAR_Q = [
  1, 0.5685306784043659, 0.13197080225081276, 0.016079613492626578, 0.0011021014440605649, 4.235768355026655e-5,
  8.595438975860992e-7, 8.00017014664487e-9, 2.4225357757514933e-11,
];

/** exp(c x²) for c = ±1, ±1/2. x is split so that one part is a multiple of 1/16, whose square is exact (Cody 1969). */
function expSquare(c: number, x: number): number {
  const coarse = Math.trunc(x * 16) / 16;
  return exp(c * coarse * coarse) * exp(c * (x - coarse) * (x + coarse));
}

/** exp(x²) erfc(x) for x >= 1/2. */
function erfcxTail(x: number): number {
  return x < 4 ? ratio(ERFCX_P, ERFCX_Q, x) : ratio(ERFCX_TAIL_P, ERFCX_TAIL_Q, 1 / (x * x)) / x;
}

/** erf(x) = 2/√π ∫_0^x exp(-t²) dt, error 2 ulp. */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size <= 0.5) return x + x * ratio(ERF_P, ERF_Q, x * x);
  return Math.sign(x) * (size < 6 ? 1 - expSquare(-1, size) * erfcxTail(size) : 1);
}

/** 1 - erf(x), relative error 2e-15 down to the underflow at x = 27.2. */
export function erfc(x: number): number {
  if (x > 0.5) return x < 28 ? expSquare(-1, x) * erfcxTail(x) : 0;
  return 1 - erf(x);
}

/** exp(x²) erfc(x), relative error 2e-15; overflows below -26.6. */
export function erfcx(x: number): number {
  if (x > 0.5) return erfcxTail(x);
  if (x >= -0.5) return exp(x * x) * (1 - erf(x));
  return x < -28 ? Infinity : 2 * expSquare(1, x) - erfcxTail(-x);
}

/** The x with erfc(x) = q, for 0 <= q <= 1/2. */
function erfcinvTail(q: number): number {
  const r = Math.sqrt(-log(q));
  if (r < 2.5) return r * ratio(NEAR_P, NEAR_Q, r - 0.75);
  if (r < 7) return r * ratio(MIDDLE_P, MIDDLE_Q, r - 2.5);
  return r < 28 ? r * ratio(FAR_P, FAR_Q, r - 7) : r;
}

/** The y with erf(y) = x: ±Infinity at ±1, NaN beyond. Relative error 1e-15. */
export function erfinv(x: number): number {
  const size = Math.abs(x);
  return size <= 0.5 ? x * ratio(ERFINV_P, ERFINV_Q, x * x) : Math.sign(x) * erfcinvTail(1 - size);
}

/** Φ(x), the standard normal distribution function, relative error 2e-15 down to the underflow at x = -38.6. */
export function ndtr(x: number): number {
  const z = Math.abs(x) * Math.SQRT1_2;
  if (z <= 0.5) return 0.5 + 0.5 * erf(x * Math.SQRT1_2);
  const tail = z > 28 ? 0 : 0.5 * expSquare(-0.5, x) * erfcxTail(z);
  return x < 0 ? tail : 1 - tail;
}

/** log Φ(x), relative error 2e-15 in both tails. */
export function logNdtr(x: number): number {
  if (x > -1) return x > 0 ? log1p(-ndtr(-x)) : log(ndtr(x));
  return -0.5 * x * x + log(0.5 * erfcxTail(-x * Math.SQRT1_2));
}

/** The x with Φ(x) = p: ∓Infinity at 0 and 1, NaN beyond. Relative error 1e-15. */
export function ndtri(p: number): number {
  if (p < 0.25) return -Math.SQRT2 * erfcinvTail(2 * p);
  if (p > 0.75) return Math.SQRT2 * erfcinvTail(2 * (1 - p));
  return Math.SQRT2 * erfinv(2 * (p - 0.5));
}
