/** Matrix products. */

import { mixAxis } from "../../../provenance/axes.js";
import { refuse } from "../../../provenance/base/error.js";
import { apply } from "../../core/apply.js";
import { kernelsOf } from "../../core/binding.js";
import type { TensorLike } from "../../core/convert.js";
import { asContiguous } from "../../core/copy.js";
import type { Op } from "../../core/op.js";
import { broadcastShapes, type Shape, showShape } from "../../core/shape.js";
import { asTensor, type Tensor } from "../../core/tensor.js";
import { broadcastView, type View, withAxes } from "../../core/view.js";
import { multiply, multiplyByColumns, multiplyRow } from "../../kernels/matmul.js";
import { broadcastTogether } from "../views/batching.js";
import { expandDims, squeeze, transpose } from "../views/shape.js";

/** The axes of x with the last two exchanged. */
const transposedAxes = ({ shape }: { readonly shape: Shape }): number[] => {
  const axes = [...shape.keys()];
  return [...axes.slice(0, -2), axes.length - 1, axes.length - 2];
};
/** x with its last two axes exchanged. */
export const matrixTranspose = (x: Tensor): Tensor => transpose(x, transposedAxes(x));

export const matmulOp: Op = {
  name: "matmul",
  shape: (_, [a, b]) => {
    const [left, right] = [(a as Tensor).shape, (b as Tensor).shape];
    if (left.at(-1) !== right.at(-2))
      refuse(
        "shape-mismatch",
        "matmul",
        `shapes ${showShape(left)} and ${showShape(right)} do not fit: the left matrix has ${left.at(-1)} columns, the right matrix has ${right.at(-2)} rows. Make the two numbers equal, by transpose or reshape.`,
      );
    const batch = broadcastShapes("matmul", left.slice(0, -2), right.slice(0, -2));
    return [...batch, left.at(-2) as number, right.at(-1) as number];
  },
  ...kernelsOf((_, out, [left, right]) => product(out, left as View, right as View)),
  vjp: (input) =>
    input === 0
      ? (g, _, [__, b]) => apply(matmulOp, null, g, matrixTranspose(b as Tensor))
      : (g, _, [a]) => apply(matmulOp, null, matrixTranspose(a as Tensor), g),
  batch: (_, inputs, batched) => {
    const [left, right] = inputs as [Tensor, Tensor];
    // One matrix times many vectors is computed as one product of matrices, transposed so that each result is contiguous.
    if (!batched[0] && left.shape.length === 2 && right.shape.length === 3 && right.shape.at(-1) === 1)
      return expandDims(apply(matmulOp, null, squeeze(right, -1), matrixTranspose(left)), -1);
    const [a, b] = broadcastTogether(inputs, batched) as [Tensor, Tensor];
    return apply(matmulOp, null, a, b);
  },
  axes: (_, __, input) => mixAxis(input === 0 ? 0 : 1),
};

/** If the right factor has fewer columns than this, a transposed left factor is read in place instead of being copied. */
const FEW_COLUMNS = 4;

/** The product in JavaScript. Which operands need a copy is decided once, before the first run. */
function product(out: View, left: View, right: View): () => void {
  const [m, n] = out.shape.slice(-2) as [number, number];
  const k = left.shape.at(-1) as number;
  const batch = out.shape.slice(0, -2);
  if (m === 1) {
    const [aOffsets, bOffsets] = [offsetsOf(left, batch), offsetsOf(right, batch)];
    const step = left.stride.at(-1) as number;
    const [down, along] = right.stride.slice(-2) as [number, number];
    return () => {
      for (let i = 0; i < aOffsets.length; i++) {
        const [o, ao, bo] = [out.offset + i * n, aOffsets[i] as number, bOffsets[i] as number];
        multiplyRow(out.data, o, left.data, ao, step, right.data, bo, down, along, k, n);
      }
    };
  }
  // The gradient of a product with a vector multiplies a transposed matrix by a vector. The columns of this matrix are contiguous, so
  // nothing is copied.
  const byColumns = n < FEW_COLUMNS && isRowMajor(withAxes(left, transposedAxes(left)));
  const run = byColumns ? multiplyByColumns : multiply;
  const leftMatrices = matricesOf(left, batch, byColumns || isRowMajor(left));
  const rightMatrices = matricesOf(right, batch, isRowMajor(right));
  return () => {
    const [a, b] = [leftMatrices(), rightMatrices()];
    for (let i = 0; i < a.offsets.length; i++) {
      const [ao, bo] = [a.offsets[i] as number, b.offsets[i] as number];
      run(out.data, out.offset + i * m * n, a.x.data, ao, b.x.data, bo, m, k, n);
    }
  };
}

/** A function that returns the matrices of a batch and where each begins. If not `inPlace`, every call copies the matrices. */
function matricesOf(x: View, batch: Shape, inPlace: boolean): () => { x: View; offsets: readonly number[] } {
  const matrices = { x, offsets: offsetsOf(x, batch) };
  if (inPlace) return () => matrices;
  return () => {
    const copy = asContiguous(x);
    return { x: copy, offsets: offsetsOf(copy, batch) };
  };
}

/** Whether the matrices in the last two axes lie row by row without gaps, whatever the strides of the batch. */
function isRowMajor({ shape, stride }: View): boolean {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return (columns === 1 || stride.at(-1) === 1) && (rows === 1 || stride.at(-2) === columns);
}

/** Where each matrix of x begins, in row-major order, with the batch axes of x broadcast to `batch`. */
export function offsetsOf(x: View, batch: Shape): number[] {
  const view = broadcastView(x, [...batch, ...x.shape.slice(-2)]);
  let offsets = [view.offset];
  batch.forEach((size, axis) => {
    const step = view.stride[axis] as number;
    offsets = offsets.flatMap((offset) => Array.from({ length: size }, (_, i) => offset + i * step));
  });
  return offsets;
}

/** NumPy's matmul: matrices in the last two axes, batches before them; a vector is a row on the left, a column on the right. */
export function matmul(a: TensorLike, b: TensorLike): Tensor {
  const [left, right] = [asTensor("matmul", a), asTensor("matmul", b)];
  if (left.shape.length === 0 || right.shape.length === 0)
    refuse(
      "shape-mismatch",
      "matmul",
      `both arguments must be vectors or matrices, got shapes ${showShape(left.shape)} and ${showShape(right.shape)}. Use mul for scalars.`,
    );
  const [row, column] = [left.shape.length === 1, right.shape.length === 1];
  let y = apply(matmulOp, null, row ? expandDims(left, 0) : left, column ? expandDims(right, 1) : right);
  if (column) y = squeeze(y, -1);
  return row ? squeeze(y, column ? -1 : -2) : y;
}
