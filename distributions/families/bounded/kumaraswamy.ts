import {
  type Binary,
  clip,
  digammaDifference,
  exp,
  expm1,
  log,
  log1p,
  logBeta,
  mul,
  mulZeroWins,
  neg,
  pow,
  reciprocal,
  square,
  sub,
  type Tensor,
  type TensorLike,
  trigamma,
  xlogy,
} from "../../../autodiff/index.js";
import { log1mexp as log1mexpOf, log as logOf } from "../../../autodiff/kernels/formulas/scalarFormulas.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { positive, unitInterval } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { secondDifference } from "../../densities/continuous.js";
import { binaryBySlopes } from "../../densities/slopes.js";
import { ofKumaraswamy } from "../../kl/bounded.js";

/** log(1 - x^a), also at x = 0, where the derivative with respect to x is -1 for a = 1. */
const logRest: Binary = /* @__PURE__ */ binaryBySlopes(
  "logOneMinusPower",
  (a, x) => log1mexpOf(logOf(x) * a),
  (a, x) => neg(mulZeroWins(xlogy(pow(x, a), x), exp(neg(logRest(a, x))))),
  (a, x) => neg(mulZeroWins(mul(a, pow(x, sub(a, 1))), exp(neg(logRest(a, x))))),
);

/** log E x^(a t) = log(b B(1 + t, b)). In b + 1, unlike in b, no slopes of size 1 / b cancel. */
const logMoment = (t: Tensor, b: Tensor): Tensor => log(t.add(b).add(1)).add(logBeta(t.add(1), b.add(1)));
const meanOf = (a: Tensor, b: Tensor): Tensor => exp(logMoment(reciprocal(a), b));

/** E x² - (E x)², computed from log E x² - 2 log E x so that nothing cancels. */
function varianceOf(a: Tensor, b: Tensor): Tensor {
  const logMomentRatio = secondDifference(
    reciprocal(a),
    (t) => logMoment(t, b),
    (t) => trigamma(t.add(1)).sub(trigamma(t.add(1).add(b.expandDims(-1)))),
  );
  return mulZeroWins(square(meanOf(a, b)), expm1(logMomentRatio));
}

/**
 * Kumaraswamy, a = concentration1 and b = concentration0:
 *
 *     log p(x) = log a + log b + (a - 1) log x + (b - 1) log(1 - x^a),   0 <= x <= 1.
 *
 * @example new Kumaraswamy(2, 3).cdf(0.5).item() // 0.5781
 */
export class Kumaraswamy extends /* @__PURE__ */ family<
  Tensors<"concentration1" | "concentration0">,
  [concentration1: TensorLike, concentration0: TensorLike]
>("Kumaraswamy", {
  constraints: { concentration1: positive, concentration0: positive },
  support: unitInterval,
  keepInside: true,
  formulas: ({ concentration1: a, concentration0: b }) => ({
    logDensity: (x) =>
      xlogy(a.sub(1), x)
        .add(mulZeroWins(b.sub(1), logRest(a, x)))
        .add(log(a))
        .add(log(b)),
    draw: (key, shape) => {
      const logRest = random.exponential(key, shape).neg().div(b);
      return exp(log(expm1(logRest).neg()).div(a));
    },
    mean: () => meanOf(a, b),
    variance: () => varianceOf(a, b),
    entropy: () => {
      const spread = reciprocal(a).neg().add(1).mul(digammaDifference(1, b));
      return reciprocal(b).neg().add(1).add(spread).sub(log(a)).sub(log(b));
    },
    cdf: (x) => expm1(logRest(a, clip(x, 0, 1)).mul(b)).neg(),
    icdf: (q) => pow(expm1(log1p(q.neg()).div(b)).neg(), reciprocal(a)),
  }),
  divergences: ofKumaraswamy,
}) {}
