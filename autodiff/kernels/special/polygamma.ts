/**
 * ψ = (log Γ)' and its derivatives: rational functions for 1 <= x < 8, Stirling's series for larger x, one step of the recurrence for
 * 0 <= x < 1, reflection for x < 0.
 */
import { log, log1p, sin, tan } from "../formulas/scalarFormulas.js";
import { horner, ratio } from "./polynomial.js";

const PI2 = Math.PI * Math.PI;
// The zero of ψ on the positive axis, in two parts.
const ZERO = 1.4616321449683622;
const ZERO_REST = 9.549995429965697e-17;
// ψ(x) / (x - zero) for 1 <= x <= 8, error 5e-16.
const DIGAMMA_P = [
  198226339.1195059, 689725530.5065373, 748166581.7752111, 357045227.67004555, 83362952.32134281, 9654492.98114063,
  526339.0167480493, 11766.152040821238, 77.01550401413934, 0.024588327252417223,
];
const DIGAMMA_Q = [
  1, 289733978.87883866, 642659724.2888399, 509458682.4234204, 188491142.70132133, 35098302.22103959, 3279521.50090445,
  144017.57420812992, 2542.9832341757715, 12.264852293013945,
];
// x² (log x - 1/(2x) - ψ(x)) as a function of 1/x² for x >= 8, error 2e-16.
const DIGAMMA_TAIL = [
  0.08333333333333333, -0.008333333333331664, 0.003968253965999701, -0.004166665501516725, 0.007575459920369176,
  -0.02105106090804774, 0.08002337465397756, -0.299425370626735,
];
// x ψ'(x) as a function of 1/x for 1 <= x <= 8, error 5e-16.
const TRIGAMMA_P = [
  1.000000000007299, 10.403296172126664, 49.93073969893431, 140.6228197118724, 250.8349605762586, 288.8928718725164,
  211.79508925318154, 93.79340726479136, 21.00863708101671, 0,
];
const TRIGAMMA_Q = [
  1, 9.903296172586632, 44.81242493230013, 116.56605813959052, 185.11652395418278, 177.23707751043062,
  93.79346499220597, 21.008624428632007, 1.7778751928683932e-6, -1.2050896660060729e-7,
];
// x³ (ψ'(x) - 1/x - 1/(2x²)) as a function of 1/x² for x >= 8, error 2e-16.
const TRIGAMMA_TAIL = [
  0.16666666666666666, -0.0333333333333322, 0.023809523807580096, -0.03333333204380414, 0.07575714459070881,
  -0.25303182992145234, 1.1574253415441726, -6.4640994255594775, 30.16232499270368,
];
// B_2k / (2k)! for the Bernoulli numbers B_2, B_4, …
const BERNOULLI_OVER_FACTORIAL = [
  1 / 12,
  -1 / 720,
  1 / 30240,
  -1 / 1209600,
  1 / 47900160,
  -691 / 1307674368000,
  1 / 74724249600,
  -3617 / 10670622842880000,
];

/** log x - ψ(x) for x >= 8, relative error 3e-16: about 1/(2x). */
export function logMinusDigamma(x: number): number {
  const u = 1 / x;
  return u * (0.5 + u * horner(DIGAMMA_TAIL, u * u));
}

/** cot πx, exact at its zeros. */
function cotpi(x: number): number {
  const r = x - Math.round(x);
  const size = Math.abs(r);
  return Math.sign(r) * (size < 0.25 ? 1 / tan(Math.PI * size) : tan(Math.PI * (0.5 - size)));
}

/** ψ(x); -Infinity at 0, NaN at -1, -2, …. Relative error 1e-15 for x > 0, also at the zero 1.4616. */
export function digamma(x: number): number {
  if (x >= 8) return log(x) - logMinusDigamma(x);
  if (x >= 1) return (x - ZERO - ZERO_REST) * ratio(DIGAMMA_P, DIGAMMA_Q, x);
  if (x >= 0) return digamma(x + 1) - 1 / x;
  if (!(Math.floor(x) < x)) return NaN;
  return digamma(1 - x) - Math.PI * cotpi(x);
}

