/**
 * The log probability of [a, b] under the standard normal distribution, minus the log density at m, the point of [a, b] nearest to 0:
 *
 *     r(a, b) = log((Φ(b) - Φ(a)) / φ(m)),   dr/da = m dm/da - exp((m² - a²)/2 - r),   dr/db = m dm/db + exp((m² - b²)/2 - r).
 *
 * r has moderate size even if the interval is a hundred standard deviations from 0 or very narrow. The width b - a is a separate argument,
 * because it may have more correct digits than the difference of the rounded a and b.
 */

import { add, exp, greater, less, mul, sub, type Tensor, type Ternary, ternary, where } from "../../autodiff/index.js";
import { exp as expOf, log, log1mexp, log1p } from "../../autodiff/kernels/formulas/scalarFormulas.js";
import { erfcx, gaussLegendre, ndtr } from "../../autodiff/kernels/special/index.js";
import { derivatives } from "../../autodiff/ops/elementwise/elementwise.js";
import { LOG_SQRT_2PI } from "../core/constants.js";

/** m: the point of [a, b] nearest to 0. Where a or b is 0, its derivative is 0, as in the gradient of r. */
export const nearest = (a: Tensor, b: Tensor): Tensor => where(greater(a, 0), a, where(less(b, 0), b, 0));

/** exp((m² - x²)/2 - r): the density at an end x, divided by the mass. */
const hazard = (r: Tensor, a: Tensor, b: Tensor, x: Tensor): Tensor => {
  const m = nearest(a, b);
  return exp(sub(mul(mul(sub(m, x), add(m, x)), 0.5), r));
};

/** r(a, b) as an op of a, b and the width b - a. */
export const logMassOver: Ternary = /* @__PURE__ */ ternary(
  "logMassOver",
  logMassOverOf,
  /* @__PURE__ */ derivatives<[Tensor, Tensor, Tensor]>([
    (r, a, b) => sub(where(greater(a, 0), a, 0), hazard(r, a, b, a)),
    (r, a, b) => add(where(less(b, 0), b, 0), hazard(r, a, b, b)),
    () => 0,
  ]),
);

function logMassOverOf(a: number, b: number, width: number): number {
  // If a is the end farther from 0, reflect the interval, so that b is this end.
  if (a + b < 0) return logMassOverOf(-b, -a, width);
  if (width === 0) return -Infinity;
  if (width < 2 && width * (a + b) < 4) {
    const integral = gaussLegendre((t) => expOf(-t * (a + 0.5 * t)), 0, width);
    return log(integral) - (a < 0 ? 0.5 * a * a : 0);
  }
  if (!(a > 0)) return log1p(-ndtr(-b) - ndtr(a)) + LOG_SQRT_2PI;
  // With Mills' ratio M = (1 - Φ) / φ the result is log (M(a) - exp((a² - b²)/2) M(b)).
  const fall = b === Infinity ? -Infinity : 0.5 * (a - b) * (a + b) + log(mills(b) / mills(a));
  return log(mills(a)) + log1mexp(fall);
}
const mills = (x: number): number => Math.sqrt(Math.PI / 2) * erfcx(x * Math.SQRT1_2);
