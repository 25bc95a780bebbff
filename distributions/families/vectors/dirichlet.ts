import { digamma, lgamma, sum, type Tensor, type TensorLike, xlogy } from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { independent, positive, simplex } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { gammaEntropy } from "../../densities/stirling.js";
import { ofDirichlet } from "../../kl/vectors.js";

/** Σ lgamma(a_i) - lgamma(Σ a_i), over the last axis. */
const logNormalizer = (a: Tensor): Tensor => sum(lgamma(a), -1).sub(lgamma(sum(a, -1)));

/**
 * Dirichlet over the simplex of the last axis, a = concentration and A = Σ a:
 *
 *     log p(x) = Σ (a_i - 1) log x_i + lgamma(A) - Σ lgamma(a_i).
 *
 * The gradient with respect to x is (a_i - 1) / x_i: it ignores that the x_i sum to 1.
 *
 * @example new Dirichlet([1, 2, 3]).mean // [0.1667, 0.3333, 0.5]
 */
export class Dirichlet extends /* @__PURE__ */ family<Tensors<"concentration">, [concentration: TensorLike]>(
  "Dirichlet",
  {
    constraints: { concentration: /* @__PURE__ */ independent(positive, 1) },
    support: simplex,
    formulas: ({ concentration: a }) => ({
      eventShape: () => a.shape.slice(-1),
      logDensity: (x) => sum(xlogy(a.sub(1), x), -1).sub(logNormalizer(a)),
      draw: (key, shape) => random.dirichlet(key, a, shape),
      mean: () => a.div(sum(a, -1, { keepDims: true })),
      variance: () => {
        const total = sum(a, -1, { keepDims: true });
        return a.div(total).mul(total.sub(a).div(total)).div(total.add(1));
      },
      entropy: () => {
        const total = sum(a, -1);
        const free = (a.shape.at(-1) as number) - 1;
        return sum(gammaEntropy(a), -1).sub(gammaEntropy(total)).sub(digamma(total).mul(free));
      },
    }),
    divergences: ofDirichlet,
  },
) {}
