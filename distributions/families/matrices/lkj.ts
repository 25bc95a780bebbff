/**
 * LKJ: a random correlation matrix of d = dim dimensions, η = concentration (Lewandowski, Kurowicka and Joe 2009); L its Cholesky factor:
 *
 *     log p(x) = 2 (η - 1) Σ_i log L_ii + const = log p_LKJCholesky(L) - Σ_{i=2}^d (d - i) log L_ii.
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  arange,
  broadcastTo,
  cholesky,
  diag,
  eye,
  isFinite,
  log,
  matmul,
  sum,
  type Tensor,
  type TensorLike,
  where,
} from "../../../autodiff/index.js";
import { matrixTranspose } from "../../../autodiff/ops/linalg/matmul.js";
import { type Constraint, corrMatrix } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { firstNumber, type Given, readParameters } from "../../core/parameters.js";
import { LKJCholesky, type LkjParams, lkjFamily } from "./lkjCholesky.js";

export class LKJ extends Distribution<LkjParams> {
  constructor(dim: number, concentration?: TensorLike);
  constructor(params: Given<LkjParams>);
  constructor(...args: unknown[]) {
    super(readParameters(lkjFamily("LKJ"), args));
  }

  get #factor(): LKJCholesky {
    return new LKJCholesky(this.params);
  }
  override get support(): Constraint {
    return corrMatrix;
  }
  override get eventShape(): Shape {
    return this.#factor.eventShape;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const d = firstNumber(this.params.dim);
    // What lies behind a mask may be NaN, and must not reach the factor's gradient.
    const factor = cholesky(where(isFinite(value), value, eye(d)));
    // The first row counts d - 1 times, but its entry is 1.
    const jacobian = sum(log(diag(factor)).mul(arange(d - 1, -1, -1)), -1);
    return this.#factor.logDensity(factor).sub(jacobian);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const factor = this.#factor.draw(key, shape);
    return matmul(factor, matrixTranspose(factor));
  }
  override get mean(): Tensor {
    return broadcastTo(eye(firstNumber(this.params.dim)), this.shape());
  }
}
