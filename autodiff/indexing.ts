/**
 * Indexing by tensors. Everything rests on one primitive and its transpose: `gather` reads rows of an array by number,
 * `scatter` adds rows into places by number. Indices are checked, never clamped; negative ones count from the end.
 */
import { PedigradError } from "../provenance/index.js";
import { apply } from "./apply.js";
import { batchAll } from "./batching.js";
import { asContiguous } from "./copy.js";
import { arange } from "./make.js";
import { add, equal, mul } from "./math.js";
import { noGradient, type Op } from "./op.js";
import { broadcastTo, expandDims, reshape, transpose } from "./shape.js";
import { type Tensor, tensor } from "./tensor.js";
import type { TensorLike } from "./tensorLike.js";
import { broadcastShapes, normalizeAxis, type Shape, showShape, sizeOf, type View } from "./view.js";

// Checks 0 <= i < size after counting negatives from the end.
const indexOp: Op<{ size: number; op: string }> = {
  name: "index",
  shape: (_, [x]) => (x as Tensor).shape,
  kernel: ({ size, op }, out, [input]) => {
    const x = asContiguous(input as View);
    for (let i = 0, n = sizeOf(out.shape); i < n; i++) {
      const raw = x.data[x.offset + i] as number;
      const index = raw < 0 ? raw + size : raw;
      if (!(Number.isInteger(index) && index >= 0 && index < size))
        throw new PedigradError({
          code: "bad-index",
          op,
          message: `${op}: index ${raw} is out of range for an axis of size ${size} (allowed ${-size}..${size - 1}, whole numbers).`,
        });
      out.data[out.offset + i] = index;
    }
  },
  vjp: noGradient,
  batch: (params, [x]) => apply(indexOp, params, x as Tensor),
};
const checkedIndex = (op: string, indices: TensorLike, size: number): Tensor =>
  apply(indexOp, { size, op }, tensor(indices));

// x [n, ...rest], i [...shape] -> [...shape, ...rest]: out[k] = x[i[k]].
const gatherOp: Op = {
  name: "gather",
  shape: (_, [x, i]) => [...(i as Tensor).shape, ...(x as Tensor).shape.slice(1)],
  kernel: (_, out, [source, index]) => {
    const [x, i] = [asContiguous(source as View), asContiguous(index as View)];
    const row = sizeOf(x.shape.slice(1));
    for (let k = 0, n = sizeOf(i.shape); k < n; k++) {
      const from = x.offset + (i.data[i.offset + k] as number) * row;
      for (let j = 0; j < row; j++) out.data[out.offset + k * row + j] = x.data[from + j] as number;
    }
  },
  vjp: (input) => (input === 0 ? (g, _, [x, i]) => scatter(g, i as Tensor, (x as Tensor).shape[0] as number) : null),
  batch: (_, inputs, batched, size) => {
    const [x, i] = inputs as [Tensor, Tensor];
    if (!batched[0]) return apply(gatherOp, null, x, i);
    const [xs, is] = batchAll([x, i], batched, size) as [Tensor, Tensor];
    const n = xs.shape[1] as number;
    return apply(gatherOp, null, reshape(xs, [size * n, ...xs.shape.slice(2)]), add(is, rowOffsets(is, size, n)));
  },
};

// g [...shape, ...rest], i [...shape] -> [size, ...rest]: out[i[k]] += g[k].
const scatterOp: Op<number> = {
  name: "scatter",
  shape: (size, [g, i]) => [size, ...(g as Tensor).shape.slice((i as Tensor).shape.length)],
  kernel: (_, out, [values, index]) => {
    const [g, i] = [asContiguous(values as View), asContiguous(index as View)];
    const row = sizeOf(out.shape.slice(1));
    out.data.fill(0, out.offset, out.offset + sizeOf(out.shape));
    for (let k = 0, n = sizeOf(i.shape); k < n; k++) {
      const to = out.offset + (i.data[i.offset + k] as number) * row;
      for (let j = 0; j < row; j++)
        out.data[to + j] = (out.data[to + j] as number) + (g.data[g.offset + k * row + j] as number);
    }
  },
  vjp: (input) => (input === 0 ? (g, _, [__, i]) => apply(gatherOp, null, g, i as Tensor) : null),
  batch: (n, inputs, batched, size) => {
    const [g, i] = batchAll(inputs, batched, size) as [Tensor, Tensor];
    const flat = apply(scatterOp, size * n, g, add(i, rowOffsets(i, size, n)));
    return reshape(flat, [size, n, ...flat.shape.slice(1)]);
  },
};
const scatter = (g: Tensor, i: Tensor, size: number): Tensor => apply(scatterOp, size, g, i);

