import { floor, log, square, type Tensor, type TensorLike } from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { integer, integerInterval } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { countQuantile } from "../../densities/countQuantiles.js";
import { ofDiscreteUniform } from "../../kl/bounded.js";
import { valuesBetween } from "./binomial.js";

/**
 * DiscreteUniform on the whole numbers low … high, both included.
 *
 *     log p(k) = -log(high - low + 1).
 *
 * @example new DiscreteUniform(1, 6).mean.item() // 3.5
 */
export class DiscreteUniform extends /* @__PURE__ */ family<
  Tensors<"low" | "high">,
  [low: TensorLike, high: TensorLike]
>("DiscreteUniform", {
  constraints: { low: integer, high: ({ low }) => integerInterval(low, 2 ** 53) },
  support: ({ low, high }) => integerInterval(low, high),
  formulas: ({ low, high }, d) => {
    const count = (): Tensor => high.sub(low).add(1);
    return {
      logDensity: (x) => log(count()).neg().add(x.mul(0)),
      draw: (key, shape) => random.randint(key, shape, low, high.add(1)),
      mean: () => low.add(high).mul(0.5),
      variance: () => square(count()).sub(1).div(12),
      entropy: () => log(count()),
      cdf: (x) => floor(x).sub(low).add(1).div(count()),
      icdf: (q) => countQuantile(d, q),
      values: () => valuesBetween(low, high, "DiscreteUniform", "bound"),
    };
  },
  divergences: ofDiscreteUniform,
}) {
  override get hasEnumerateSupport(): boolean {
    return this.params.low.size === 1 && this.params.high.size === 1;
  }
}
