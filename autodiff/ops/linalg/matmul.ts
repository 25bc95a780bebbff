/** Matrix products. */
import { mixAxis } from "../../../provenance/axes.js";
import { PedigradError } from "../../../provenance/index.js";
import { apply } from "../../core/apply.js";
import type { TensorLike } from "../../core/convert.js";
import { asContiguous } from "../../core/copy.js";
import type { Op } from "../../core/op.js";
import { broadcastShapes, type Shape, showShape, sizeOf } from "../../core/shape.js";
import { type Tensor, tensor } from "../../core/tensor.js";
import { broadcastView, type View } from "../../core/view.js";
import { addressOf, kernelsOf, ONE } from "../../kernels/wasm/simd.js";
import { broadcastTogether } from "../views/batching.js";
import { expandDims, squeeze, transpose } from "../views/shape.js";

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
    // The gradient for a matrix that met one vector: its columns are read along memory, nothing is copied.
    const byColumns = n < FEW_COLUMNS && isRowMajor(transposed(left as View)) && m > 1;
    const a = byColumns ? (left as View) : rowMajor(left as View);
    const b = rowMajor(right as View);
    const [as, bs] = [offsetsOf(a, batch), offsetsOf(b, batch)];
    const run = byColumns ? multiplyByColumns : multiply;
    for (let i = 0; i < as.length; i++)
      run(out.data, out.offset + i * m * n, a.data, as[i] as number, b.data, bs[i] as number, m, k, n);
  },
  prepare: (_, out, [left, right]) =>
    simdProduct(out, left as View, right as View) ?? (() => matmulOp.kernel(null, out, [left as View, right as View])),
  vjp: (input) =>
    input === 0
      ? (g, _, [__, b]) => apply(matmulOp, null, g, matrixTranspose(b as Tensor))
      : (g, _, [a]) => apply(matmulOp, null, matrixTranspose(a as Tensor), g),
  batch: (_, inputs, batched) => {
    const [left, right] = inputs as [Tensor, Tensor];
    // One matrix times many vectors is one product of matrices, turned so that the results lie one after the other.
    if (!batched[0] && left.shape.length === 2 && right.shape.length === 3 && right.shape.at(-1) === 1)
      return expandDims(apply(matmulOp, null, squeeze(right, -1), matrixTranspose(left)), -1);
    const [a, b] = broadcastTogether(inputs, batched) as [Tensor, Tensor];
    return apply(matmulOp, null, a, b);
  },
  axes: (_, __, input) => mixAxis(input === 0 ? 0 : 1),
};

/** Below this many columns a transposed left factor is read as it lies. */
const FEW_COLUMNS = 4;

const transposed = (x: View): View =>
  x.transpose(...x.shape.map((_, i, { length }) => (i < length - 2 ? i : 2 * length - 3 - i)));

/** Whether the last two axes lie row by row without gaps, whatever the strides of the batch. */
function isRowMajor({ shape, stride }: View): boolean {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return (columns === 1 || stride.at(-1) === 1) && (rows === 1 || stride.at(-2) === columns);
}
const rowMajor = (x: View): View => (isRowMajor(x) ? x : asContiguous(x));

/** Where each matrix of a batch begins, in the order of a batch shape to which that of x broadcasts. */
export function offsetsOf(x: View, batch: Shape): number[] {
  const seen = broadcastView(x, [...batch, ...x.shape.slice(-2)]);
  let offsets = [seen.offset];
  batch.forEach((size, axis) => {
    const step = seen.stride[axis] as number;
    offsets = offsets.flatMap((at) => Array.from({ length: size }, (_, i) => at + i * step));
  });
  return offsets;
}

/** out = a b where a is stored as its transpose, for few columns: each entry adds up over k in order, as in `multiply`. */
function multiplyByColumns(
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
  for (let p = 0; p < k; p++)
    for (let j = 0; j < n; j++) {
      const y = b[bo + p * n + j] as number;
      for (let i = 0, at = o + j, from = ao + p * m; i < m; i++, at += n)
        out[at] = (out[at] as number) + (a[from + i] as number) * y;
    }
}

