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
  formulas: ({ rate }) => ({
    logDensity: (x) => rate.log().sub(rate.mul(x)),
    draw: (key, shape) => random.exponential(key, shape).div(rate),
    mean: () => rate.reciprocal(),
    variance: () => rate.square().reciprocal(),
    entropy: () => rate.log().neg().add(1),
    cdf: (x) => x.maximum(0).mul(rate).neg().expm1().neg(),
    icdf: (q) => q.neg().log1p().neg().div(rate),
  }),
  divergences: ofExponential,
}) {}
