import { type Binary, square, sub, type Tensor, type TensorLike } from "../../../autodiff/index.js";
import { log as logOf } from "../../../autodiff/kernels/formulas/scalarFormulas.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { greaterThan, interval, real } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { binaryBySlopes } from "../../densities/slopes.js";
import { ofUniform } from "../../kl/bounded.js";

/** log(high - low). */
const logWidth: Binary = /* @__PURE__ */ binaryBySlopes(
  "logWidth",
  (low, high) => (high - low < Infinity ? logOf(high - low) : logOf(0.5 * high - 0.5 * low) + Math.LN2),
  (low, high) => sub(high, low).reciprocal().neg(),
  (low, high) => sub(high, low).reciprocal(),
);

/**
 * Uniform on the closed interval [low, high]:
 *
 *     log p(x) = -log(high - low).
 *
 * @example new Uniform(0, 4).logProb(1).item() // -1.3863
 */
export class Uniform extends /* @__PURE__ */ family<Tensors<"low" | "high">, [low?: TensorLike, high?: TensorLike]>(
  "Uniform",
  {
    constraints: { low: real, high: ({ low }) => greaterThan(low) },
    defaults: { low: 0, high: 1 },
    support: ({ low, high }) => interval(low, high),
    formulas: ({ low, high }) => {
      /** Half the width, since the whole width may overflow. */
      const half = (): Tensor => high.mul(0.5).sub(low.mul(0.5));
      return {
        logDensity: () => logWidth(low, high).neg(),
        draw: (key, shape) => random.uniform(key, shape, low, high),
        mean: () => low.mul(0.5).add(high.mul(0.5)),
        variance: () => square(half()).div(3),
        entropy: () => logWidth(low, high),
        cdf: (x) => x.mul(0.5).sub(low.mul(0.5)).div(half()).clip(0, 1),
        icdf: (q) => q.mul(half()).add(low.mul(0.5)).mul(2),
      };
    },
    divergences: ofUniform,
  },
) {}
