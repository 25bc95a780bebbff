import { exp, expm1, log, maximum, ndtr, ndtri, square, type TensorLike } from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { positive, real } from "../../constraints/index.js";
import { LOG_SQRT_2PI } from "../../core/constants.js";
import { family, type Tensors } from "../../core/family.js";
import { ofLogNormal } from "../../kl/real.js";

/**
 * LogNormal: log x is Normal(loc, scale).
 *
 *     log p(x) = -z²/2 - log(scale) - log √(2π) - log x,   z = (log x - loc) / scale.
 *
 * @example new LogNormal(0, 1).mean.item() // 1.6487
 */
export class LogNormal extends /* @__PURE__ */ family<Tensors<"loc" | "scale">, [loc?: TensorLike, scale?: TensorLike]>(
  "LogNormal",
  {
    constraints: { loc: real, scale: positive },
    defaults: { loc: 0, scale: 1 },
    support: positive,
    keepInside: true,
    formulas: ({ loc, scale }) => ({
      logDensity: (x) => {
        const logX = log(x);
        const z = logX.sub(loc).div(scale);
        return square(z).mul(-0.5).sub(log(scale).add(LOG_SQRT_2PI)).sub(logX);
      },
      draw: (key, shape) => exp(random.normal(key, shape).mul(scale).add(loc)),
      mean: () => exp(loc.add(square(scale).mul(0.5))),
      variance: () => expm1(square(scale)).mul(exp(loc.mul(2).add(square(scale)))),
      entropy: () =>
        log(scale)
          .add(loc)
          .add(0.5 + LOG_SQRT_2PI),
      cdf: (x) => ndtr(log(maximum(x, 0)).sub(loc).div(scale)),
      icdf: (q) => exp(ndtri(q).mul(scale).add(loc)),
    }),
    divergences: ofLogNormal,
  },
) {}
