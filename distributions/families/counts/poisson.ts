import { floor, gammaincc, type TensorLike } from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { nonnegative, nonnegativeInteger } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { logPoisson } from "../../densities/continuous.js";
import { countQuantile } from "../../densities/countQuantiles.js";
import { ofPoisson } from "../../kl/counts.js";

/**
 * Poisson. With rate 0 it is the point mass at 0.
 *
 *     log p(k) = k log(rate) - rate - log k!
 *
 * @example new Poisson(3).logProb(2).item() // -1.4959
 */
export class Poisson extends /* @__PURE__ */ family<Tensors<"rate">, [rate: TensorLike]>("Poisson", {
  constraints: { rate: nonnegative },
  support: nonnegativeInteger,
  formulas: ({ rate }, d) => ({
    logDensity: (x) => logPoisson(x, rate),
    draw: (key, shape) => random.poisson(key, rate, shape),
    mean: () => rate,
    variance: () => rate,
    cdf: (x) => gammaincc(floor(x).clip(0, Number.MAX_VALUE).add(1), rate),
    icdf: (q) => countQuantile(d, q),
  }),
  divergences: ofPoisson,
}) {}
