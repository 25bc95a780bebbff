/** Triangles and diagonals of matrices. The diagonal of two axes is a view whose stride is the sum of the strides of the axes. */

import { mapAxes } from "../../../provenance/axes.js";
import { refuse } from "../../../provenance/base/error.js";
import * as kinds from "../../../provenance/base/kinds.js";
import { requireKind } from "../../../provenance/base/options.js";
import { apply } from "../../core/apply.js";
import type { TensorLike } from "../../core/convert.js";
import { showShape } from "../../core/shape.js";
import { asTensor, type Tensor } from "../../core/tensor.js";
import { viewOf } from "../../core/view.js";
import { equal, greaterEqual, sub, where } from "../elementwise/math.js";
import { expandDims, viewOp } from "../views/shape.js";
import { slice } from "../views/slicing.js";
import { arange, arangeAlong } from "./make.js";

/** For each entry of an n by m matrix: its column number minus its row number. */
const offsets = (n: number, m: number): Tensor => sub(arange(m), expandDims(arange(n), 1));

function asMatrix(op: string, x: TensorLike): { matrices: Tensor; rows: number; columns: number } {
  const matrices = asTensor(op, x);
  const [rows, columns] = matrices.shape.slice(-2);
  if (rows === undefined || columns === undefined)
    refuse("shape-mismatch", op, `x must have matrices in its last two axes, got shape ${showShape(matrices.shape)}.`);
  return { matrices, rows, columns };
}

/** The lower triangle of each matrix, up to the k-th diagonal above the main one; zeros elsewhere. */
export const tril = (x: TensorLike, k = 0): Tensor => triangle("tril", x, k, (offset) => greaterEqual(k, offset));

/** The upper triangle of each matrix, from the k-th diagonal above the main one; zeros elsewhere. */
export const triu = (x: TensorLike, k = 0): Tensor => triangle("triu", x, k, (offset) => greaterEqual(offset, k));

function triangle(op: string, x: TensorLike, k: number, contains: (offset: Tensor) => Tensor): Tensor {
  requireKind(op, "k", k, kinds.whole);
  const { matrices, rows, columns } = asMatrix(op, x);
  return where(contains(offsets(rows, columns)), matrices, 0);
}

const diagonalOp = viewOp<readonly [number, number]>({
  name: "diagonal",
  view: ([first, second], x) => {
    const stride = x.stride.map((s, i) => (i === first ? s + (x.stride[second] as number) : s));
    const withoutSecond = <T>(list: readonly T[]) => list.filter((_, i) => i !== second);
    return viewOf(x.data, withoutSecond(x.shape), withoutSecond(stride), x.offset);
  },
  vjp:
    () =>
    (g, _, [x], [first, second]) => {
      const { shape } = x as Tensor;
      return where(equal(arangeAlong(first, shape), arangeAlong(second, shape)), expandDims(g, second), 0);
    },
  batched: ([first, second]) => [first + 1, second + 1],
  axes: ([first, second], [x]) => {
    const last = (x as Tensor).shape.length - 1;
    return mapAxes(last + 1, (k) => {
      const axis = last - k;
      const to = axis === second ? first : axis > second ? axis - 1 : axis;
      return last - 1 - to;
    });
  },
});

/**
 * The entries that have the same index along two axes of equal size, first < second. In the result they lie along axis `first`, and axis
 * `second` is dropped.
 */
export const diagonal = (x: Tensor, first: number, second: number): Tensor => apply(diagonalOp, [first, second], x);

/** For a vector, the matrix with x on its diagonal. For a tensor of two or more axes, the diagonal of each matrix. */
export function diag(x: TensorLike): Tensor {
  const values = asTensor("diag", x);
  if (values.shape.length === 1) {
    const n = values.length;
    return where(equal(offsets(n, n), 0), values, 0);
  }
  const { matrices, rows, columns } = asMatrix("diag", x);
  const n = Math.min(rows, columns);
  const [row, column] = [matrices.shape.length - 2, matrices.shape.length - 1];
  return diagonal(slice(slice(matrices, 0, n, { axis: row }), 0, n, { axis: column }), row, column);
}
