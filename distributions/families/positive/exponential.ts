import type { TensorLike } from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { nonnegative, positive } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { ofExponential } from "../../kl/positive.js";

/**
 * Exponential, rate = 1 / mean:
 *
 *     log p(x) = log(rate) - rate x,   x >= 0.
 *
 * @example new Exponential(2).cdf(1).item() // 0.8647
 */
export class Exponential extends /* @__PURE__ */ family<Tensors<"rate">, [rate?: TensorLike]>("Exponential", {
  constraints: { rate: positive },
  defaults: { rate: 1 },
  support: nonnegative,
  logDensity: (x, { rate }) => rate.log().sub(rate.mul(x)),
  draw: (key, shape, { rate }) => random.exponential(key, shape).div(rate),
  mean: ({ rate }) => rate.reciprocal(),
  variance: ({ rate }) => rate.square().reciprocal(),
  entropy: ({ rate }) => rate.log().neg().add(1),
  cdf: (x, { rate }) => x.maximum(0).mul(rate).neg().expm1().neg(),
  icdf: (q, { rate }) => q.neg().log1p().neg().div(rate),
  divergences: ofExponential,
}) {}
