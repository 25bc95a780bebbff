/**
 * Wishart with df degrees of freedom in p dimensions and scale V, given as scaleTril L (V = L Lᵀ), covarianceMatrix V or
 * precisionMatrix V⁻¹; C the Cholesky factor of x:
 *
 *     log p(x) = (df - p - 1) Σ log C_ii - |L⁻¹ C|²/2 - df (p/2 log 2 + Σ log L_ii) - log Γ_p(df/2).
 *
 * Drawn by Bartlett's decomposition.
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  arange,
  cholesky,
  diag,
  eye,
  isFinite,
  matmul,
  multigammaln,
  random,
  square,
  sum,
  type Tensor,
  type TensorLike,
  triangularSolve,
  tril,
  where,
} from "../../../autodiff/index.js";
import { matrixTranspose } from "../../../autodiff/ops/linalg/matmul.js";
import { type Constraint, greaterThan, lowerCholesky, positiveDefinite } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Given, readParameters, type Signature } from "../../core/parameters.js";
import { halfLogDeterminant, type ScaleParams, scaleOf } from "../vectors/multivariateNormal.js";

type Params = ScaleParams & { readonly df: Tensor };
const sizeOf = ({ scaleTril, covarianceMatrix, precisionMatrix }: ScaleParams): number =>
  ((scaleTril ?? covarianceMatrix ?? precisionMatrix) as Tensor).shape.at(-1) as number;
const WISHART: Signature<Params> = {
  name: "Wishart",
  constraints: {
    df: (params) => greaterThan(sizeOf(params) - 1),
    scaleTril: lowerCholesky,
    covarianceMatrix: positiveDefinite,
    precisionMatrix: positiveDefinite,
  },
  oneOf: ["scaleTril", "covarianceMatrix", "precisionMatrix"],
};

export class Wishart extends Distribution<Params> {
  /** L with V = L Lᵀ. */
  readonly scale: Tensor;

  constructor(df: TensorLike, scaleTril: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(WISHART, args));
    this.scale = scaleOf(this.params);
  }

  /** p. */
  get #size(): number {
    return this.scale.shape.at(-1) as number;
  }
  override get support(): Constraint {
    return positiveDefinite;
  }
  override get eventShape(): Shape {
    return [this.#size, this.#size];
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { df } = this.params;
    const p = this.#size;
    // What lies behind a mask may be NaN, and must not reach the factor's gradient.
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
    const p = this.#size;
    const [k1, k2] = [...random.split(key)] as [Tensor, Tensor];
    const half = this.params.df.expandDims(-1).sub(arange(p)).mul(0.5);
    const onDiagonal = random
      .gamma(k1, half, [...shape, p])
      .mul(2)
      .sqrt();
    const below = tril(random.normal(k2, [...shape, p, p]), -1);
    const factor = matmul(this.scale, below.add(onDiagonal.expandDims(-1).mul(eye(p))));
    return matmul(factor, matrixTranspose(factor));
  }
  get #matrix(): Tensor {
    return matmul(this.scale, matrixTranspose(this.scale));
  }
  override get mean(): Tensor {
    return this.spread(this.#matrix.mul(this.params.df.expandDims(-1).expandDims(-1)));
  }
  override get variance(): Tensor {
    const v = this.#matrix;
    const d = diag(v);
    const products = d.expandDims(-1).mul(d.expandDims(-2));
    return this.spread(square(v).add(products).mul(this.params.df.expandDims(-1).expandDims(-1)));
  }
}