/** The product as SIMD code, where all three arrays lie in memory for it and are large enough to gain by it. */
function simdProduct(out: View, left: View, right: View): (() => void) | null {
  const kernels = kernelsOf(out.data);
  const [m, n] = out.shape.slice(-2) as [number, number];
  const k = left.shape.at(-1) as number;
  if (kernels === null || left.data !== out.data || right.data !== out.data || m * k * n < 512) return null;
  const at = (offset: number): number => addressOf(out.data, offset);
  const [aDown, aRight] = left.stride.slice(-2).map((step) => 8 * step) as [number, number];
  const [bDown, bRight] = right.stride.slice(-2).map((step) => 8 * step) as [number, number];
  const batch = out.shape.slice(0, -2);
  const [as, bs] = [offsetsOf(left, batch), offsetsOf(right, batch)];
  const product = (i: number): (() => void) => {
    const [c, a, b] = [at(out.offset + i * m * n), at(as[i] as number), at(bs[i] as number)];
    if (n === 1 && aRight === 8 && aDown === 8 * k && bDown === 8) return () => kernels.dotRows(c, a, b, m, k);
    if (n === 1 && aDown === 8 && aRight === 8 * m) return () => kernels.addRows(c, b, bDown, a, k, m);
    if (m === 1 && bRight === 8 && bDown === 8 * n) return () => kernels.addRows(c, a, aRight, b, k, n);
    return () => kernels.multiply(c, 8 * n, a, aDown, aRight, b, bDown, bRight, m, k, n, 0, ONE);
  };
  const products = as.map((_, i) => product(i));
  const size = sizeOf(out.shape);
  return () => {
    out.data.fill(0, out.offset, out.offset + size);
    for (const run of products) run();
  };
}

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

/**
 * out = a b for one m by k and one k by n matrix. Two rows meet four columns at a time, so that six loads feed eight
 * multiplications; the columns are gathered first, to be read along memory. Each entry adds up over k in order.
 */
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
  const columns = new Float64Array(n < 4 ? 0 : 4 * k);
  let j = 0;
  for (; j + 4 <= n; j += 4) {
    for (let p = 0; p < k; p++) for (let c = 0; c < 4; c++) columns[4 * p + c] = b[bo + p * n + j + c] as number;
    for (let i = 0; i < m; i += 2) {
      let r = ao + i * k;
      let s = ao + Math.min(i + 1, m - 1) * k;
      let r0 = 0,
        r1 = 0,
        r2 = 0,
        r3 = 0,
        s0 = 0,
        s1 = 0,
        s2 = 0,
        s3 = 0;
      for (let q = 0; q < columns.length; q += 4) {
        const c0 = columns[q] as number;
        const c1 = columns[q + 1] as number;
        const c2 = columns[q + 2] as number;
        const c3 = columns[q + 3] as number;
        const x = a[r++] as number;
        const y = a[s++] as number;
        r0 += x * c0;
        r1 += x * c1;
        r2 += x * c2;
        r3 += x * c3;
        s0 += y * c0;
        s1 += y * c1;
        s2 += y * c2;
        s3 += y * c3;
      }
      const at = o + i * n + j;
      out[at] = r0;
      out[at + 1] = r1;
      out[at + 2] = r2;
      out[at + 3] = r3;
      if (i + 1 === m) break;
      out[at + n] = s0;
      out[at + n + 1] = s1;
      out[at + n + 2] = s2;
      out[at + n + 3] = s3;
    }
  }
  for (; j < n; j++) {
    // Four rows side by side: four sums that do not wait for each other.
    let i = 0;
    for (; i + 4 <= m; i += 4) {
      const [r0, r1, r2, r3] = [ao + i * k, ao + (i + 1) * k, ao + (i + 2) * k, ao + (i + 3) * k];
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let p = 0, q = bo + j; p < k; p++, q += n) {
        const y = b[q] as number;
        s0 += (a[r0 + p] as number) * y;
        s1 += (a[r1 + p] as number) * y;
        s2 += (a[r2 + p] as number) * y;
        s3 += (a[r3 + p] as number) * y;
      }
      const at = o + i * n + j;
      out[at] = s0;
      out[at + n] = s1;
      out[at + 2 * n] = s2;
      out[at + 3 * n] = s3;
    }
    for (; i < m; i++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += (a[ao + i * k + p] as number) * (b[bo + p * n + j] as number);
      out[o + i * n + j] = sum;
    }
  }
}
