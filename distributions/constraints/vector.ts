/** Constraints on vectors and matrices, each of which is one event. A prescribed sum or norm may be off by 1e-6. */
import {
  abs,
  cholesky,
  concatenate,
  diag,
  equal,
  full,
  greater,
  greaterEqual,
  isFinite,
  less,
  lessEqual,
  logicalAnd,
  max,
  maximum,
  slice,
  square,
  sum,
  type Tensor,
  type TensorLike,
  tensor,
  tril,
  zeros,
} from "../../autodiff/index.js";
import { matrixTranspose } from "../../autodiff/ops/linalg/matmul.js";
import { allOf } from "./axes.js";
import { type Constraint, eventConstraint, independent, withName } from "./constraint.js";
import { nonnegativeInteger, real } from "./scalar.js";

const reals = /* @__PURE__ */ independent(real, 1);
export const realVector = /* @__PURE__ */ withName(reals, "realVector", "a vector of finite numbers");

const increasing = (x: Tensor): Tensor => allOf(logicalAnd(isFinite(x), greater(x, shiftedRight(x))), 1);
/** The elements moved one place to the right along the last axis, with -Infinity in front. */
const shiftedRight = (x: Tensor): Tensor =>
  concatenate([full([...x.shape.slice(0, -1), 1], -Infinity), slice(x, 0, -1, { axis: -1 })], -1);
export const orderedVector: Constraint = /* @__PURE__ */ eventConstraint("orderedVector", "increasing", 1, increasing);
export const positiveOrderedVector: Constraint = /* @__PURE__ */ eventConstraint(
  "positiveOrderedVector",
  "increasing and > 0",
  1,
  (x) => logicalAnd(increasing(x), allOf(greater(x, 0), 1)),
);

/** How far a prescribed sum or norm may be off. */
const SUM_TOLERANCE = 1e-6;

/** Weights >= 0 with sum 1 (within 1e-6). */
export const simplex: Constraint = /* @__PURE__ */ eventConstraint("simplex", ">= 0 with sum 1", 1, (x) =>
  logicalAnd(allOf(greaterEqual(x, 0), 1), nearly(sum(x, -1), 1)),
);
/** Numbers that become probabilities when divided by their sum. */
export const weights: Constraint = /* @__PURE__ */ eventConstraint(
  "weights",
  ">= 0 and finite, with a sum > 0",
  1,
  (x) => {
    const total = sum(x, -1);
    return logicalAnd(allOf(greaterEqual(x, 0), 1), logicalAnd(greater(total, 0), less(total, Infinity)));
  },
);
/** Logarithms of weights >= 0, at least one of which is positive. */
export const logWeights: Constraint = /* @__PURE__ */ eventConstraint(
  "logWeights",
  "< Infinity, not all -Infinity",
  1,
  (x) => {
    const largest = max(x, -1);
    return logicalAnd(less(largest, Infinity), greater(largest, -Infinity));
  },
);

/** Vectors of Euclidean norm 1. */
export const sphere: Constraint = /* @__PURE__ */ eventConstraint("sphere", "a vector of Euclidean norm 1", 1, (x) =>
  nearly(sum(square(x), -1), 1),
);
export const l1Ball: Constraint = /* @__PURE__ */ eventConstraint(
  "l1Ball",
  "a vector whose absolute values sum to at most 1",
  1,
  (x) => lessEqual(sum(abs(x), -1), 1 + SUM_TOLERANCE),
);
export const zeroSum: Constraint = /* @__PURE__ */ eventConstraint("zeroSum", "a vector with sum 0", 1, (x) =>
  less(abs(sum(x, -1)), maximum(sum(abs(x), -1), 1).mul(SUM_TOLERANCE)),
);
/** Counts with the given sum. */
export const multinomial = (totalCount: TensorLike): Constraint =>
  eventConstraint(
    "multinomial",
    "counts (whole numbers >= 0) that sum to the total count",
    1,
    (x) => logicalAnd(allOf(nonnegativeInteger.check(x), 1), equal(sum(x, -1), tensor(totalCount))),
    true,
  );

/** A check of square matrices; other matrices fail it. */
function ofSquares(check: (x: Tensor) => Tensor): (x: Tensor) => Tensor {
  return (x) => (x.shape.at(-1) === x.shape.at(-2) ? check(x) : zeros(x.shape.slice(0, -2)));
}

/** A lower triangle with a positive diagonal. */
export const lowerCholesky: Constraint = /* @__PURE__ */ eventConstraint(
  "lowerCholesky",
  "a lower triangular matrix with positive diagonal",
  2,
  /* @__PURE__ */ ofSquares((x) =>
    logicalAnd(allOf(logicalAnd(isFinite(x), equal(x, tril(x))), 2), allOf(greater(diag(x), 0), 1)),
  ),
);
/** Like `lowerCholesky`, but `bijectTo` makes the diagonal positive by softplus instead of exp. */
export const softplusLowerCholesky = /* @__PURE__ */ withName(lowerCholesky, "softplusLowerCholesky");
/** The Cholesky factor of a correlation matrix: every row has Euclidean norm 1. */
export const corrCholesky: Constraint = /* @__PURE__ */ eventConstraint(
  "corrCholesky",
  "a lower triangular matrix with positive diagonal and rows of Euclidean norm 1",
  2,
  (x) => logicalAnd(lowerCholesky.check(x), allOf(nearly(sum(square(x), -1), 1), 1)),
);
export const positiveDefinite: Constraint = /* @__PURE__ */ eventConstraint(
  "positiveDefinite",
  "a symmetric positive definite matrix",
  2,
  /* @__PURE__ */ ofSquares((x) => {
    const asymmetry = abs(x.sub(matrixTranspose(x)));
    const symmetric = lessEqual(asymmetry, max(abs(x), [-1, -2], { keepDims: true }).mul(SUM_TOLERANCE));
    return logicalAnd(allOf(symmetric, 2), allOf(greater(diag(cholesky(x)), 0), 1));
  }),
);
export const corrMatrix: Constraint = /* @__PURE__ */ eventConstraint(
  "corrMatrix",
  "a positive definite matrix with unit diagonal",
  2,
  (x) => logicalAnd(positiveDefinite.check(x), allOf(nearly(diag(x), 1), 1)),
);

const nearly = (x: Tensor, y: number): Tensor => less(abs(x.sub(y)), SUM_TOLERANCE);
