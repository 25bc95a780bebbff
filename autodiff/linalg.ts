/** Matrix products. */
import { PedigradError } from "../provenance/index.js";
import { apply } from "./apply.js";
import { broadcastTogether } from "./batching.js";
import { asContiguous } from "./copy.js";
import type { Op } from "./op.js";
import { expandDims, squeeze, transpose } from "./shape.js";
import { type Tensor, tensor } from "./tensor.js";
import type { TensorLike } from "./tensorLike.js";
import { broadcastShapes, broadcastView, showShape, sizeOf, type View } from "./view.js";

/** The last two axes exchanged. */
export const matrixTranspose = (x: Tensor): Tensor => {
  const order = [...x.shape.keys()];
  return transpose(x, [...order.slice(0, -2), order.length - 1, order.length - 2]);
};

const matmulOp: Op = {
  name: "matmul",
  shape: (_, [a, b]) => {
    const [left, right] = [(a as Tensor).shape, (b as Tensor).shape];
    if (left.at(-1) !== right.at(-2))
      throw new PedigradError({
        code: "shape-mismatch",
        op: "matmul",
        message: `matmul: shapes ${showShape(left)} and ${showShape(right)} do not fit: ${left.at(-1)} columns meet ${right.at(-2)} rows.`,
      });
    const batch = broadcastShapes("matmul", left.slice(0, -2), right.slice(0, -2));
    return [...batch, left.at(-2) as number, right.at(-1) as number];
  },
  kernel: (_, out, [left, right]) => {
    const [m, n] = out.shape.slice(-2) as [number, number];
    const k = (left as View).shape.at(-1) as number;
    const batch = out.shape.slice(0, -2);
    const a = asContiguous(broadcastView(left as View, [...batch, m, k]));
    const b = asContiguous(broadcastView(right as View, [...batch, k, n]));
    for (let i = 0, count = sizeOf(batch); i < count; i++)
      multiply(out.data, out.offset + i * m * n, a.data, a.offset + i * m * k, b.data, b.offset + i * k * n, m, k, n);
  },
  vjp: (input) =>
    input === 0
      ? (g, _, [__, b]) => apply(matmulOp, null, g, matrixTranspose(b as Tensor))
      : (g, _, [a]) => apply(matmulOp, null, matrixTranspose(a as Tensor), g),
  batch: (_, inputs, batched) => {
    const [a, b] = broadcastTogether(inputs, batched) as [Tensor, Tensor];
    return apply(matmulOp, null, a, b);
  },
};

/** NumPy's matmul: matrices in the last two axes, batches before them; a vector is a row on the left, a column on the right. */
export function matmul(a: TensorLike, b: TensorLike): Tensor {
  const [left, right] = [tensor(a), tensor(b)];
  if (left.shape.length === 0 || right.shape.length === 0)
    throw new PedigradError({
      code: "shape-mismatch",
      op: "matmul",
      message: `matmul: needs vectors or matrices, got shapes ${showShape(left.shape)} and ${showShape(right.shape)}. Use mul for scalars.`,
    });
  const [row, column] = [left.shape.length === 1, right.shape.length === 1];
  let y = apply(matmulOp, null, row ? expandDims(left, 0) : left, column ? expandDims(right, 1) : right);
  if (column) y = squeeze(y, -1);
  return row ? squeeze(y, column ? -1 : -2) : y;
}

// Row by row, so that the inner loop runs along memory; each output adds up over k in order.
function multiply(
  out: Float64Array,
  o: number,
  a: Float64Array,
  ao: number,
  b: Float64Array,
  bo: number,
  m: number,
  k: number,
  n: number,
): void {
  out.fill(0, o, o + m * n);
  for (let i = 0; i < m; i++)
    for (let p = 0; p < k; p++) {
      const x = a[ao + i * k + p] as number;
      const [row, from] = [o + i * n, bo + p * n];
      for (let j = 0; j < n; j++) out[row + j] = (out[row + j] as number) + x * (b[from + j] as number);
    }
}
