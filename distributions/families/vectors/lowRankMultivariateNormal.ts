import {
  add,
  cholesky,
  eye,
  log,
  matmul,
  square,
  sum,
  type Tensor,
  type TensorLike,
  triangularSolve,
} from "../../../autodiff/index.js";
import { matrixTranspose } from "../../../autodiff/ops/linalg/matmul.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { splitInTwo } from "../../../autodiff/ops/random/wordOps.js";
import { independent, positive, real, realVector } from "../../constraints/index.js";
import { LOG_SQRT_2PI } from "../../core/constants.js";
import { family, type Tensors } from "../../core/family.js";
import { refuseParameter } from "../../core/parameters.js";
import { ofLowRankMultivariateNormal } from "../../kl/vectors.js";
import { halfLogDeterminant } from "./multivariateNormal.js";

/**
 * LowRankMultivariateNormal: a normal with covariance C = W Wᵀ + D, W = covFactor [n, rank], D = diag(covDiag). By the matrix
 * determinant and inversion lemmas, with K = I + Wᵀ D⁻¹ W and d = x - loc,
 *
 *     log p(x) = -(|D^-1/2 (d - W a)|² + |a|²)/2 - (Σ log D + log |K|)/2 - n log √(2π),   a = K⁻¹ Wᵀ D⁻¹ d,
 *
 * where the first parenthesis is a sum of squares, in which nothing cancels: the smallest |noise|² + |a|² with d = W a + D^1/2 noise.
 *
 * @example new LowRankMultivariateNormal([0, 0], [[1], [1]], [1, 1]).variance // [2, 2]
 */
export class LowRankMultivariateNormal extends /* @__PURE__ */ family<
  Tensors<"loc" | "covFactor" | "covDiag">,
  [loc: TensorLike, covFactor: TensorLike, covDiag: TensorLike]
>("LowRankMultivariateNormal", {
  constraints: {
    loc: realVector,
    covFactor: /* @__PURE__ */ independent(real, 2),
    covDiag: /* @__PURE__ */ independent(positive, 1),
  },
  support: realVector,
  check: ({ loc, covFactor, covDiag }) => {
    const [n, rows, entries] = [loc.shape.at(-1), covFactor.shape.at(-2), covDiag.shape.at(-1)];
    if (n !== rows || n !== entries)
      refuseParameter(
        "LowRankMultivariateNormal",
        "covFactor",
        `loc has event size ${n}, covFactor has ${rows} rows, and covDiag has ${entries} entries. Give all three the same size.`,
        "shape-mismatch",
      );
  },
  formulas: ({ loc, covFactor: w, covDiag: d }) => {
    const [n, rank] = [loc, w].map(({ shape }) => shape.at(-1)) as [number, number];
    /** D⁻¹ applied to the rows of a matrix. */
    const weighted = (x: Tensor): Tensor => x.div(d.expandDims(-1));
    /** The Cholesky factor of K. */
    const factorOfK = (): Tensor => cholesky(add(eye(rank), matmul(matrixTranspose(w), weighted(w))));
    /** log |C| = Σ log D + log |K|. */
    const logDeterminant = (factor: Tensor): Tensor => sum(log(d), -1).add(halfLogDeterminant(factor).mul(2));
    return {
      eventShape: () => [n],
      logDensity: (x) => {
        const [distance, factor] = [x.sub(loc), factorOfK()];
        // Products with vectors are sums of elementwise products, whose gradients of 0 win over a NaN in data that a mask hides.
        const projected = sum(w.mul(weighted(distance.expandDims(-1))), -2).expandDims(-1);
        const a = triangularSolve(factor, triangularSolve(factor, projected), { transpose: true });
        const noise = distance.sub(sum(w.mul(matrixTranspose(a)), -1));
        return sum(square(noise).div(d), -1)
          .add(sum(square(a.squeeze(-1)), -1))
          .add(logDeterminant(factor))
          .mul(-0.5)
          .sub(n * LOG_SQRT_2PI);
      },
      draw: (key, shape) => {
        const [diagKey, factorKey] = splitInTwo(key);
        const z = random.normal(factorKey, [...shape, rank]);
        const noise = random.normal(diagKey, [...shape, n]).mul(d.sqrt());
        return matmul(w, z.expandDims(-1)).squeeze(-1).add(noise).add(loc);
      },
      mean: () => loc,
      variance: () => sum(square(w), -1).add(d),
      entropy: () =>
        logDeterminant(factorOfK())
          .mul(0.5)
          .add(n * (0.5 + LOG_SQRT_2PI)),
    };
  },
  divergences: ofLowRankMultivariateNormal,
}) {}
