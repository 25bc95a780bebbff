/**
 * Factorisations and solves of matrices in the last two axes. Gradients follow Murray (2016), "Differentiation of the Cholesky
 * decomposition", and Giles (2008), "Collected matrix derivative results for forward and reverse mode". A bar marks a
 * cotangent, A = L Lᵀ, A x = b, Y = A⁻¹, y = log det A, sym(M) = (M + Mᵀ)/2, tri takes the triangle that was used, and Φ
 * takes the lower triangle and halves its diagonal:
 *
 *     cholesky:         Ā = sym(L⁻ᵀ Φ(Lᵀ L̄) L⁻¹)          triangularSolve:  b̄ = A⁻ᵀ x̄,  Ā = -tri(b̄ xᵀ)
 *     logdet:           Ā = ȳ A⁻ᵀ                         inverse:          Ā = -Yᵀ Ȳ Yᵀ
 */

import { dropLast, mixAxis, mixLast } from "../../../provenance/axes.js";
import { refuse } from "../../../provenance/base/error.js";
import * as kinds from "../../../provenance/base/kinds.js";
import { requireOptions } from "../../../provenance/base/options.js";
import { apply } from "../../core/apply.js";
import { kernelsOf } from "../../core/binding.js";
import type { TensorLike } from "../../core/convert.js";
import { asContiguous, copyInto } from "../../core/copy.js";
import type { Op, Vjp } from "../../core/op.js";
import { broadcastShapes, type Shape, showShape, sizeOf } from "../../core/shape.js";
import { asTensor, type Tensor } from "../../core/tensor.js";
import { broadcastView, type View } from "../../core/view.js";
import * as kernels from "../../kernels/factor.js";
import { tril, triu } from "../array/diagonal.js";
import { add, mul, mulZeroWins, neg, sub } from "../elementwise/math.js";
import { broadcastTogether } from "../views/batching.js";
import { expandDims, squeeze } from "../views/shape.js";
import { matmul, matrixTranspose } from "./matmul.js";

function squareShape(op: string, x: Tensor): Shape {
  if (x.shape.length < 2 || x.shape.at(-1) !== x.shape.at(-2))
    refuse("shape-mismatch", op, `x must have square matrices in its last two axes, got shape ${showShape(x.shape)}.`);
  return x.shape;
}

/** Runs `body` for each n by n matrix of x, with the offset where the matrix starts and its index. */
export function eachMatrix(x: View, body: (data: Float64Array, start: number, n: number, i: number) => void): void {
  const { data, offset, shape } = asContiguous(x);
  const n = shape.at(-1) as number;
  for (let i = 0, count = sizeOf(shape.slice(0, -2)); i < count; i++) body(data, offset + i * n * n, n, i);
}

/** Computes a matrix from the n by n matrix of `a` that begins at `start`, and writes it to `out`, from `at` on. */
type MatrixKernel = (a: Float64Array, start: number, n: number, out: Float64Array, at: number) => void;

/** An op that makes a matrix of the same shape from each matrix. */
function matrixOp(name: string, kernel: MatrixKernel, vjp: Vjp<null>): Op {
  const op: Op = {
    name,
    shape: (_, [x]) => squareShape(name, x as Tensor),
    kernel: (_, out, [x]) =>
      eachMatrix(x as View, (a, start, n, i) => kernel(a, start, n, out.data, out.offset + i * n * n)),
    vjp: () => vjp,
    batch: (_, [x]) => apply(op, null, x as Tensor),
    axes: () => mixLast(2),
  };
  return op;
}

export const choleskyOp = matrixOp("cholesky", kernels.cholesky, (g, factor) => {
  const p = tril(matmul(matrixTranspose(factor), g));
  const phi = sub(p, mul(0.5, tril(triu(p))));
  const left = triangularSolve(factor, phi, { transpose: true });
  const s = triangularSolve(factor, matrixTranspose(left), { transpose: true });
  return mul(0.5, add(s, matrixTranspose(s)));
});
/** The lower factor L of (A + Aᵀ)/2 = L Lᵀ; NaN for a matrix that is not positive definite. */
export function cholesky(x: TensorLike): Tensor {
  const a = asTensor("cholesky", x);
  squareShape("cholesky", a);
  return apply(choleskyOp, null, mul(0.5, add(a, matrixTranspose(a))));
}

