import {
  exp,
  expm1,
  greater,
  lgamma,
  log,
  log1p,
  maximum,
  minimum,
  mulZeroWins,
  pow,
  reciprocal,
  square,
  type Tensor,
  type TensorLike,
  trigamma,
  where,
} from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { nonnegative, positive } from "../../constraints/index.js";
import { EULER } from "../../core/constants.js";
import { family, type Tensors } from "../../core/family.js";
import { logRatio, secondDifference } from "../../densities/continuous.js";
import { ofWeibull } from "../../kl/positive.js";

/** (x / λ)^k, computed with exp and log, except at x = 0, where pow has a derivative and log has none. */
function powerOf(x: Tensor, scale: Tensor, k: Tensor): Tensor {
  const isInside = greater(x, 0);
  const inner = exp(logRatio(where(isInside, x, scale), scale).mul(k));
  return where(isInside, inner, pow(where(isInside, 0, x).div(scale), k));
}
const meanOf = (scale: Tensor, k: Tensor): Tensor => exp(lgamma(reciprocal(k).add(1))).mul(scale);

/** λ² (Γ(1 + 2r) - Γ(1 + r)²) for r = 1/k, computed from log Γ(1 + 2r) - 2 log Γ(1 + r) so that nothing cancels. */
function varianceOf(scale: Tensor, k: Tensor): Tensor {
  const logMomentRatio = secondDifference(
    reciprocal(k),
    (t) => lgamma(t.add(1)),
    (t) => trigamma(t.add(1)),
  );
  return square(meanOf(scale, k)).mul(expm1(logMomentRatio));
}

/**
 * Weibull, λ = scale and k = concentration, z = (x / λ)^k:
 *
 *     log p(x) = log k - log λ + (k - 1) log(x / λ) - z,   x >= 0.
 *
 * @example new Weibull(1, 2).cdf(1).item() // 0.6321
 */
export class Weibull extends /* @__PURE__ */ family<
  Tensors<"scale" | "concentration">,
  [scale: TensorLike, concentration: TensorLike]
>("Weibull", {
  constraints: { scale: positive, concentration: positive },
  support: nonnegative,
  keepInside: true,
  formulas: ({ scale, concentration: k }) => ({
    logDensity: (x) => {
      const ratio = minimum(logRatio(x, scale), Number.MAX_VALUE);
      return mulZeroWins(k.sub(1), ratio)
        .sub(powerOf(x, scale, k))
        .add(log(k))
        .sub(log(scale));
    },
    draw: (key, shape) => pow(random.exponential(key, shape), reciprocal(k)).mul(scale),
    mean: () => meanOf(scale, k),
    variance: () => varianceOf(scale, k),
    entropy: () => {
      const free = reciprocal(k).neg().add(1).mul(EULER);
      return free.add(log(scale.div(k))).add(1);
    },
    cdf: (x) => expm1(powerOf(maximum(x, 0), scale, k).neg()).neg(),
    icdf: (q) => pow(log1p(q.neg()).neg(), reciprocal(k)).mul(scale),
  }),
  divergences: ofWeibull,
}) {}
