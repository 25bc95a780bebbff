import { clip, equal, exp, log, square, type Tensor, type TensorLike, where } from "../../../autodiff/index.js";
import { greaterThan, interval, positive } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { logRatio } from "../../densities/continuous.js";
import { langevin } from "../../densities/sinhc.js";

type Params = Tensors<"low" | "high">;
/** log(high / low). */
const widthOf = ({ low, high }: Params): Tensor => logRatio(high, low);
const meanOf = (p: Params): Tensor => p.high.sub(p.low).div(widthOf(p));

/**
 * LogUniform: log x is uniform between log(low) and log(high).
 *
 *     log p(x) = -log x - log(log(high / low)),   low <= x <= high.
 *
 * @example new LogUniform(1, 100).cdf(10).item() // 0.5
 */
export class LogUniform extends /* @__PURE__ */ family<Params, [low: TensorLike, high: TensorLike]>("LogUniform", {
  constraints: { low: positive, high: ({ low }) => greaterThan(low) },
  support: ({ low, high }) => interval(low, high),
  logDensity: (x, p) =>
    log(x)
      .add(log(widthOf(p)))
      .neg(),
  mean: meanOf,
  variance: (p) => {
    // E x² = mean · (low + high) / 2. With h = log(high / low) / 2, E x² - mean² = mean² (h coth h - 1).
    const half = widthOf(p).mul(0.5);
    return square(meanOf(p)).mul(half).mul(langevin(half));
  },
  entropy: (p) =>
    log(p.low)
      .add(log(p.high))
      .mul(0.5)
      .add(log(widthOf(p))),
  cdf: (x, p) => logRatio(clip(x, p.low, p.high), p.low).div(widthOf(p)),
  icdf: (q, p) => {
    // √((high / low)^q) cannot overflow, while (high / low)^q can.
    const root = exp(q.mul(widthOf(p)).mul(0.5));
    return where(equal(q, 1), p.high, clip(p.low.mul(root).mul(root), p.low, p.high));
  },
}) {}
