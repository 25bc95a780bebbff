import { clip, equal, exp, less, log, square, type Tensor, type TensorLike, where } from "../../../autodiff/index.js";
import { greaterThan, interval, positive } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { logRatio } from "../../densities/continuous.js";
import { langevin, logSinhc } from "../../densities/sinhc.js";

/**
 * LogUniform: log x is uniform between log(low) and log(high).
 *
 *     log p(x) = -log x - log(log(high / low)),   low <= x <= high.
 *
 * @example new LogUniform(1, 100).cdf(10).item() // 0.5
 */
export class LogUniform extends /* @__PURE__ */ family<Tensors<"low" | "high">, [low: TensorLike, high: TensorLike]>(
  "LogUniform",
  {
    constraints: { low: positive, high: ({ low }) => greaterThan(low) },
    support: ({ low, high }) => interval(low, high),
    formulas: ({ low, high }) => {
      /** log(high / low). */
      const width = (): Tensor => logRatio(high, low);
      const mean = (): Tensor => {
        // The second form has the right slopes where the bounds are close.
        const [far, half] = [high.sub(low).div(width()), width().mul(0.5)];
        return where(less(half, 0.5), low.mul(exp(half.add(logSinhc(half)))), far);
      };
      return {
        logDensity: (x) => log(x).add(log(width())).neg(),
        mean,
        variance: () => {
          // E x² = mean · (low + high) / 2. With h = log(high / low) / 2, E x² - mean² = mean² (h coth h - 1).
          const half = width().mul(0.5);
          return square(mean()).mul(half).mul(langevin(half));
        },
        entropy: () => log(low).add(log(high)).mul(0.5).add(log(width())),
        cdf: (x) => logRatio(clip(x, low, high), low).div(width()),
        icdf: (q) => {
          // √((high / low)^q) cannot overflow, while (high / low)^q can.
          const root = exp(q.mul(width()).mul(0.5));
          return where(equal(q, 1), high, clip(low.mul(root).mul(root), low, high));
        },
      };
    },
  },
) {}
