/**
 * Kernels in SIMD code for ops that also have a kernel of their own. A SIMD kernel is used if all arrays are in SIMD memory, which only
 * compiled programs have, and are so long that SIMD code is faster. It gives the same numbers as the op's own kernel, because every entry
 * is summed in the same order.
 */
import { copyInto } from "../../../core/copy.js";
import type { Op } from "../../../core/op.js";
import { type Shape, sizeOf } from "../../../core/shape.js";
import { broadcastView, isContiguous, type View } from "../../../core/view.js";
import { productFor } from "../../../kernels/products.js";
import { type Plan, sumSimd } from "../../../kernels/reduce.js";
import { shiftsSimd } from "../../../kernels/softmax.js";
import { choleskySimd, substituteOneSimd, substituteSimd } from "../../../kernels/triangles.js";
import { addressOf, ONE, simdKernelsOf } from "../../../kernels/wasm/simd.js";
import { type Gather, gatherOp, scatterOp } from "../../../ops/array/gather.js";
import { type IndexedAxis, indicesOp } from "../../../ops/array/indexing.js";
import { inPlanOrder, planOf, type ReduceParams, sumOp } from "../../../ops/array/reduce.js";
import { shiftOp } from "../../../ops/array/softmax.js";
import { choleskyOp, eachMatrix, solveOp, type Triangular } from "../../../ops/linalg/factor.js";
import { matmulOp, offsetsOf } from "../../../ops/linalg/matmul.js";
import { type Slices, sliceView, unsliceOp } from "../../../ops/views/slicing.js";
import { type BindSimd, drawTable, startOf } from "./draws.js";

/** SIMD code is faster from these numbers on: multiplications, entries read or written, rows, columns of right-hand sides. */
const MIN_PRODUCTS = 512;
const MIN_ENTRIES = 32;
const MIN_ROWS = 16;
const MIN_COLUMNS = 4;

const product: BindSimd<null> = (kernels, _, out, inputs) => {
  const [left, right] = inputs as [View, View];
  const [m, n] = out.shape.slice(-2) as [number, number];
  const k = left.shape.at(-1) as number;
  if (m * k * n < MIN_PRODUCTS) return null;
  const at = (offset: number): number => addressOf(out.data, offset);
  const [aDown, aRight] = left.stride.slice(-2).map((step) => 8 * step) as [number, number];
  const [bDown, bRight] = right.stride.slice(-2).map((step) => 8 * step) as [number, number];
  const batch = out.shape.slice(0, -2);
  const [aOffsets, bOffsets] = [offsetsOf(left, batch), offsetsOf(right, batch)];
  const run = productFor(kernels, [m, k, n], { cDown: 8 * n, aDown, aRight, bDown, bRight });
  const places = aOffsets.map((a, i) => [at(out.offset + i * m * n), at(a), at(bOffsets[i] as number)] as const);
  const size = sizeOf(out.shape);
  return () => {
    out.data.fill(0, out.offset, out.offset + size);
    for (const [c, a, b] of places) run(c, a, b, m, k, n);
  };
};

const reduction =
  (simd: (plan: Plan, out: View, x: View) => (() => void) | null): BindSimd<ReduceParams> =>
  (_, { axes }, out, [input]) => {
    const plan = planOf(input as View, axes, true);
    const x = inPlanOrder(input as View, axes, plan);
    return isContiguous(x) ? simd(plan, out, x) : null;
  };

const factor: BindSimd<null> = (kernels, _, out, [input]) => {
  const x = input as View;
  if (!isContiguous(x) || (x.shape.at(-1) as number) < MIN_ROWS) return null;
  return () => eachMatrix(x, (data, start, n, i) => choleskySimd(kernels, data, start, n, out.offset + i * n * n));
};

