/**
 * The op table of the special functions. The scalar functions, each with its method and error bound, are in kernels/special; this file adds
 * the gradients.
 */

import * as kinds from "../../../provenance/base/kinds.js";
import { requireKind } from "../../../provenance/base/options.js";
import type { TensorLike } from "../../core/convert.js";
import { noFurtherDerivative } from "../../core/op.js";
import { asTensor, type Tensor } from "../../core/tensor.js";
import { log } from "../../kernels/formulas/scalarFormulas.js";
import * as erfcxSlopes from "../../kernels/special/erfcxSlope.js";
import * as special from "../../kernels/special/index.js";
import { type Binary, binary, derivatives, type Unary, unary } from "./elementwise.js";
import { add, div, equal, exp, mul, mulZeroWins, neg, sign, square, sub, where } from "./math.js";

const SQRT_PI = Math.sqrt(Math.PI);
const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
const LOG_SQRT_2PI = 0.9189385332046728;

// The gamma family
export const lgamma: Unary = unary("lgamma", special.lgamma, derivatives([(_, a) => digamma(a)]));
export const digamma: Unary = unary("digamma", special.digamma, derivatives([(_, a) => trigamma(a)]));
export const trigamma: Unary = unary("trigamma", special.trigamma, derivatives([(_, a) => tetragamma(a)]));
export const tetragamma: Unary = unary(
  "tetragamma",
  (a) => special.polygamma(2, a),
  derivatives([(_, a) => pentagamma(a)]),
);
export const pentagamma: Unary = unary("pentagamma", (a) => special.polygamma(3, a), [
  noFurtherDerivative("pentagamma"),
]);
/** log B(a, b) = lgamma(a) + lgamma(b) - lgamma(a + b), computed without cancellation. */
export const logBeta: Binary = binary(
  "logBeta",
  special.logBeta,
  derivatives([(_, a, b) => neg(digammaDifference(a, b)), (_, a, b) => neg(digammaDifference(b, a))]),
);
/** ψ(a + b) - ψ(a) for positive a and b, computed without cancellation. */
export const digammaDifference: Binary = binary(
  "digammaDifference",
  special.digammaDifference,
  derivatives([(_, a, b) => sub(trigamma(add(a, b)), trigamma(a)), (_, a, b) => trigamma(add(a, b))]),
);
/** log Γ_d(a) = d(d-1)/4 log π + Σ_{j<d} lgamma(a - j/2), d a whole number. */
export const multigammaln = (a: TensorLike, d: number): Tensor => {
  requireKind("multigammaln", "d", d, kinds.count);
  const x = asTensor("multigammaln", a);
  let sum = lgamma(x);
  for (let j = 1; j < d; j++) sum = add(sum, lgamma(sub(x, j / 2)));
  return add(sum, ((d * (d - 1)) / 4) * log(Math.PI));
};

// The error function family
export const erf: Unary = unary("erf", special.erf, derivatives([(_, a) => mul(2 / SQRT_PI, exp(neg(square(a))))]));
export const erfc: Unary = unary("erfc", special.erfc, derivatives([(_, a) => mul(-2 / SQRT_PI, exp(neg(square(a))))]));
export const erfcx: Unary = unary("erfcx", special.erfcx, derivatives([(_, a) => erfcxSlope(a)]));
const erfcxSlope: Unary = unary("erfcxSlope", erfcxSlopes.erfcxSlope, derivatives([(_, a) => erfcxCurve(a)]));
const erfcxCurve: Unary = unary(
  "erfcxCurve",
  erfcxSlopes.erfcxCurve,
  derivatives([(y, a) => add(mul(4, erfcxSlope(a)), mul(2, mul(a, y)))]),
);
export const erfinv: Unary = unary("erfinv", special.erfinv, derivatives([(y) => mul(SQRT_PI / 2, exp(square(y)))]));
/** The standard normal distribution function Φ, its logarithm, and its inverse. */
export const ndtr: Unary = unary("ndtr", special.ndtr, derivatives([(_, a) => exp(logNormalDensity(a))]));
export const logNdtr: Unary = unary("logNdtr", special.logNdtr, derivatives([(_, a) => hazard(a)]));
/** φ/Φ, the derivative of log Φ. */
const hazard: Unary = unary(
  "hazard",
  (a) => SQRT_2_OVER_PI / special.erfcx(a * -Math.SQRT1_2),
  derivatives([(y, a) => mulZeroWins(y, mul(Math.SQRT1_2, erfcxLogSlope(mul(a, -Math.SQRT1_2))))]),
);
const erfcxLogSlope: Unary = unary(
  "erfcxLogSlope",
  erfcxSlopes.erfcxLogSlope,
  derivatives([(y, a) => sub(div(erfcxCurve(a), erfcx(a)), square(y))]),
);
export const ndtri: Unary = unary("ndtri", special.ndtri, derivatives([(y) => exp(neg(logNormalDensity(y)))]));
const logNormalDensity = (x: Tensor): Tensor => sub(mul(-0.5, square(x)), LOG_SQRT_2PI);

// Modified Bessel functions, scaled by exp(-|a|); besselGap(a) is exp(-|a|) (I_0(a) - I_1(|a|))
export const i0e: Unary = unary("i0e", special.i0e, derivatives([(_, a) => neg(mul(sign(a), besselGap(a)))]));
export const i1e: Unary = unary("i1e", special.i1e, derivatives([(_, a) => sub(besselGap(a), i1eOverArgument(a))]));
export const logI0: Unary = unary("logI0", special.logI0, derivatives([(_, a) => besselRatio(a)]));
export const besselGap: Unary = unary("besselGap", special.besselGap, derivatives([(_, a) => besselGapSlope(a)]));
const besselGapSlope: Unary = unary(
  "besselGapSlope",
  special.besselGapSlope,
  derivatives([(y, a) => mul(sign(a), sub(i1eOverArgumentSlope(a), mul(2, y)))]),
);
/** i1e(a) / a; at a = 0, the limit 1/2. */
const i1eOverArgument: Unary = unary(
  "i1eOverArgument",
  special.i1eOverArgument,
  derivatives([(_, a) => i1eOverArgumentSlope(a)]),
);
const i1eOverArgumentSlope: Unary = unary(
  "i1eOverArgumentSlope",
  special.i1eOverArgumentSlope,
  derivatives([(y, a) => overArgument(sub(besselGapSlope(a), mul(3, y)), a)]),
);
const besselRatio: Unary = unary("besselRatio", special.besselRatio, derivatives([(_, a) => besselRatioSlope(a)]));
const besselRatioSlope: Unary = unary(
  "besselRatioSlope",
  special.besselRatioSlope,
  derivatives([
    (y, a) => sub(overArgument(sub(overArgument(besselRatio(a), a), y), a), mul(2, mul(besselRatio(a), y))),
  ]),
);
/** y / a, or 0 at a = 0, for odd functions. */
const overArgument = (y: Tensor, a: Tensor): Tensor => div(y, where(equal(a, 0), Infinity, a));
