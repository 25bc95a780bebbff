/** Distributions of |x|, where the distribution of x is symmetric around 0 with a given scale. Formulas use z = x / scale. */
import {
  abs,
  atan,
  erf,
  erfinv,
  less,
  log,
  maximum,
  reciprocal,
  square,
  type TensorLike,
  tan,
  where,
} from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { nonnegative, positive } from "../../constraints/index.js";
import { LOG_2PI, LOG_HALF_PI, LOG_SQRT_HALF_PI, SQRT_2_OVER_PI } from "../../core/constants.js";
import { family, type Tensors } from "../../core/family.js";
import { ofHalfCauchy, ofHalfNormal } from "../../kl/real.js";
import { logOnePlusSquare } from "../real/locationScale.js";

/**
 * HalfNormal: |x| for x drawn from Normal(0, scale).
 *
 *     log p(x) = -z²/2 - log(scale) + log √(2/π),   x >= 0.
 *
 * @example new HalfNormal(1).mean.item() // 0.7979
 */
export class HalfNormal extends /* @__PURE__ */ family<Tensors<"scale">, [scale?: TensorLike]>("HalfNormal", {
  constraints: { scale: positive },
  defaults: { scale: 1 },
  support: nonnegative,
  formulas: ({ scale }) => ({
    logDensity: (x) => square(x.div(scale)).mul(-0.5).sub(log(scale).add(LOG_SQRT_HALF_PI)),
    draw: (key, shape) => abs(random.normal(key, shape)).mul(scale),
    mean: () => scale.mul(SQRT_2_OVER_PI),
    variance: () => square(scale).mul(1 - 2 / Math.PI),
    entropy: () => log(scale).add(0.5 + LOG_SQRT_HALF_PI),
    cdf: (x) => erf(maximum(x, 0).div(scale.mul(Math.SQRT2))),
    icdf: (q) => erfinv(q).mul(scale.mul(Math.SQRT2)),
  }),
  divergences: ofHalfNormal,
}) {}

/**
 * HalfCauchy: |x| for x drawn from Cauchy(0, scale).
 *
 *     log p(x) = log 2 - log π - log(scale) - log(1 + z²),   x >= 0.
 *
 * @example new HalfCauchy(1).cdf(1).item() // 0.5
 */
export class HalfCauchy extends /* @__PURE__ */ family<Tensors<"scale">, [scale?: TensorLike]>("HalfCauchy", {
  constraints: { scale: positive },
  defaults: { scale: 1 },
  support: nonnegative,
  formulas: ({ scale }) => ({
    logDensity: (x) => logOnePlusSquare(x.div(scale)).add(log(scale).add(LOG_HALF_PI)).neg(),
    draw: (key, shape) => abs(random.cauchy(key, shape)).mul(scale),
    mean: () => scale.mul(Infinity),
    variance: () => scale.mul(Infinity),
    entropy: () => log(scale).add(LOG_2PI),
    cdf: (x) => atan(maximum(x, 0).div(scale)).mul(2 / Math.PI),
    icdf: (q) => {
      const rest = q.neg().add(1);
      return where(less(q, 0.5), tan(q.mul(Math.PI / 2)), reciprocal(tan(rest.mul(Math.PI / 2)))).mul(scale);
    },
  }),
  divergences: ofHalfCauchy,
}) {}
