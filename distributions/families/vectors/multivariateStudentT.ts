import {
  abs,
  digammaDifference,
  greater,
  lgamma,
  log,
  log1p,
  logBeta,
  matmul,
  max,
  square,
  stopGradient,
  sum,
  type TensorLike,
  triangularSolve,
  where,
} from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { splitInTwo } from "../../../autodiff/ops/random/wordOps.js";
import { lowerCholesky, positive, realVector } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { FAR, studentSpread } from "../../densities/student.js";
import { halfLogDeterminant, requireSameSize } from "./multivariateNormal.js";

/**
 * MultivariateStudentT with df degrees of freedom in n dimensions. With L = scaleTril and L z = x - loc,
 *
 *     log p(x) = -(df + n)/2 log(1 + |z|²/df) - log B(df/2, n/2) + log Γ(n/2) - n/2 log(π df) - Σ log L_ii.
 *
 * @example new MultivariateStudentT(4, [0, 0], [[1, 0], [0, 1]]).variance // [2, 2]
 */
export class MultivariateStudentT extends /* @__PURE__ */ family<
  Tensors<"df" | "loc" | "scaleTril">,
  [df: TensorLike, loc: TensorLike, scaleTril: TensorLike]
>("MultivariateStudentT", {
  constraints: { df: positive, loc: realVector, scaleTril: lowerCholesky },
  support: realVector,
  keepInside: true,
  check: ({ loc, scaleTril }) => requireSameSize("MultivariateStudentT", loc, scaleTril.shape.at(-1) as number),
  formulas: ({ df, loc, scaleTril }) => ({
    eventShape: () => scaleTril.shape.slice(-1),
    logDensity: (x) => {
      const n = scaleTril.shape.at(-1) as number;
      const z = triangularSolve(scaleTril, x.sub(loc).expandDims(-1)).squeeze(-1);
      // Where squares would overflow, z is divided by its largest entry first.
      const size = stopGradient(max(abs(z), -1));
      const unit = where(greater(size, FAR), size, 1);
      const ratio = sum(square(z.div(unit.expandDims(-1))), -1).div(df);
      return where(greater(size, FAR), log(ratio).add(log(unit).mul(2)), log1p(ratio))
        .mul(df.add(n).mul(0.5))
        .add(logBeta(df.mul(0.5), n / 2))
        .add(log(df.mul(Math.PI)).mul(n / 2))
        .add(halfLogDeterminant(scaleTril))
        .sub(lgamma(n / 2))
        .neg();
    },
    draw: (key, shape) => {
      const [k1, k2] = splitInTwo(key);
      const z = random.normal(k1, [...shape, ...scaleTril.shape.slice(-1)]);
      const spread = studentSpread(k2, df, shape).expandDims(-1);
      return matmul(scaleTril, z.expandDims(-1)).squeeze(-1).mul(spread).add(loc);
    },
    entropy: () => {
      const [half, halfSize] = [df.mul(0.5), (scaleTril.shape.at(-1) as number) / 2];
      return digammaDifference(half, halfSize)
        .mul(half.add(halfSize))
        .add(logBeta(half, halfSize))
        .add(log(df.mul(Math.PI)).mul(halfSize))
        .add(halfLogDeterminant(scaleTril))
        .sub(lgamma(halfSize));
    },
    mean: () => where(greater(df, 1).expandDims(-1), loc, NaN),
    variance: () => {
      const column = df.expandDims(-1);
      const finite = column.div(column.sub(2)).mul(sum(square(scaleTril), -1));
      return where(greater(column, 2), finite, where(greater(column, 1), Infinity, NaN));
    },
  }),
}) {}