/** Which triangle of the matrix is used (the lower one by default), and whether it is transposed. */
export interface Triangular {
  lower?: boolean;
  transpose?: boolean;
}

export const solveOp: Op<Required<Triangular>> = {
  name: "triangularSolve",
  shape: (_, [matrix, right]) => {
    const [a, b] = [squareShape("triangularSolve", matrix as Tensor), (right as Tensor).shape];
    if (b.at(-2) !== a.at(-1))
      refuse(
        "shape-mismatch",
        "triangularSolve",
        `the matrix has shape ${showShape(a)}, so the right-hand side must have ${a.at(-1)} rows, got shape ${showShape(b)}. Turn a batch of vectors into columns: expandDims(b, -1).`,
      );
    return [...broadcastShapes("triangularSolve", a.slice(0, -2), b.slice(0, -2)), ...b.slice(-2)];
  },
  ...kernelsOf(({ lower, transpose }, out, [matrix, right]) => {
    const [n, columns] = out.shape.slice(-2) as [number, number];
    const x = broadcastView(right as View, out.shape);
    const triangles = broadcastView(matrix as View, [...out.shape.slice(0, -2), n, n]);
    return () => {
      copyInto(out, x);
      eachMatrix(triangles, (a, start, _, i) =>
        kernels.substitute(
          a,
          start,
          n,
          lower !== transpose,
          transpose,
          out.data,
          out.offset + i * n * columns,
          columns,
        ),
      );
    };
  }),
  vjp:
    (input) =>
    (g, x, [a], { lower, transpose }) => {
      const b = triangularSolve(a as Tensor, g, { lower, transpose: !transpose });
      if (input === 1) return b;
      // A single column x may be NaN if nothing uses it, for example because a mask hides its data. Then b is 0 and must win over this NaN.
      const [p, q] = transpose ? [matrixTranspose(b), x] : [b, matrixTranspose(x)];
      const outer = x.shape.at(-1) === 1 ? mulZeroWins(p, q) : transpose ? matmul(q, p) : matmul(p, q);
      return neg(lower ? tril(outer) : triu(outer));
    },
  batch: (triangle, inputs, batched) => {
    const [a, b] = broadcastTogether(inputs, batched) as [Tensor, Tensor];
    return apply(solveOp, triangle, a, b);
  },
  axes: (_, __, input) => (input === 0 ? mixLast(2) : mixAxis(1)),
};
/**
 * Solves A x = b, or Aᵀ x = b, for x. A is the lower or the upper triangle of the matrix, whose other entries are not read. b holds
 * columns [..., n, k]; a vector [n] is one column.
 */
export function triangularSolve(a: TensorLike, b: TensorLike, options: Triangular = {}): Tensor {
  requireOptions("triangularSolve", options, { lower: kinds.flag, transpose: kinds.flag });
  const { lower = true, transpose = false } = options;
  const [matrix, right] = [asTensor("triangularSolve", a), asTensor("triangularSolve", b)];
  const solve = (columns: Tensor) => apply(solveOp, { lower, transpose }, matrix, columns);
  return right.shape.length === 1 ? squeeze(solve(expandDims(right, 1)), -1) : solve(right);
}

const inverseOp = matrixOp("inverse", kernels.inverse, (g, y) => {
  const t = matrixTranspose(y);
  return neg(matmul(t, matmul(g, t)));
});
/** The inverse of each matrix; not finite if the matrix is singular. */
export const inverse = (x: TensorLike): Tensor => apply(inverseOp, null, asTensor("inverse", x));

const logdetOp: Op = {
  name: "logdet",
  shape: (_, [x]) => squareShape("logdet", x as Tensor).slice(0, -2),
  kernel: (_, out, [x]) =>
    eachMatrix(x as View, (a, start, n, i) => {
      out.data[out.offset + i] = kernels.logdet(a, start, n);
    }),
  vjp:
    () =>
    (g, _, [x]) =>
      mulZeroWins(expandDims(expandDims(g, -1), -1), matrixTranspose(inverse(x as Tensor))),
  batch: (_, [x]) => apply(logdetOp, null, x as Tensor),
  axes: () => dropLast(2),
};
/** The logarithm of the determinant of each matrix; -Infinity if the matrix is singular, NaN if the determinant is negative. */
export const logdet = (x: TensorLike): Tensor => apply(logdetOp, null, asTensor("logdet", x));
