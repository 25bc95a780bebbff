import {
  type Binary,
  expm1,
  log,
  log1p,
  maximum,
  minimum,
  type TensorLike,
  type Unary,
} from "../../../autodiff/index.js";
import { exp as expOf, log as logOf } from "../../../autodiff/kernels/formulas/scalarFormulas.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { nonnegative, positive } from "../../constraints/index.js";
import { EULER } from "../../core/constants.js";
import { family, type Tensors } from "../../core/family.js";
import { binaryBySlopes, unaryBySlope } from "../../densities/slopes.js";

/**
 * ∫_0^∞ t^n exp(-a t) / (1 + t) dt for a > 0, with relative error 2e-15. For a < 1 from exp(a) E_1(a), the integral for n = 0, by the power
 * series of E_1; else n! exp(a) Γ(-n, a) by its continued fraction (DLMF 6.6.2, 8.9.2). The derivative is minus the integral for n + 1.
 */
function integralOf(a: number, n: number): number {
  if (a < 1 && n === 0) {
    let sum = 0;
    let power = -1;
    for (let k = 1; k <= 20; k++) {
      power *= -a / k;
      sum += power / k;
    }
    return expOf(a) * (sum - EULER - logOf(a));
  }
  // (n - 1)! / a^n
  let scale = 1 / a;
  for (let k = 1; k < n; k++) scale *= k / a;
  if (a < 1) return scale - integralOf(a, n - 1);
  let tail = a + 2 * FRACTIONS + 1 + n;
  for (let k = FRACTIONS; k >= 1; k--) tail = a + 2 * k - 1 + n - (k * (k + n)) / tail;
  return (n === 0 ? 1 : n * scale) / tail;
}
const FRACTIONS = 200;
const integral: Binary = /* @__PURE__ */ binaryBySlopes(
  "gompertzIntegral",
  (a, n) => integralOf(a, n),
  (a, n) => integral(a, n.add(1)).neg(),
  () => 0,
);
/** log a + exp(a) E_1(a). In its derivative, 1 / a cancels. */
const logPlusIntegral: Unary = /* @__PURE__ */ unaryBySlope(
  "gompertzEntropy",
  (a) => logOf(a) + integralOf(a, 0),
  (a) => integral(a, 0),
);

/**
 * Gompertz, a = concentration and b = rate; a (exp(b x) - 1) is Exponential(1):
 *
 *     log p(x) = log(a b) + b x - a (exp(b x) - 1),   x >= 0,
 *     mean = exp(a) E_1(a) / b,   where E_1(a) = ∫_a^∞ exp(-t) / t dt is the exponential integral.
 *
 * @example new Gompertz(1, 2).cdf(0.5).item() // 0.8206
 */
export class Gompertz extends /* @__PURE__ */ family<
  Tensors<"concentration" | "rate">,
  [concentration: TensorLike, rate?: TensorLike]
>("Gompertz", {
  constraints: { concentration: positive, rate: positive },
  defaults: { rate: 1 },
  support: nonnegative,
  keepInside: true,
  formulas: ({ concentration: a, rate: b }) => ({
    logDensity: (x) => {
      const t = x.mul(b);
      return log(a)
        .add(log(b))
        .add(minimum(t, Number.MAX_VALUE))
        .sub(a.mul(expm1(t)));
    },
    draw: (key, shape) => log1p(random.exponential(key, shape).div(a)).div(b),
    mean: () => integral(a, 0).div(b),
    entropy: () => logPlusIntegral(a).add(log(b)).neg().add(1),
    cdf: (x) => expm1(a.mul(expm1(maximum(x, 0).mul(b))).neg()).neg(),
    icdf: (q) => log1p(log1p(q.neg()).neg().div(a)).div(b),
  }),
}) {}
