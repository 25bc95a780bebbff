/** Bijections from unconstrained vectors to triangular and positive definite matrices. */
import type { Shape } from "../../autodiff/core/shape.js";
import {
  arange,
  cholesky,
  concatenate,
  cumsum,
  diag,
  exp,
  expandDims,
  eye,
  flip,
  less,
  log,
  log1p,
  matmul,
  maximum,
  minimum,
  reshape,
  slice,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  take,
  tanh,
  where,
  zeros,
} from "../../autodiff/index.js";
import { matrixTranspose } from "../../autodiff/ops/linalg/matmul.js";
import { refuse } from "../../provenance/base/error.js";
import { sumOver } from "../constraints/axes.js";
import { type Constraint, corrCholesky, corrMatrix, lowerCholesky, positiveDefinite } from "../constraints/index.js";
import { Exp, Softplus } from "./scalar.js";
import { Transform } from "./transform.js";
import { fromVectors, logSech2 } from "./vector.js";

const LAST = { axis: -1 };

/** The n for which a vector of this shape has n (n - 1) / 2 + diagonal · n numbers. */
function orderOf(op: string, shape: Shape, diagonal: 0 | 1): number {
  const length = shape.at(-1) as number;
  const n = Math.round((Math.sqrt(1 + 8 * length) + 1) / 2) - diagonal;
  if ((n * (n + 2 * diagonal - 1)) / 2 !== length)
    refuse("bad-shape", op, `a vector of ${length} numbers does not fill a triangle. Expected 1, 3, 6, 10, … numbers.`);
  return n;
}

/** The class of transforms from vectors to n by n matrices. Vectors have one number per entry of the lower triangle, with or without its diagonal. */
const toTriangles = (op: string, codomain: Constraint, diagonal: 0 | 1): (abstract new () => Transform) => {
  abstract class ToTriangles extends fromVectors(codomain) {
    override forwardShape(shape: Shape): Shape {
      const n = orderOf(op, shape, diagonal);
      return [...shape.slice(0, -1), n, n];
    }
    override inverseShape(shape: Shape): Shape {
      const n = shape.at(-1) as number;
      return [...shape.slice(0, -2), (n * (n + 2 * diagonal - 1)) / 2];
    }
  }
  return ToTriangles;
};

/**
 * The number of zeros from which the entries of the upper triangle are read in turn. If all entries read one zero, the backward pass would
 * add all their gradients in one place, where each addition waits for the previous addition.
 */
const ZEROS = 8;

/** n by n matrices whose strict lower triangles are filled, row by row, from the vectors along the last axis; zeros elsewhere. */
function toTriangle(x: Tensor, n: number): Tensor {
  const firstZero = (n * (n - 1)) / 2;
  const indices = Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (_, j) => (j < i ? (i * (i - 1)) / 2 + j : firstZero + (j % ZEROS))),
  );
  return take(concatenate([x, zeros([...x.shape.slice(0, -1), ZEROS])], -1), indices, -1);
}

/** The strict lower triangles of matrices as vectors, row by row. With `right`, each entry is taken from `right` columns further right. */
function fromTriangle(y: Tensor, right = 0): Tensor {
  const n = y.shape.at(-1) as number;
  const indices = Array.from({ length: n }, (_, i) => Array.from({ length: i }, (_, j) => i * n + j + right)).flat();
  return take(reshape(y, [...y.shape.slice(0, -2), n * n]), indices, -1);
}

/**
 * Vectors to lower triangular matrices with a positive diagonal. The first n (n - 1) / 2 numbers become the entries below the diagonal; the
 * last n numbers, mapped by `positive`, become the diagonal.
 *
 * @example new LowerCholesky().forward(tensor([5, 0, 0])) // [[1, 0], [5, 1]]
 */
export class LowerCholesky extends /* @__PURE__ */ toTriangles("LowerCholesky", lowerCholesky, 1) {
  constructor(readonly positive: Transform = new Exp()) {
    super();
  }
  override forward(x: Tensor): Tensor {
    const n = orderOf("LowerCholesky", x.shape, 1);
    const diagonal = expandDims(this.positive.forward(slice(x, -n, undefined, LAST)), -1);
    return toTriangle(slice(x, 0, -n, LAST), n).add(eye(n).mul(diagonal));
  }
  override inverse(y: Tensor): Tensor {
    return concatenate([fromTriangle(y), this.positive.inverse(diag(y))], -1);
  }
  override logAbsDetJacobian(x: Tensor): Tensor {
    const diagonal = slice(x, -orderOf("LowerCholesky", x.shape, 1), undefined, LAST);
    return sum(this.positive.logAbsDetJacobian(diagonal, this.positive.forward(diagonal)), -1);
  }
}

/**
 * Like LowerCholesky, with the diagonal mapped by softplus.
 *
 * @example new SoftplusLowerCholesky().forward(tensor([5, 0, 0])) // [[0.6931, 0], [5, 0.6931]]
 */
