import { abs, clip, log, logNdtr, square, type Tensor, type TensorLike } from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { splitInTwo } from "../../../autodiff/ops/random/wordOps.js";
import { positive, real } from "../../constraints/index.js";
import { LOG_SQRT_2PI, SQRT_2_OVER_PI } from "../../core/constants.js";
import { family, type Tensors } from "../../core/family.js";

/** 1 / √(1 + skewness²) and skewness / √(1 + skewness²), limited because the square may overflow. */
function coefficients(skewness: Tensor): [symmetric: Tensor, skewed: Tensor] {
  const limited = clip(skewness, -1e150, 1e150);
  const symmetric = square(limited).add(1).sqrt().reciprocal();
  return [symmetric, limited.mul(symmetric)];
}

/**
 * SkewNormal (Azzalini 1985), where z = (x - loc) / scale, and φ and Φ are the standard normal density and distribution function:
 *
 *     log p(x) = log 2 - log(scale) + log φ(z) + log Φ(skewness z).
 *
 * @example new SkewNormal(0, 1, 2).mean.item() // 0.7136
 */
export class SkewNormal extends /* @__PURE__ */ family<
  Tensors<"loc" | "scale" | "skewness">,
  [loc?: TensorLike, scale?: TensorLike, skewness?: TensorLike]
>("SkewNormal", {
  constraints: { loc: real, scale: positive, skewness: real },
  defaults: { loc: 0, scale: 1, skewness: 0 },
  support: real,
  isLocationScale: true,
  formulas: ({ loc, scale, skewness }) => ({
    logDensity: (x) => {
      const z = x.sub(loc).div(scale);
      return square(z)
        .mul(-0.5)
        .add(logNdtr(z.mul(skewness)))
        .sub(log(scale))
        .add(Math.LN2 - LOG_SQRT_2PI);
    },
    draw: (key, shape) => {
      const [symmetric, skewed] = coefficients(skewness);
      const [k1, k2] = splitInTwo(key);
      const z = abs(random.normal(k1, shape)).mul(skewed).add(random.normal(k2, shape).mul(symmetric));
      return z.mul(scale).add(loc);
    },
    mean: () => coefficients(skewness)[1].mul(SQRT_2_OVER_PI).mul(scale).add(loc),
    variance: () => {
      const lost = square(coefficients(skewness)[1]).mul(-2 / Math.PI);
      return square(scale).mul(lost.add(1));
    },
  }),
}) {}
