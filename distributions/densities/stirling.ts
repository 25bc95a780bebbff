/**
 * Entropies and a part of divergences, computed with the error δ of Stirling's formula (continuous.ts) and its derivatives, so that terms as
 * large as the parameters do not cancel.
 */
import { digamma, mul, sub, type Tensor, trigamma, type Unary } from "../../autodiff/index.js";
import { log as logOf } from "../../autodiff/kernels/formulas/scalarFormulas.js";
import {
  digamma as digammaOf,
  excessOverLog,
  gaussLegendre,
  lgamma,
  trigamma as trigammaOf,
} from "../../autodiff/kernels/special/index.js";
import { tetragamma } from "../../autodiff/ops/elementwise/special.js";
import { stirlingError } from "./continuous.js";
import { unaryBySlope } from "./slopes.js";

// Coefficients of a²(ψ(a) - log a + 1/(2a)) in powers of 1/a², for a >= 10.
const DIGAMMA_TAIL = [-1 / 12, 1 / 120, -1 / 252, 1 / 240, -1 / 132, 691 / 32760];

/** δ'(a) = ψ(a) - log a + 1/(2a). */
const correctionSlope = (a: number): number =>
  a < 10 ? digammaOf(a) - logOf(a) + 0.5 / a : DIGAMMA_TAIL.reduceRight((sum, c) => sum / (a * a) + c, 0) / (a * a);

/** δ''(a) = ψ'(a) - 1/a - 1/(2a²). */
const correctionCurve = (a: number): number =>
  a < 10
    ? trigammaOf(a) - 1 / a - 0.5 / (a * a)
    : -DIGAMMA_TAIL.reduceRight((sum, c, k) => sum / (a * a) + (2 * k + 2) * c, 0) / (a * a * a);

/** a + lgamma(a) + (1 - a) ψ(a), the entropy of Gamma(a, 1). The sum grows like log(2π e a) / 2, but its terms grow like a log a. */
export const gammaEntropy: Unary = /* @__PURE__ */ unaryBySlope(
  "gammaEntropy",
  (a) => {
    if (a < 10) return a + lgamma(a) + (1 - a) * digammaOf(a);
    return 0.5 * (logOf(2 * Math.PI * a) + 1 - 1 / a) + stirlingError(a) + (1 - a) * correctionSlope(a);
  },
  (a) => gammaEntropySlope(a),
);
/** 1 + (1 - a) ψ'(a), which falls like 1/(2a). */
const gammaEntropySlope: Unary = /* @__PURE__ */ unaryBySlope(
  "gammaEntropySlope",
  (a) => (a < 10 ? 1 + (1 - a) * trigammaOf(a) : (0.5 + 0.5 / a) / a + (1 - a) * correctionCurve(a)),
  (a) => sub(mul(sub(1, a), tetragamma(a)), trigamma(a)),
);

/** The entropy of Beta(a, b). */
export function betaEntropy(a: Tensor, b: Tensor): Tensor {
  const total = a.add(b);
  return gammaEntropy(a).add(gammaEntropy(b)).sub(gammaEntropy(total)).sub(digamma(total));
}

/**
 * KL(Gamma(a, 1) | Gamma(c, 1)) - D(c, a) = lgamma(c) - lgamma(a) - d ψ(a) - D(c, a) for d = c - a. To avoid terms as large as a, this is
 * computed as (u - log(1 + u)) / 2 + δ(c) - δ(a) - d δ'(a) with u = d/a. Where a and c are close, δ(c) - δ(a) - d δ'(a) is computed as
 * d² ∫_0^1 (1 - t) δ''(a + t d) dt. For a < 1e-100, where a² may underflow, δ''(a) is 1/(2a²).
 */
export function stirlingExcess(a: number, c: number, d: number): number {
  const first = 0.5 * excessOverLog(d / a, c / a);
  if (Math.abs(d) >= 0.5 * a) return first + stirlingError(c) - stirlingError(a) - d * correctionSlope(a);
  return first + (a < 1e-100 ? first : d * (d * gaussLegendre((t) => (1 - t) * correctionCurve(a + t * d), 0, 1)));
}