export class SoftplusLowerCholesky extends LowerCholesky {
  constructor() {
    super(new Softplus());
  }
}

/**
 * Maps n (n - 1) / 2 numbers to the Cholesky factor of a correlation matrix (Lewandowski, Kurowicka and Joe 2009; Stan). The squared entries
 * of a row sum to 1, and come from stick breaking: with t = tanh(x), a squared entry takes the share t² of what the earlier squared entries
 * leave.
 *
 *     y_ij = t_ij √Π_{k<j} (1 - t_ik²),   y_ii = √Π_{k<i} (1 - t_ik²).
 *
 * Only the strict lower triangle of y counts as dy: log |det dy/dx| = Σ log(1 - t_ij²) + Σ_{k<j} log(1 - t_ik²) / 2.
 *
 * @example new CorrCholesky().forward(tensor([0, 0, 0])) // [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
 */
export class CorrCholesky extends /* @__PURE__ */ toTriangles("CorrCholesky", corrCholesky, 0) {
  override forward(x: Tensor): Tensor {
    const n = orderOf("CorrCholesky", x.shape, 0);
    return toTriangle(tanh(x), n)
      .add(eye(n))
      .mul(exp(maximum(this.#logLeft(x, n).mul(0.5), LEAST_LOG)));
  }
  /**
   * x_ij = atanh(y_ij / √l) = asinh(y_ij / √m), where l and m are the squared lengths left before and after the entry. The code uses asinh,
   * which keeps more digits where y_ij / √l is near ±1.
   */
  override inverse(y: Tensor): Tensor {
    const left = flip(cumsum(flip(square(y), -1), -1), -1);
    const ratio = fromTriangle(y).div(sqrt(fromTriangle(left, 1)));
    // Unlike the derivatives of abs and sign at 0, this factor gives the odd function asinh a slope there.
    const sign = where(less(ratio, 0), -1, 1);
    const size = minimum(ratio.mul(sign), 1e150);
    const root = sqrt(square(size).add(1));
    return log1p(size.add(square(size).div(root.add(1)))).mul(sign);
  }
  override logAbsDetJacobian(x: Tensor): Tensor {
    const n = orderOf("CorrCholesky", x.shape, 0);
    return sum(logSech2(x).add(fromTriangle(this.#logLeft(x, n)).mul(0.5)), -1);
  }

  /** The logarithm of the squared length left before each entry of a row. */
  #logLeft(x: Tensor, n: number): Tensor {
    const logFactors = toTriangle(logSech2(x), n);
    return cumsum(logFactors, -1).sub(logFactors);
  }
}

/** The logarithm of the smallest diagonal entry, chosen so that its square does not underflow to 0. */
const LEAST_LOG = -345;

/**
 * y yᵀ with its diagonal increased by a bound on the rounding errors, so that its Cholesky factor exists even if y is nearly singular
 * (Demmel 1989, "On floating point errors in Cholesky").
 */
export function gram(y: Tensor): Tensor {
  const n = y.shape.at(-1) as number;
  return matmul(y, matrixTranspose(y)).mul(
    eye(n)
      .mul(n * (n + 2) * 2 ** -52)
      .add(1),
  );
}

/**
 * A positive definite n by n matrix x = y yᵀ to its lower triangular factor y; the inverse computes y yᵀ. With free = 1, or 0 if the diagonal
 * of x is fixed,
 *
 *     log |det dx/dy| = Σ_j (n - 1 - j + free) log y_jj + free n log 2.
 *
 * @example new Cholesky().forward(tensor([[4, 2], [2, 5]])) // [[2, 0], [1, 2]]
 */
export class Cholesky extends Transform {
  /** 0 for correlation matrices, whose diagonal is fixed. */
  protected readonly free: 0 | 1 = 1;
  override get domain(): Constraint {
    return positiveDefinite;
  }
  override get codomain(): Constraint {
    return lowerCholesky;
  }
  override get domainEventDim(): number {
    return 2;
  }
  override forward(x: Tensor): Tensor {
    return cholesky(x);
  }
  override inverse(y: Tensor): Tensor {
    return gram(y);
  }
  override logAbsDetJacobian(_x: Tensor, y: Tensor): Tensor {
    const n = y.shape.at(-1) as number;
    const powers = sub(n - 1 + this.free, arange(n));
    return sumOver(log(diag(y)).mul(powers), 1)
      .add(this.free * n * Math.LN2)
      .neg();
  }
}

/**
 * Like Cholesky, for correlation matrices, whose diagonal is fixed.
 *
 * @example new CorrMatrixCholesky().forward(tensor([[1, 0.6], [0.6, 1]])) // [[1, 0], [0.6, 0.8]]
 */
export class CorrMatrixCholesky extends Cholesky {
  protected override readonly free = 0;
  override get domain(): Constraint {
    return corrMatrix;
  }
  override get codomain(): Constraint {
    return corrCholesky;
  }
}
