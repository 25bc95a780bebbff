/**
 * LKJCholesky: the Cholesky factor of a random correlation matrix of d = dim dimensions with density proportional to |matrix|^(η - 1),
 * η = concentration (Lewandowski, Kurowicka and Joe 2009), for the free entries below the diagonal:
 *
 *     log p(L) = Σ_{i=2}^d (d - i + 2 (η - 1)) log L_ii - (d - 1)/2 log π - log Γ_{d-1}(α - 1/2) + (d - 1) log Γ(α),   α = η + (d - 1)/2.
 *
 * Drawn by the onion method: row i is a direction on a sphere times the root of a Beta variable.
 */

import type { Shape } from "../../../autodiff/core/shape.js";
import {
  arange,
  concatenate,
  diag,
  eye,
  lgamma,
  log,
  multigammaln,
  random,
  slice,
  sqrt,
  square,
  sum,
  type Tensor,
  type TensorLike,
  tril,
  zeros,
} from "../../../autodiff/index.js";
import { log as logOf } from "../../../autodiff/kernels/formulas/scalarFormulas.js";
import { type Constraint, corrCholesky, integerInterval, positive } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { firstNumber, type Given, readParameters, type Signature } from "../../core/parameters.js";

export type LkjParams = { readonly dim: Tensor; readonly concentration: Tensor };
export const lkjFamily = (name: string): Signature<LkjParams> => ({
  name,
  constraints: { dim: integerInterval(2, 2 ** 31), concentration: positive },
  defaults: { concentration: 1 },
});

export class LKJCholesky extends Distribution<LkjParams> {
  constructor(dim: number, concentration?: TensorLike);
  constructor(params: Given<LkjParams>);
  constructor(...args: unknown[]) {
    super(readParameters(lkjFamily("LKJCholesky"), args));
  }

  get #dim(): number {
    return firstNumber(this.params.dim);
  }
  override get support(): Constraint {
    return corrCholesky;
  }
  override get eventShape(): Shape {
    return [this.#dim, this.#dim];
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { concentration } = this.params;
    const d = this.#dim;
    const alpha = concentration.add((d - 1) / 2);
    // d - i for i = 2 … d
    const orders = concentration
      .sub(1)
      .mul(2)
      .expandDims(-1)
      .add(arange(d - 2, -1, -1));
    const rows = log(slice(diag(value), 1, undefined, { axis: -1 }));
    return sum(orders.mul(rows), -1)
      .sub(((d - 1) / 2) * logOf(Math.PI))
      .sub(multigammaln(alpha.sub(0.5), d - 1))
      .add(lgamma(alpha).mul(d - 1));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const d = this.#dim;
    const [k1, k2] = [...random.split(key)] as [Tensor, Tensor];
    const before = arange(d - 1);
    const rest = this.params.concentration
      .add((d - 2) / 2)
      .expandDims(-1)
      .sub(before.mul(0.5));
    const shares = random.beta(k1, before.add(1).mul(0.5), rest, [...shape, d - 1]);
    const directions = tril(random.normal(k2, [...shape, d - 1, d - 1]));
    const length = sqrt(sum(square(directions), -1, { keepDims: true }));
    const below = directions.div(length).mul(sqrt(shares).expandDims(-1));
    // Rows 2 … d: what lies below the diagonal, a column of zeros; then the diagonal.
    const lower = concatenate([below, zeros([...shape, d - 1, 1])], -1);
    const corner = concatenate([zeros([...shape, 1, d]), lower], -2);
    const onDiagonal = concatenate([zeros([...shape, 1]).add(1), sqrt(shares.neg().add(1))], -1);
    return corner.add(onDiagonal.expandDims(-1).mul(eye(d)));
  }
}
