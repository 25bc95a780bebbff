import type { Shape } from "../../../autodiff/core/shape.js";
import {
  cholesky,
  diag,
  flip,
  inverse,
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
import { lowerCholesky, positiveDefinite, realVector } from "../../constraints/index.js";
import { LOG_SQRT_2PI } from "../../core/constants.js";
import { family, type OneOf, type Tensors } from "../../core/family.js";
import { refuseParameter } from "../../core/parameters.js";
import { ofMultivariateNormal } from "../../kl/vectors.js";

/** A covariance, given in one of three ways. */
export type ScaleParams = OneOf<"scaleTril" | "covarianceMatrix" | "precisionMatrix">;
/**
 * MultivariateNormal in n dimensions. The covariance is given by scaleTril L, lower triangular with covariance L Lᵀ, by covarianceMatrix,
 * or by precisionMatrix.
 *
 *     log p(x) = -|z|²/2 - Σ log L_ii - n log √(2π),   L z = x - loc.
 *
 * @example new MultivariateNormal({ loc: [0, 0], covarianceMatrix: [[2, 1], [1, 2]] }).variance // [2, 2]
 */
export class MultivariateNormal extends /* @__PURE__ */ family<
  ScaleParams & Tensors<"loc">,
  [loc: TensorLike, scaleTril: TensorLike]
>("MultivariateNormal", {
  constraints: {
    loc: realVector,
    scaleTril: lowerCholesky,
    covarianceMatrix: positiveDefinite,
    precisionMatrix: positiveDefinite,
  },
  oneOf: ["scaleTril", "covarianceMatrix", "precisionMatrix"],
  support: realVector,
  check: ({ loc, ...scale }) => requireSameSize("MultivariateNormal", loc, sizeOf(scale)),
  eventShape: ({ loc }) => loc.shape.slice(-1),
  mean: ({ loc }) => loc,
  divergences: ofMultivariateNormal,
}) {
  /** The lower triangle L for which L Lᵀ is the covariance. */
  readonly scale: Tensor = scaleOf(this.params);

  override logDensity(value: Tensor): Tensor {
    const { loc } = this.params;
    const z = triangularSolve(this.scale, value.sub(loc).expandDims(-1)).squeeze(-1);
    const n = loc.shape.at(-1) as number;
    return sum(square(z), -1)
      .mul(-0.5)
      .sub(halfLogDeterminant(this.scale))
      .sub(n * LOG_SQRT_2PI);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const z = random.normal(key, [...shape, ...this.eventShape]);
    return matmul(this.scale, z.expandDims(-1)).squeeze(-1).add(this.params.loc);
  }
  override get variance(): Tensor {
    return this.spread(sum(square(this.scale), -1));
  }
  override entropy(): Tensor {
    const n = this.eventShape[0] as number;
    return this.spread(halfLogDeterminant(this.scale).add(n * (0.5 + LOG_SQRT_2PI)), 0);
  }
}

/** Σ log L_ii. */
export const halfLogDeterminant = (scale: Tensor): Tensor => sum(log(diag(scale)), -1);

/** Refuse a mean that has another size than the scale, which has `rows` rows. */
export function requireSameSize(family: string, loc: Tensor, rows: number): void {
  const n = loc.shape.at(-1);
  if (n !== rows)
    refuseParameter(
      family,
      "loc",
      `loc has event size ${n} but the scale is ${rows}x${rows}. Give both the same size.`,
      "shape-mismatch",
    );
}

/** The number of dimensions. */
export const sizeOf = ({ scaleTril, covarianceMatrix, precisionMatrix }: ScaleParams): number =>
  ((scaleTril ?? covarianceMatrix ?? precisionMatrix) as Tensor).shape.at(-1) as number;

/** The lower triangle L with covariance L Lᵀ. */
export function scaleOf({ scaleTril, covarianceMatrix, precisionMatrix }: ScaleParams): Tensor {
  if (scaleTril !== undefined) return scaleTril;
  if (covarianceMatrix !== undefined) return cholesky(covarianceMatrix);
  // P = L⁻ᵀ L⁻¹. With rows and columns of P in reverse order, the Cholesky factor, reversed again, is L⁻ᵀ.
  const flipBoth = (x: Tensor): Tensor => flip(flip(x, -1), -2);
  return inverse(matrixTranspose(flipBoth(cholesky(flipBoth(precisionMatrix as Tensor)))));
}
