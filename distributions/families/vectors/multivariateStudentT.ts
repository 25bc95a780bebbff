/**
 * MultivariateStudentT with df degrees of freedom in n dimensions, L = scaleTril, L z = x - loc:
 *
 *     log p(x) = -(df + n)/2 log(1 + |z|²/df) - log B(df/2, n/2) + log Γ(n/2) - n/2 log(π df) - Σ log L_ii.
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  greater,
  lgamma,
  log,
  log1p,
  logBeta,
  matmul,
  random,
  sqrt,
  square,
  sum,
  type Tensor,
  type TensorLike,
  triangularSolve,
  where,
} from "../../../autodiff/index.js";
import { type Constraint, lowerCholesky, positive, realVector } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Given, readParameters, type Signature } from "../../core/parameters.js";
import { halfLogDeterminant } from "./multivariateNormal.js";

type Params = { readonly df: Tensor; readonly loc: Tensor; readonly scaleTril: Tensor };
const MULTIVARIATE_STUDENT_T: Signature<Params> = {
  name: "MultivariateStudentT",
  constraints: { df: positive, loc: realVector, scaleTril: lowerCholesky },
};

export class MultivariateStudentT extends Distribution<Params> {
  constructor(df: TensorLike, loc: TensorLike, scaleTril: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(MULTIVARIATE_STUDENT_T, args));
  }

  override get support(): Constraint {
    return realVector;
  }
  override get eventShape(): Shape {
    return this.params.scaleTril.shape.slice(-1);
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { df, loc, scaleTril } = this.params;
    const n = this.eventShape[0] as number;
    const z = triangularSolve(scaleTril, value.sub(loc).expandDims(-1)).squeeze(-1);
    return log1p(sum(square(z), -1).div(df))
      .mul(df.add(n).mul(0.5))
      .add(logBeta(df.mul(0.5), n / 2))
      .add(log(df.mul(Math.PI)).mul(n / 2))
      .add(halfLogDeterminant(scaleTril))
      .sub(lgamma(n / 2))
      .neg();
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { df, loc, scaleTril } = this.params;
    const [k1, k2] = [...random.split(key)] as [Tensor, Tensor];
    const z = random.normal(k1, [...shape, ...this.eventShape]);
    const half = df.mul(0.5);
    const spread = sqrt(half.div(random.gamma(k2, half, shape)));
    return matmul(scaleTril, z.expandDims(-1)).squeeze(-1).mul(spread.expandDims(-1)).add(loc);
  }
  override get mean(): Tensor {
    const { df, loc } = this.params;
    return this.spread(where(greater(df, 1).expandDims(-1), loc, NaN));
  }
  override get variance(): Tensor {
    const { df, scaleTril } = this.params;
    const finite = df
      .div(df.sub(2))
      .expandDims(-1)
      .mul(sum(square(scaleTril), -1));
    const isHeavy = where(greater(df, 1), Infinity, NaN).expandDims(-1);
    return this.spread(where(greater(df, 2).expandDims(-1), finite, isHeavy));
  }
}
