import {
  clip,
  exp,
  expm1,
  greater,
  log,
  log1p,
  maximum,
  reciprocal,
  square,
  type TensorLike,
  where,
} from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { greaterThanEq, positive } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { logRatio } from "../../densities/continuous.js";
import { ofPareto } from "../../kl/positive.js";

/**
 * Pareto, where s = scale is the smallest value and alpha the tail index:
 *
 *     log p(x) = log(alpha) + alpha log s - (alpha + 1) log x,   x >= s.
 *
 * @example new Pareto(1, 3).mean.item() // 1.5
 */
export class Pareto extends /* @__PURE__ */ family<Tensors<"scale" | "alpha">, [scale: TensorLike, alpha: TensorLike]>(
  "Pareto",
  {
    constraints: { scale: positive, alpha: positive },
    support: ({ scale }) => greaterThanEq(scale),
    formulas: ({ scale, alpha }) => ({
      logDensity: (x) => log(alpha).sub(log(x)).sub(logRatio(x, scale).mul(alpha)),
      draw: (key, shape) => clip(exp(random.exponential(key, shape).div(alpha)).mul(scale), scale, Number.MAX_VALUE),
      mean: () => where(greater(alpha, 1), alpha.mul(scale).div(alpha.sub(1)), Infinity),
      variance: () => {
        const finite = square(scale.div(alpha.sub(1)))
          .mul(alpha)
          .div(alpha.sub(2));
        return where(greater(alpha, 2), finite, Infinity);
      },
      entropy: () => log(scale.div(alpha)).add(reciprocal(alpha)).add(1),
      cdf: (x) => expm1(logRatio(maximum(x, scale), scale).mul(alpha).neg()).neg(),
      icdf: (q) => exp(log1p(q.neg()).neg().div(alpha)).mul(scale),
    }),
    divergences: ofPareto,
  },
) {}
