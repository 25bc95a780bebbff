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

type Params = Tensors<"scale" | "concentration">;
/** (x / scale)^concentration, computed with exp and log, except at x = 0, where pow has a derivative and log has none. */
function powerOf(x: Tensor, { scale, concentration }: Params): Tensor {
  const isInside = greater(x, 0);
  const inner = exp(logRatio(where(isInside, x, scale), scale).mul(concentration));
  return where(isInside, inner, pow(where(isInside, 0, x).div(scale), concentration));
}
const meanOf = ({ scale, concentration }: Params): Tensor => exp(lgamma(reciprocal(concentration).add(1))).mul(scale);

/** λ² (Γ(1 + 2r) - Γ(1 + r)²) for r = 1/k, computed from log Γ(1 + 2r) - 2 log Γ(1 + r) so that nothing cancels. */
function varianceOf(p: Params): Tensor {
  const bend = secondDifference(
    reciprocal(p.concentration),
    (t) => lgamma(t.add(1)),
    (t) => trigamma(t.add(1)),
  );
  return square(meanOf(p)).mul(expm1(bend));
}

/**
 * Weibull, λ = scale and k = concentration, z = (x / λ)^k:
 *
 *     log p(x) = log k - log λ + (k - 1) log(x / λ) - z,   x >= 0.
 *
 * @example new Weibull(1, 2).cdf(1).item() // 0.6321
 */
export class Weibull extends /* @__PURE__ */ family<Params, [scale: TensorLike, concentration: TensorLike]>("Weibull", {
  constraints: { scale: positive, concentration: positive },
  support: nonnegative,
  logDensity: (x, p) => {
    const { scale, concentration: k } = p;
    const ratio = logRatio(x, scale);
    return mulZeroWins(k.sub(1), minimum(ratio, Number.MAX_VALUE)).sub(powerOf(x, p)).add(log(k)).sub(log(scale));
  },
  draw: (key, shape, { scale, concentration }) =>
    pow(random.exponential(key, shape), reciprocal(concentration)).mul(scale),
  keepInside: true,
  mean: meanOf,
  variance: varianceOf,
  entropy: ({ scale, concentration: k }) =>
    reciprocal(k)
      .neg()
      .add(1)
      .mul(EULER)
      .add(log(scale.div(k)))
      .add(1),
  cdf: (x, p) => expm1(powerOf(maximum(x, 0), p).neg()).neg(),
  icdf: (q, { scale, concentration }) => pow(log1p(q.neg()).neg(), reciprocal(concentration)).mul(scale),
  divergences: ofWeibull,
}) {}
