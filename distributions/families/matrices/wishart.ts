import type { Shape } from "../../../autodiff/core/shape.js";
import {
  arange,
  cholesky,
  diag,
  eye,
  isFinite,
  matmul,
  multigammaln,
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
import { greaterThan, lowerCholesky, positiveDefinite } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { gram } from "../../transforms/matrix.js";
import { halfLogDeterminant, type ScaleParams, scaleOf, sizeOf } from "../vectors/multivariateNormal.js";

type Params = ScaleParams & Tensors<"df">;
/** df with two more axes, so that it broadcasts over the entries of a matrix. */
const dfOverMatrix = ({ df }: Params): Tensor => df.expandDims(-1).expandDims(-1);

/**
 * Wishart with df degrees of freedom in p dimensions and scale matrix V, given as scaleTril L (V = L Lᵀ), covarianceMatrix V or
 * precisionMatrix V⁻¹. With C the Cholesky factor of x,
 *
 *     log p(x) = (df - p - 1) Σ log C_ii - |L⁻¹ C|²/2 - df (p/2 log 2 + Σ log L_ii) - log Γ_p(df/2).
 *
 * Draws use Bartlett's decomposition.
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

  override logDensity(value: Tensor): Tensor {
    const { df } = this.params;
    const p = sizeOf(this.params);
    // Masked values may be NaN, which must not reach the factor's gradient.
    const factor = cholesky(where(isFinite(value), value, eye(p)));
    const trace = sum(square(triangularSolve(this.scale, factor)), [-1, -2]);
    const norm = df.mul(halfLogDeterminant(this.scale).add((p / 2) * Math.LN2)).add(multigammaln(df.mul(0.5), p));
    return df
      .sub(p + 1)
      .mul(halfLogDeterminant(factor))
      .sub(trace.mul(0.5))
      .sub(norm);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const p = sizeOf(this.params);
    const [k1, k2] = [...random.split(key)] as [Tensor, Tensor];
    const half = this.params.df.expandDims(-1).sub(arange(p)).mul(0.5);
    const onDiagonal = random
      .gamma(k1, half, [...shape, p])
      .mul(2)
      .sqrt();
    const below = tril(random.normal(k2, [...shape, p, p]), -1);
    return gram(matmul(this.scale, below.add(onDiagonal.expandDims(-1).mul(eye(p)))));
  }
  get #matrix(): Tensor {
    return matmul(this.scale, matrixTranspose(this.scale));
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