/** b·n for element b of a batch, shaped to add to indices `i` [size, ...]. */
const rowOffsets = (i: Tensor, size: number, n: number): Tensor =>
  reshape(mul(arange(size), n), [size, ...new Array<number>(i.shape.length - 1).fill(1)]);

const moveToFront = (x: Tensor, axis: number): Tensor =>
  transpose(x, [axis, ...[...x.shape.keys()].filter((i) => i !== axis)]);

/** The entries of `x` at `indices` along an axis (the first by default), which is replaced by the axes of `indices`. */
export function take(x: TensorLike, indices: TensorLike, axis = 0): Tensor {
  const from = tensor(x);
  const along = normalizeAxis("take", axis, from.shape);
  const index = checkedIndex("take", indices, from.shape[along] as number);
  const taken = apply(gatherOp, null, moveToFront(from, along), index);
  if (along === 0) return taken;
  const rank = index.shape.length;
  const order = [...taken.shape.keys()];
  return transpose(taken, [...order.slice(rank, rank + along), ...order.slice(0, rank), ...order.slice(rank + along)]);
}

/** x[i, j, …]: index tensors broadcast against each other and stand for the first axes of `x` (Pyro's Vindex). */
export function at(x: TensorLike, ...indices: TensorLike[]): Tensor {
  const from = tensor(x);
  if (indices.length === 0 || indices.length > from.shape.length)
    throw new PedigradError({
      code: "bad-index",
      op: "at",
      message: `at: got ${indices.length} indices for shape ${showShape(from.shape)}; give 1 to ${from.shape.length}.`,
    });
  const leading = from.shape.slice(0, indices.length);
  let flat: Tensor | null = null;
  indices.forEach((index, i) => {
    const checked = checkedIndex("at", index, leading[i] as number);
    flat = flat === null ? checked : add(mul(flat, leading[i] as number), checked);
  });
  return apply(
    gatherOp,
    null,
    reshape(from, [sizeOf(leading), ...from.shape.slice(indices.length)]),
    flat as unknown as Tensor,
  );
}

/** out[..., j, ...] = x[..., indices[..., j, ...], ...]: one index per position, other axes broadcasting (NumPy's). */
export function takeAlongAxis(x: TensorLike, indices: TensorLike, axis: number): Tensor {
  const [from, index] = [tensor(x), tensor(indices)];
  const along = normalizeAxis("takeAlongAxis", axis, from.shape);
  if (from.shape.length !== index.shape.length)
    throw new PedigradError({
      code: "shape-mismatch",
      op: "takeAlongAxis",
      message: `takeAlongAxis: x has shape ${showShape(from.shape)} and indices ${showShape(index.shape)}; both need the same number of axes.`,
    });
  const hide = (shape: Shape) => shape.map((n, i) => (i === along ? 1 : n));
  const common = broadcastShapes("takeAlongAxis", hide(from.shape), hide(index.shape));
  const full = (shape: Shape) => common.map((n, i) => (i === along ? (shape[i] as number) : n));
  const grid = common.map((n, i) => {
    if (i === along) return broadcastTo(index, full(index.shape));
    return reshape(
      arange(n),
      common.map((_, j) => (j === i ? n : 1)),
    );
  });
  return at(broadcastTo(from, full(from.shape)), ...grid);
}

/** x with `updates` added at `indices` along an axis; repeated indices add up. The transpose of `take`. */
export function scatterAdd(x: TensorLike, indices: TensorLike, updates: TensorLike, axis = 0): Tensor {
  const [to, values] = [tensor(x), tensor(updates)];
  const along = normalizeAxis("scatterAdd", axis, to.shape);
  const size = to.shape[along] as number;
  const index = checkedIndex("scatterAdd", indices, size);
  const rank = index.shape.length;
  const full = broadcastTo(values, [...to.shape.slice(0, along), ...index.shape, ...to.shape.slice(along + 1)]);
  const order = [...full.shape.keys()];
  const inFront = transpose(full, [
    ...order.slice(along, along + rank),
    ...order.slice(0, along),
    ...order.slice(along + rank),
  ]);
  const placed = scatter(inFront, index, size);
  const back = [...placed.shape.keys()].slice(1);
  back.splice(along, 0, 0);
  return add(to, transpose(placed, back));
}

/** A new last axis of length `size`: 1 at the index, else 0. */
export const oneHot = (indices: TensorLike, size: number): Tensor =>
  equal(expandDims(checkedIndex("oneHot", indices, size), -1), arange(size));
