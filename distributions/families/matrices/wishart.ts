import type { Shape } from "../../../autodiff/core/shape.js";
import {
  arange,
  cholesky,
  diag,
  digamma,
  eye,
  isFinite,
  log,
  matmul,
  square,
  sum,
  type Tensor,
  type TensorLike,
  triangularSolve,
  tril,
  where,
} from "../../../autodiff/index.js";
import { matrixTranspose } from "../../../autodiff/ops/linalg/matmul.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { splitInTwo } from "../../../autodiff/ops/random/wordOps.js";
import { greaterThan, lowerCholesky, positiveDefinite } from "../../constraints/index.js";
import { LOG_PI, LOG_SQRT_2PI } from "../../core/constants.js";
import { family, type Tensors } from "../../core/family.js";
import { logGammaDensity } from "../../densities/continuous.js";
import { gammaEntropy } from "../../densities/stirling.js";
import { gram } from "../../transforms/matrix.js";
import { halfLogDeterminant, type ScaleParams, scaleOf, sizeOf } from "../vectors/multivariateNormal.js";

type Params = ScaleParams & Tensors<"df">;
/** df with two more axes, so that it broadcasts over the entries of a matrix. */
const dfOverMatrix = ({ df }: Params): Tensor => df.expandDims(-1).expandDims(-1);

/**
 * Wishart with df degrees of freedom in p dimensions and scale matrix V, given as scaleTril L (V = L Lᵀ), covarianceMatrix V or
 * precisionMatrix V⁻¹. By Bartlett's decomposition x = L A Aᵀ Lᵀ with a lower triangular A of independent entries: A_ii² from
 * Gamma(a_i, 1/2) with a_i = (df - i + 1)/2, and A_ij from Normal(0, 1) for i > j. Draws use it, and
 *
 *     log p(x) = Σ_i (log Gamma(A_ii²; a_i, 1/2) - (p - i) log A_ii) - Σ_{i>j} (A_ij²/2 + log √(2π)) - (p + 1) Σ_i log L_ii.
 *
 * @example new Wishart(4, [[1, 0], [0, 1]]).mean // [[4, 0], [0, 4]]
 */
export class Wishart extends /* @__PURE__ */ family<Params, [df: TensorLike, scaleTril: TensorLike]>("Wishart", {
  constraints: {
    df: (params) => greaterThan(sizeOf(params) - 1),
    scaleTril: lowerCholesky,
    covarianceMatrix: positiveDefinite,
    precisionMatrix: positiveDefinite,
  },
  oneOf: ["scaleTril", "covarianceMatrix", "precisionMatrix"],
  support: positiveDefinite,
  eventShape: (p) => [sizeOf(p), sizeOf(p)],
}) {
  /** The L for which V = L Lᵀ. */
  readonly scale: Tensor = scaleOf(this.params);

  /** The concentrations a_i of the squares of Bartlett's diagonal. */
  get #concentrations(): Tensor {
    return this.params.df
      .expandDims(-1)
      .sub(arange(sizeOf(this.params)))
      .mul(0.5);
  }
  override logDensity(value: Tensor): Tensor {
    const p = sizeOf(this.params);
    // Masked values may be NaN, which must not reach the factor's gradient.
    const factor = triangularSolve(this.scale, cholesky(where(isFinite(value), value, eye(p))));
    const d = diag(factor);
    const parts = logGammaDensity(this.#concentrations, 0.5, square(d)).sub(log(d).mul(arange(p - 1, -1, -1)));
    return sum(parts, -1)
      .sub(sum(square(tril(factor, -1)), [-1, -2]).mul(0.5))
      .sub(halfLogDeterminant(this.scale).mul(p + 1))
      .sub(((p * (p - 1)) / 2) * LOG_SQRT_2PI);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const p = sizeOf(this.params);
    const [k1, k2] = splitInTwo(key);
    const onDiagonal = random
      .gamma(k1, this.#concentrations, [...shape, p])
      .mul(2)
      .sqrt();
    const below = tril(random.normal(k2, [...shape, p, p]), -1);
    return gram(matmul(this.scale, below.add(onDiagonal.expandDims(-1).mul(eye(p)))));
  }
  get #matrix(): Tensor {
    return matmul(this.scale, matrixTranspose(this.scale));
  }
  override entropy(): Tensor {
    const p = sizeOf(this.params);
    const a = this.#concentrations;
    const parts = gammaEntropy(a).add(digamma(a).mul(arange(p - 1, -1, -1).mul(0.5)));
    const constant = (p * (p + 1) * Math.LN2) / 2 + (p * (p - 1) * (LOG_PI + 1)) / 4;
    const scaled = halfLogDeterminant(this.scale).mul(p + 1);
    return this.spread(sum(parts, -1).add(scaled).add(constant), 0);
  }
  override get mean(): Tensor {
    return this.spread(this.#matrix.mul(dfOverMatrix(this.params)));
  }
  override get variance(): Tensor {
    const v = this.#matrix;
    const d = diag(v);
    const products = d.expandDims(-1).mul(d.expandDims(-2));
    return this.spread(square(v).add(products).mul(dfOverMatrix(this.params)));
  }
}
