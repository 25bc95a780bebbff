/**
 * log(sinh h / h) and its derivatives, from which the moments of a density proportional to exp(2 h x) on [0, 1] follow. The first derivative
 * is y = coth h - 1/h, with
 *
 *     y'   = 1/h² - 1/sinh² h,        y'' = 2 coth h / sinh² h - 2/h³,
 *
 * and near 0, where these cancel, the power series y = Σ_k c_k h^(2k-1), for |h| < π. From y' = 1 - 2y/h - y²,
 *
 *     c_1 = 1/3,   (2k + 1) c_k = -Σ_{i=1}^{k-1} c_i c_{k-i}   for k > 1,   a sum of terms of one sign.
 */
import { noFurtherDerivative } from "../../autodiff/core/op.js";
import { type Binary, mul, sub, type Unary, unary } from "../../autodiff/index.js";
import {
  exp as expOf,
  log1p as log1pOf,
  logisticDensity,
  log as logOf,
  tanh,
} from "../../autodiff/kernels/formulas/scalarFormulas.js";
import { horner } from "../../autodiff/kernels/special/polynomial.js";
import { bregman } from "./divergences.js";
import { binaryBySlopes, unaryBySlope } from "./slopes.js";

// The coefficients of y', y'' / h and y''', in powers of h².
const SLOPE = /* @__PURE__ */ slopeCoefficients();
function slopeCoefficients(): number[] {
  const c: number[] = [];
  for (let k = 1; k <= 34; k++)
    c.push(c.reduce((sum, x, i) => sum - x * (c[k - 2 - i] as number), k === 1 ? 1 : 0) / (2 * k + 1));
  return c.map((x, i) => (2 * i + 1) * x);
}
const CURVE = /* @__PURE__ */ SLOPE.slice(1).map((c, i) => (2 * i + 2) * c);
const BEND = /* @__PURE__ */ CURVE.map((c, i) => (2 * i + 1) * c);
/** Up to this |h| the series is used; beyond it the closed forms lose at most one digit. */
const NEAR = 1.5;

/** coth h - 1/h; near 0, Lambert's continued fraction h / (3 + h² / (5 + h² / (7 + …))), in which nothing cancels. */
function langevinOf(h: number): number {
  if (Math.abs(h) > 1) return 1 / tanh(h) - 1 / h;
  let tail = 27;
  for (let odd = 25; odd >= 3; odd -= 2) tail = odd + (h * h) / tail;
  return h / tail;
}
/** 1 / sinh² h. */
const cosechSquared = (h: number): number => (4 * logisticDensity(2 * h)) / tanh(h) / tanh(h);
function slopeOf(h: number): number {
  return Math.abs(h) > NEAR ? 1 / (h * h) - cosechSquared(h) : horner(SLOPE, h * h);
}
function curveOf(h: number): number {
  return Math.abs(h) > NEAR ? (2 * cosechSquared(h)) / tanh(h) - 2 / (h * h * h) : h * horner(CURVE, h * h);
}
/** y'''. */
function bendOf(h: number): number {
  const s = cosechSquared(h);
  return Math.abs(h) > NEAR ? 6 / (h * h * h * h) - 4 * s - 6 * s * s : horner(BEND, h * h);
}
/** log(sinh h / h); near 0, from the series sinh h / h = Σ h^2k / (2k + 1)!. */
function logSinhcOf(h: number): number {
  const size = Math.abs(h);
  if (size > 1) return size + log1pOf(-expOf(-2 * size)) - logOf(2 * size);
  let sum = 0;
  for (let k = 9; k >= 1; k--) sum = ((1 + sum) * h * h) / (2 * k * (2 * k + 1));
  return log1pOf(sum);
}

/** log(sinh h / h). */
export const logSinhc: Unary = /* @__PURE__ */ unaryBySlope(
  "logSinhc",
  (h) => logSinhcOf(h),
  (h) => langevin(h),
);
/** y = coth h - 1/h. */
export const langevin: Unary = /* @__PURE__ */ unaryBySlope(
  "langevin",
  (h) => langevinOf(h),
  (h) => langevinSlope(h),
);
/** y'. */
export const langevinSlope: Unary = /* @__PURE__ */ unaryBySlope("langevinSlope", slopeOf, (h) => langevinCurve(h));
const langevinCurve: Unary = /* @__PURE__ */ unaryBySlope("langevinCurve", curveOf, (h) => langevinBend(h));
const langevinBend: Unary = /* @__PURE__ */ unary("langevinBend", bendOf, [
  /* @__PURE__ */ noFurtherDerivative("langevinBend"),
]);

/** log(sinh k / k) - log(sinh h / h) - (k - h) y(h) >= 0, accurate even where k and h are close. */
export const sinhcDivergence: Binary = /* @__PURE__ */ binaryBySlopes(
  "sinhcDivergence",
  (h, k) =>
    Math.abs(k - h) < 1 ? bregman(slopeOf, h, k - h) : logSinhcOf(k) - logSinhcOf(h) - (k - h) * langevinOf(h),
  (h, k) => mul(sub(h, k), langevinSlope(h)),
  (h, k) => sub(langevin(k), langevin(h)),
);
