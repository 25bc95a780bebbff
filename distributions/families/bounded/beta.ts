import { betainc, betaincinv, type TensorLike } from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { openUnitInterval, positive, unitInterval } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { logBetaDensity } from "../../densities/continuous.js";
import { betaEntropy } from "../../densities/stirling.js";
import { ofBeta, ofBetaProportion } from "../../kl/bounded.js";

/**
 * Beta, a = concentration1 and b = concentration0, on [0, 1]:
 *
 *     log p(x) = (a - 1) log x + (b - 1) log(1 - x) - log B(a, b).
 *
 * @example new Beta(2, 3).mean.item() // 0.4
 */
export class Beta extends /* @__PURE__ */ family<
  Tensors<"concentration1" | "concentration0">,
  [concentration1: TensorLike, concentration0: TensorLike]
>("Beta", {
  constraints: { concentration1: positive, concentration0: positive },
  support: unitInterval,
  formulas: ({ concentration1: a, concentration0: b }) => ({
    logDensity: (x) => logBetaDensity(a, b, x),
    draw: (key, shape) => random.beta(key, a, b, shape),
    mean: () => a.div(a.add(b)),
    variance: () => {
      const total = a.add(b);
      return a.div(total).mul(b.div(total)).div(total.add(1));
    },
    entropy: () => betaEntropy(a, b),
    cdf: (x) => betainc(a, b, x.clip(0, 1)),
    icdf: (q) => betaincinv(a, b, q),
  }),
  divergences: ofBeta,
}) {}

/**
 * BetaProportion: Beta(m c, (1 - m) c), where m = mean and c = concentration.
 *
 *     log p(x) = (m c - 1) log x + ((1 - m) c - 1) log(1 - x) - log B(m c, (1 - m) c).
 *
 * @example new BetaProportion(0.4, 5).logProb(0.5).item() // 0.4055
 */
export class BetaProportion extends /* @__PURE__ */ family<
  Tensors<"mean" | "concentration">,
  [mean: TensorLike, concentration: TensorLike]
>("BetaProportion", {
  constraints: { mean: openUnitInterval, concentration: positive },
  support: unitInterval,
  formulas: ({ mean, concentration }) => ({
    as: () => new Beta(mean.mul(concentration), mean.neg().add(1).mul(concentration)),
    mean: () => mean,
    variance: () => mean.mul(mean.neg().add(1)).div(concentration.add(1)),
  }),
  divergences: ofBetaProportion,
}) {}