/** ψ'(x); Infinity at 0, -1, -2, …. Relative error 1e-15 for x > 0. */
export function trigamma(x: number): number {
  const u = 1 / x;
  if (x >= 8) return u + u * u * (0.5 + u * horner(TRIGAMMA_TAIL, u * u));
  if (x >= 1) return u * ratio(TRIGAMMA_P, TRIGAMMA_Q, u);
  if (x >= 0) return trigamma(x + 1) + u * u;
  if (Number.isNaN(x)) return NaN;
  const cosecant = 1 / sin(Math.PI * (x - Math.round(x)));
  return PI2 * cosecant * cosecant - trigamma(1 - x);
}

/**
 * ψ^(n)(x) for n = 2, 3: (-1)^(n+1) n! ζ(n+1, x). The terms of the zeta function with x + k < 16 are summed one by one, the others by the
 * Euler–Maclaurin formula (DLMF 25.11.43); x < 0 uses reflection. Relative error 2e-15 for x > 0.
 */
export function polygamma(n: 2 | 3, x: number): number {
  const sign = n === 2 ? -1 : 1;
  if (x <= 0) {
    const cotangent = cotpi(x);
    const cosecant2 = 1 + cotangent * cotangent;
    if (n === 2) return polygamma(2, 1 - x) - 2 * PI2 * Math.PI * cosecant2 * cotangent;
    return 2 * PI2 * PI2 * cosecant2 * (2 * cotangent * cotangent + cosecant2) - polygamma(3, 1 - x);
  }
  let factorial = n === 2 ? 2 : 6;
  let sum = 0;
  const inversePower = (x: number): number => (n === 2 ? 1 / (x * x) : 1 / (x * x * x));
  for (; x < 16; x++) sum += (factorial * inversePower(x)) / x;
  let power = inversePower(x);
  sum += factorial * power * (1 / n + 0.5 / x);
  factorial *= n + 1;
  for (let k = 1; k <= BERNOULLI_OVER_FACTORIAL.length; k++) {
    power /= x * x;
    sum += (BERNOULLI_OVER_FACTORIAL[k - 1] as number) * factorial * power;
    factorial *= (n + 2 * k) * (n + 2 * k + 1);
  }
  return sign * sum;
}

/**
 * ψ(a+b) - ψ(a) for a, b > 0, relative error 1e-15: every term is positive, so nothing cancels. The recurrence raises a to at least 8. Then
 * the difference is log(1 + b/a) plus the divided difference of the tail series. For a <= 0, where the recurrence might take any number of
 * steps, the two values of ψ are subtracted.
 */
export function digammaDifference(a: number, b: number): number {
  if (!(a > 0)) return digamma(a + b) - digamma(a);
  let sum = 0;
  for (; a < 8; a++) sum += b / (a + b) / a;
  return sum + log1p(b / a) + tailDifference(a, b);
}

/** ψ(a+b) - log(a+b) - (ψ(a) - log a) for a, b > 0, which is about b / (2a (a+b)). */
export function digammaExcessDifference(a: number, b: number): number {
  return a < 8 ? digammaDifference(a, b) - log1p(b / a) : tailDifference(a, b);
}

/** The same for a >= 8. */
function tailDifference(a: number, b: number): number {
  const u = 1 / a;
  const v = 1 / (a + b);
  const gap = b * u * v;
  // Horner's rule for p(v²) and for (p(u²) - p(v²)) / (u² - v²) in one loop, where p(z) = z tail(z).
  let value = 0;
  let slope = 0;
  for (let k = DIGAMMA_TAIL.length - 1; k >= 0; k--) {
    slope = slope * u * u + value;
    value = value * v * v + (DIGAMMA_TAIL[k] as number);
  }
  slope = slope * u * u + value;
  return gap * (0.5 + (u + v) * slope);
}
