import { floor, gammaincc, type Tensor, type TensorLike, where } from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { nonnegative, nonnegativeInteger } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { logPoisson } from "../../densities/continuous.js";
import { countQuantile } from "../../densities/countQuantiles.js";
import { ofPoisson } from "../../kl/counts.js";

type Params = Tensors<"rate">;
function cdf(x: Tensor, { rate }: Params): Tensor {
  const k = floor(x);
  return where(k.less(0), 0, gammaincc(k.clip(0, Number.MAX_VALUE).add(1), rate));
}

/**
 * Poisson. With rate 0 it is the point mass at 0.
 *
 *     log p(k) = k log(rate) - rate - log k!
 *
 * @example new Poisson(3).logProb(2).item() // -1.4959
 */
export class Poisson extends /* @__PURE__ */ family<Params, [rate: TensorLike]>("Poisson", {
  constraints: { rate: nonnegative },
  support: nonnegativeInteger,
  logDensity: (x, { rate }) => logPoisson(x, rate),
  draw: (key, shape, { rate }) => random.poisson(key, rate, shape),
  mean: ({ rate }) => rate,
  variance: ({ rate }) => rate,
  cdf,
  icdf: (q, p) => countQuantile((k) => cdf(k, p), q),
  divergences: ofPoisson,
}) {}