const substitution: BindSimd<Required<Triangular>> = (kernels, { lower, transpose }, out, inputs) => {
  const [a, b] = inputs as [View, View];
  const [n, columns] = out.shape.slice(-2) as [number, number];
  const isColumn = columns === 1 && lower;
  if (!isContiguous(a) || n < MIN_ROWS || (columns < MIN_COLUMNS && !isColumn)) return null;
  const from = broadcastView(b, out.shape);
  const starts = offsetsOf(a, out.shape.slice(0, -2));
  return () => {
    copyInto(out, from);
    starts.forEach((start, i) => {
      const at = out.offset + i * n * columns;
      if (isColumn) substituteOneSimd(kernels, out.data, start, n, transpose, at);
      else substituteSimd(kernels, out.data, start, n, lower !== transpose, transpose, at, columns);
    });
  };
};

/** Whether `index` is a long list of indices into a table of single numbers. */
const isLongLookUp = (table: View, leading: number, rows: View, index: View): boolean =>
  sizeOf(index.shape) >= MIN_ENTRIES && table.shape.length === leading && [table, rows, index].every(isContiguous);

const gather: BindSimd<Gather> = (kernels, { leading }, out, inputs) => {
  const [x, index] = inputs as [View, View];
  if (!isLongLookUp(x, leading, out, index)) return null;
  const [to, from, i, n] = [startOf(out), startOf(x), startOf(index), sizeOf(index.shape)];
  return () => kernels.gather(to, from, i, n);
};

const indices: BindSimd<IndexedAxis> = (kernels, axis, out, inputs) => {
  const [raw] = inputs as [View];
  if (!isContiguous(raw)) return null;
  const [to, from, n] = [startOf(out), startOf(raw), sizeOf(out.shape)];
  return () => {
    // The op's own kernel throws the error that names the invalid index.
    if (kernels.indices(to, from, n, axis.size) !== 0) indicesOp.kernel(axis, out, inputs);
  };
};

const scatter: BindSimd<Shape> = (kernels, leading, out, inputs) => {
  const [g, index] = inputs as [View, View];
  if (!isLongLookUp(out, leading.length, g, index)) return null;
  const [to, from, i, n] = [startOf(out), startOf(g), startOf(index), sizeOf(index.shape)];
  const end = out.offset + sizeOf(out.shape);
  return () => {
    out.data.fill(0, out.offset, end);
    kernels.scatter(to, from, i, n);
  };
};

/** The kernel of `unslice`, for slices whose places have no gaps. */
const unslice: BindSimd<Slices> = (kernels, { slices }, out, inputs) => {
  const places = slices.map((slice) => sliceView(slice, out));
  const size = sizeOf(out.shape);
  if (size < MIN_ENTRIES || ![...places, ...inputs].every(isContiguous)) return null;
  const adds = inputs.map((x, k) => [startOf(places[k] as View), startOf(x), sizeOf(x.shape)] as const);
  return () => {
    out.data.fill(0, out.offset, out.offset + size);
    for (const [to, from, n] of adds) kernels.addRows(to, ONE, 0, from, 0, 1, n);
  };
};

// biome-ignore lint/suspicious/noExplicitAny: an op goes with parameters of its own type
type Any = any;
let table: ReadonlyMap<Op<Any>, BindSimd<Any>> | null = null;
const bindTable = () =>
  (table ??= new Map<Op<Any>, BindSimd<Any>>([
    [matmulOp, product],
    [sumOp, reduction(sumSimd)],
    [shiftOp, reduction(shiftsSimd)],
    [choleskyOp, factor],
    [solveOp, substitution],
    [indicesOp, indices],
    [gatherOp, gather],
    [scatterOp, scatter],
    [unsliceOp, unslice],
    ...drawTable(),
  ]));

/** The SIMD kernel of an op with its buffers bound; null if the op's own kernel must run. */
export function simdKernel<P>(op: Op<P>, params: P, out: View, inputs: readonly View[]): (() => void) | null {
  const kernels = simdKernelsOf(out.data);
  if (kernels === null || inputs.some((x) => x.data !== out.data)) return null;
  return bindTable().get(op)?.(kernels, params, out, inputs) ?? null;
}
