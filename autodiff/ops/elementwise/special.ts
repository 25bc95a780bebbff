/**
 * The op table of the special functions. The scalar functions, each with its method and error bound, are in kernels/special; this file adds
 * the gradients.
 */

import type { TensorLike } from "../../core/convert.js";
import { noFurtherDerivative } from "../../core/op.js";
import type { Tensor } from "../../core/tensor.js";
import { log } from "../../kernels/formulas/scalarFormulas.js";
import { erfcxCurve as erfcxCurveOf, erfcxSlope as erfcxSlopeOf } from "../../kernels/special/erfcxSlope.js";
import * as special from "../../kernels/special/index.js";
import { type Binary, binary, type Unary, unary } from "./elementwise.js";
import { add, div, equal, exp, mul, mulZeroWins, neg, sign, square, sub, where } from "./math.js";

const SQRT_PI = Math.sqrt(Math.PI);
const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
const LOG_SQRT_2PI = 0.9189385332046728;

// The gamma family
export const lgamma: Unary = unary("lgamma", (a) => special.lgamma(a), [(g, _, a) => mulZeroWins(g, digamma(a))]);
export const digamma: Unary = unary("digamma", (a) => special.digamma(a), [(g, _, a) => mulZeroWins(g, trigamma(a))]);
export const trigamma: Unary = unary("trigamma", (a) => special.trigamma(a), [
  (g, _, a) => mulZeroWins(g, tetragamma(a)),
]);
export const tetragamma: Unary = unary("tetragamma", (a) => special.polygamma(2, a), [
  (g, _, a) => mulZeroWins(g, pentagamma(a)),
]);
export const pentagamma: Unary = unary("pentagamma", (a) => special.polygamma(3, a), [
  noFurtherDerivative("pentagamma"),
]);
/** log B(a, b) = lgamma(a) + lgamma(b) - lgamma(a + b), computed without cancellation. */
export const logBeta: Binary = binary("logBeta", (a, b) => special.logBeta(a, b), [
  (g, _, a, b) => mulZeroWins(g, neg(digammaDifference(a, b))),
  (g, _, a, b) => mulZeroWins(g, neg(digammaDifference(b, a))),
]);
/** ψ(a + b) - ψ(a) for positive a and b, computed without cancellation. */
export const digammaDifference: Binary = binary("digammaDifference", (a, b) => special.digammaDifference(a, b), [
  (g, _, a, b) => mulZeroWins(g, sub(trigamma(add(a, b)), trigamma(a))),
  (g, _, a, b) => mulZeroWins(g, trigamma(add(a, b))),
]);
/** log Γ_d(a) = d(d-1)/4 log π + Σ_{j<d} lgamma(a - j/2), d a whole number. */
export const multigammaln = (a: TensorLike, d: number): Tensor => {
  let sum = lgamma(a);
  for (let j = 1; j < d; j++) sum = add(sum, lgamma(sub(a, j / 2)));
  return add(sum, ((d * (d - 1)) / 4) * log(Math.PI));
};

// The error function family
export const erf: Unary = unary("erf", (a) => special.erf(a), [
  (g, _, a) => mulZeroWins(g, mul(2 / SQRT_PI, exp(neg(square(a))))),
]);
export const erfc: Unary = unary("erfc", (a) => special.erfc(a), [
  (g, _, a) => mulZeroWins(g, mul(-2 / SQRT_PI, exp(neg(square(a))))),
]);
export const erfcx: Unary = unary("erfcx", (a) => special.erfcx(a), [(g, _, a) => mulZeroWins(g, erfcxSlope(a))]);
const erfcxSlope: Unary = unary("erfcxSlope", (a) => erfcxSlopeOf(a), [(g, _, a) => mulZeroWins(g, erfcxCurve(a))]);
const erfcxCurve: Unary = unary("erfcxCurve", (a) => erfcxCurveOf(a), [
  (g, y, a) => mulZeroWins(g, add(mul(4, erfcxSlope(a)), mul(2, mul(a, y)))),
]);
export const erfinv: Unary = unary("erfinv", (a) => special.erfinv(a), [
  (g, y) => mulZeroWins(g, mul(SQRT_PI / 2, exp(square(y)))),
]);
/** The standard normal distribution function Φ, its logarithm, and its inverse. */
export const ndtr: Unary = unary("ndtr", (a) => special.ndtr(a), [
  (g, _, a) => mulZeroWins(g, exp(logNormalDensity(a))),
]);
export const logNdtr: Unary = unary("logNdtr", (a) => special.logNdtr(a), [
  (g, _, a) => mulZeroWins(g, div(SQRT_2_OVER_PI, erfcx(mul(a, -Math.SQRT1_2)))),
]);
export const ndtri: Unary = unary("ndtri", (a) => special.ndtri(a), [
  (g, y) => mulZeroWins(g, exp(neg(logNormalDensity(y)))),
]);
const logNormalDensity = (x: Tensor): Tensor => sub(mul(-0.5, square(x)), LOG_SQRT_2PI);

// Modified Bessel functions, scaled by exp(-|a|); besselGap(a) is exp(-|a|) (I_0(a) - I_1(|a|))
export const i0e: Unary = unary("i0e", (a) => special.i0e(a), [
  (g, _, a) => mulZeroWins(g, neg(mul(sign(a), besselGap(a)))),
]);
export const i1e: Unary = unary("i1e", (a) => special.i1e(a), [
  (g, y, a) => mulZeroWins(g, sub(besselGap(a), ratio(y, a))),
]);
export const logI0: Unary = unary("logI0", (a) => special.logI0(a), [(g, _, a) => mulZeroWins(g, div(i1e(a), i0e(a)))]);
export const besselGap: Unary = unary("besselGap", (a) => special.besselGap(a), [
  (g, y, a) => mulZeroWins(g, mul(sign(a), sub(ratio(i1e(a), a), mul(2, y)))),
]);
/** y / a for y = i1e(a); at a = 0, the limit 1/2. */
const ratio = (y: Tensor, a: Tensor): Tensor => where(equal(a, 0), 0.5, div(y, a));
