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
import { independent, positive, real, realVector } from "../../constraints/index.js";
import { LOG_SQRT_2PI } from "../../core/constants.js";
import { family, type Tensors } from "../../core/family.js";
import type { Given } from "../../core/parameters.js";
import { ofLowRankMultivariateNormal } from "../../kl/vectors.js";
import { halfLogDeterminant } from "./multivariateNormal.js";

type Params = Tensors<"loc" | "covFactor" | "covDiag">;

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
  Params,
  [loc: TensorLike, covFactor: TensorLike, covDiag: TensorLike]
>("LowRankMultivariateNormal", {
  constraints: {
    loc: realVector,
    covFactor: /* @__PURE__ */ independent(real, 2),
    covDiag: /* @__PURE__ */ independent(positive, 1),
  },
  support: realVector,
  eventShape: ({ loc }) => loc.shape.slice(-1),
  draw: (key, shape, { loc, covFactor, covDiag }) => {
    const [diagKey, factorKey] = [...random.split(key)] as [Tensor, Tensor];
    const z = random.normal(factorKey, [...shape, covFactor.shape.at(-1) as number]);
    const noise = random.normal(diagKey, [...shape, ...loc.shape.slice(-1)]).mul(covDiag.sqrt());
    return matmul(covFactor, z.expandDims(-1)).squeeze(-1).add(noise).add(loc);
  },
  mean: ({ loc }) => loc,
  variance: ({ covFactor, covDiag }) => sum(square(covFactor), -1).add(covDiag),
  divergences: ofLowRankMultivariateNormal,
}) {
  readonly #capacitance: Tensor;

  constructor(loc: TensorLike, covFactor: TensorLike, covDiag: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(...(args as [TensorLike, TensorLike, TensorLike]));
    const { covFactor } = this.params;
    const rank = covFactor.shape.at(-1) as number;
    this.#capacitance = cholesky(add(eye(rank), matmul(matrixTranspose(covFactor), this.#weighted(covFactor))));
  }

  /** D⁻¹ applied to the rows of a matrix. */
  #weighted(x: Tensor): Tensor {
    return x.div(this.params.covDiag.expandDims(-1));
  }

  override logDensity(value: Tensor): Tensor {
    const { loc, covFactor, covDiag } = this.params;
    const d = value.sub(loc);
    const projected = matmul(matrixTranspose(covFactor), this.#weighted(d.expandDims(-1)));
    const a = triangularSolve(this.#capacitance, triangularSolve(this.#capacitance, projected), { transpose: true });
    const rest = d.sub(matmul(covFactor, a).squeeze(-1));
    const distance = sum(square(rest).div(covDiag), -1).add(sum(square(a.squeeze(-1)), -1));
    return distance
      .add(this.#logDeterminant())
      .mul(-0.5)
      .sub((loc.shape.at(-1) as number) * LOG_SQRT_2PI);
  }
  /** log |C| = Σ log D + log |K|. */
  #logDeterminant(): Tensor {
    return sum(log(this.params.covDiag), -1).add(halfLogDeterminant(this.#capacitance).mul(2));
  }
  override entropy(): Tensor {
    const n = this.eventShape[0] as number;
    return this.spread(
      this.#logDeterminant()
        .mul(0.5)
        .add(n * (0.5 + LOG_SQRT_2PI)),
      0,
    );
  }
}
