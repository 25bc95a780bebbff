import {
  expm1,
  log,
  log1p,
  maximum,
  minimum,
  mulZeroWins,
  type TensorLike,
  type Unary,
  unary,
} from "../../../autodiff/index.js";
import { exp as expOf, log as logOf } from "../../../autodiff/kernels/formulas/scalarFormulas.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { nonnegative, positive } from "../../constraints/index.js";
import { EULER } from "../../core/constants.js";
import { family, type Tensors } from "../../core/family.js";

/**
 * exp(a) E_1(a) for a > 0, with relative error 2e-15: by the power series of E_1 for a < 1, else by its continued fraction (DLMF 6.6.2,
 * 6.9.1).
 */
function scaledE1Of(a: number): number {
  if (a < 1) {
    let sum = 0;
    let power = -1;
    for (let k = 1; k <= 20; k++) {
      power *= -a / k;
      sum += power / k;
    }
    return expOf(a) * (sum - EULER - logOf(a));
  }
  let tail = a + 2 * FRACTIONS + 1;
  for (let k = FRACTIONS; k >= 1; k--) tail = a + 2 * k - 1 - (k * k) / tail;
  return 1 / tail;
}
const FRACTIONS = 200;
const scaledE1: Unary = /* @__PURE__ */ unary("scaledE1", (a) => scaledE1Of(a), [
  (g, y, a) => mulZeroWins(g, y.sub(a.reciprocal())),
]);

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
    mean: () => scaledE1(a).div(b),
    entropy: () => scaledE1(a).add(log(a)).add(log(b)).neg().add(1),
    cdf: (x) => expm1(a.mul(expm1(maximum(x, 0).mul(b))).neg()).neg(),
    icdf: (q) => log1p(log1p(q.neg()).neg().div(a)).div(b),
  }),
}) {}
