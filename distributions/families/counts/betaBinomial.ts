import { minimum, stopGradient, type TensorLike } from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { splitInTwo } from "../../../autodiff/ops/random/wordOps.js";
import { integerInterval, nonnegativeInteger, positive } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { logNegativeBinomial } from "../../densities/counts.js";
import { valuesBetween } from "./binomial.js";

/**
 * BetaBinomial: Binomial(n = totalCount) with a probability drawn from Beta(a = concentration1, b = concentration0).
 *
 *     log p(k) = log C(n, k) + log B(k + a, n - k + b) - log B(a, b).
 *
 * @example new BetaBinomial(2, 3, 10).mean.item() // 4
 */
export class BetaBinomial extends /* @__PURE__ */ family<
  Tensors<"concentration1" | "concentration0" | "totalCount">,
  [concentration1: TensorLike, concentration0: TensorLike, totalCount?: TensorLike]
>("BetaBinomial", {
  constraints: { concentration1: positive, concentration0: positive, totalCount: nonnegativeInteger },
  defaults: { totalCount: 1 },
  support: ({ totalCount }) => integerInterval(0, totalCount),
  formulas: ({ concentration1: a, concentration0: b, totalCount: n }) => ({
    logDensity: (x) => {
      // This is the density of two negative binomial counts given their sum, in which no large terms cancel. It does not depend on the odds.
      const odds = stopGradient(minimum(n.div(a.add(b)), 1e300));
      return logNegativeBinomial(x, a, odds)
        .add(logNegativeBinomial(n.sub(x), b, odds))
        .sub(logNegativeBinomial(n, a.add(b), odds));
    },
    draw: (key, shape) => {
      const [k1, k2] = splitInTwo(key);
      return random.binomial(k2, n, random.beta(k1, a, b, shape), shape);
    },
    mean: () => n.mul(a.div(a.add(b))),
    variance: () => {
      const total = a.add(b);
      return n
        .mul(a.div(total))
        .mul(b.div(total))
        .mul(total.add(n).div(total.add(1)));
    },
    values: () => valuesBetween(null, n, "BetaBinomial", "totalCount"),
  }),
}) {}
