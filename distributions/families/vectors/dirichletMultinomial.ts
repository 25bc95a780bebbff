import { minimum, stopGradient, sum, type Tensor, type TensorLike } from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { splitInTwo } from "../../../autodiff/ops/random/wordOps.js";
import { independent, multinomial, nonnegativeInteger, positive } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { logNegativeBinomial } from "../../densities/counts.js";
import { countsOf } from "./multinomial.js";

/**
 * DirichletMultinomial: Multinomial(n = totalCount) with probabilities drawn from Dirichlet(a = concentration), A = Σ a.
 *
 *     log p(x) = w(n, A) - Σ_k w(x_k, a_k),   w(x, a) = log (x! Γ(a) / Γ(x + a)).
 *
 * @example new DirichletMultinomial([1, 2, 3], 6).mean // [1, 2, 3]
 */
export class DirichletMultinomial extends /* @__PURE__ */ family<
  Tensors<"concentration" | "totalCount">,
  [concentration: TensorLike, totalCount?: TensorLike]
>("DirichletMultinomial", {
  constraints: { concentration: /* @__PURE__ */ independent(positive, 1), totalCount: nonnegativeInteger },
  defaults: { totalCount: 1 },
  support: ({ totalCount }) => multinomial(totalCount),
  formulas: ({ concentration: a, totalCount }) => {
    const total = (): Tensor => sum(a, -1, { keepDims: true });
    return {
      eventShape: () => a.shape.slice(-1),
      logDensity: (x) => {
        const [n, all] = [sum(x, -1), sum(a, -1)];
        // This is the density of negative binomial counts given their sum, in which no large terms cancel. It does not depend on the odds.
        const odds = stopGradient(minimum(n.div(all), 1e300));
        return sum(logNegativeBinomial(x, a, odds.expandDims(-1)), -1).sub(logNegativeBinomial(n, all, odds));
      },
      draw: (key, shape) => {
        const [k1, k2] = splitInTwo(key);
        return countsOf(k2, totalCount, random.dirichlet(k1, a, shape), shape);
      },
      mean: () => totalCount.expandDims(-1).mul(a.div(total())),
      variance: () => {
        const [all, n] = [total(), totalCount.expandDims(-1)];
        const share = a.div(all);
        const spread = all.add(n).div(all.add(1));
        return n.mul(share).mul(share.neg().add(1)).mul(spread);
      },
    };
  },
}) {}
