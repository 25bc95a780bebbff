/** Indexing by tensors. Indices are checked, never clamped; negative indices count from the end. */
import { refuse } from "../../../provenance/base/error.js";
import { PedigradError } from "../../../provenance/index.js";
import { apply } from "../../core/apply.js";
import { contiguousKernelsOf } from "../../core/binding.js";
import type { TensorLike } from "../../core/convert.js";
import { keepAxes, noGradient, type Op } from "../../core/op.js";
import { refuseFor } from "../../core/reads.js";
import { broadcastShapes, checkShape, normalizeAxis, showIndices, showShape, sizeOf } from "../../core/shape.js";
import { asTensor, type Tensor } from "../../core/tensor.js";
import type { View } from "../../core/view.js";
import { type Unary, unary } from "../elementwise/elementwise.js";
import { add, equal, mul } from "../elementwise/math.js";
import { broadcastFor, broadcastTo, expandDims, mixProvenance, moveAxes, moveToFront } from "../views/shape.js";
import { pick, replaceAt } from "../views/slicing.js";
import { type Gather, gatherOf, gatherOp, scatterOp } from "./gather.js";
import { lookUp } from "./lookUp.js";
import { arange, arangeAlong } from "./make.js";

/** The size of the axis that indices belong to, and the name of the op, for errors. */
export interface IndexedAxis {
  readonly op: string;
  readonly size: number;
}
/** Turns a number into an index of an axis; negative numbers count from the end. Refuses a number that is not a valid index. */
const indexOf =
  ({ op, size }: IndexedAxis) =>
  (raw: number): number => {
    const index = raw < 0 ? raw + size : raw;
    if (Number.isInteger(index) && index >= 0 && index < size) return index;
    refuse(
      "bad-index",
      op,
      `index ${raw} is out of range for an axis of size ${size} (${showIndices(size)}). Indices are whole numbers.`,
    );
  };

const checks = new Map<string, Unary>();
/** `indexOf` as an elementwise op. There is one op for each name and size. */
function indexInto(op: string, size: number): Unary {
  const cached = checks.get(`${op} ${size}`);
  if (cached !== undefined) return cached;
  const check = unary("index", indexOf({ op, size }), null);
  checks.set(`${op} ${size}`, check);
  return check;
}

/** This many indices or more are checked by `indicesOp` instead, because compiled programs run that op as SIMD code. */
const MANY_INDICES = 64;
export const indicesOp: Op<IndexedAxis> = {
  name: "indices",
  shape: (_, [raw]) => (raw as Tensor).shape,
  ...contiguousKernelsOf((axis, out, [raw]) => {
    const check = indexOf(axis);
    const [n, { data, offset }] = [sizeOf(out.shape), raw as View];
    return () => {
      for (let i = 0; i < n; i++) out.data[out.offset + i] = check(data[offset + i] as number);
    };
  }),
  vjp: noGradient,
  batch: (axis, [raw]) => apply(indicesOp, axis, raw as Tensor),
  axes: keepAxes,
};

function checkedIndex(op: string, indices: TensorLike, size: number): Tensor {
  if (isMask(indices))
    refuse(
      "bad-index",
      op,
      `boolean masks are not supported as indices (the shape of the result would depend on values). Use where(mask, x, 0), or the indices of the true entries.`,
    );
  const index = asTensor(op, indices);
  try {
    return index.size < MANY_INDICES ? indexInto(op, size)(index) : apply(indicesOp, { op, size }, index);
  } catch (error) {
    if (error instanceof PedigradError) refuseFor(index, error);
    throw error;
  }
}
const isMask = (x: unknown): boolean => typeof x === "boolean" || (Array.isArray(x) && x.length > 0 && isMask(x[0]));

/** The entries of `x` at `indices` along an axis (the first by default), which is replaced by the axes of `indices`. */
export function take(x: TensorLike, indices: TensorLike, axis = 0): Tensor {
  const source = asTensor("take", x);
  const along = normalizeAxis("take", axis, source.shape);
  const view = along === 0 ? lookUp("take", source, [indices]) : null;
  if (view !== null) return view;
  const index = checkedIndex("take", indices, source.shape[along] as number);
  const entries = apply(gatherOp, gatherOf(1), moveToFront(source, along), index);
  return moveAxes(entries, 0, index.shape.length, along);
}

/** x[i, j, …]: index tensors broadcast against each other and stand for the first axes of `x` (Pyro's Vindex). */
export function at(x: TensorLike, ...indices: TensorLike[]): Tensor {
  const source = asTensor("at", x);
  if (indices.length === 0 || indices.length > source.shape.length)
    refuse(
      "bad-index",
      "at",
      `got ${indices.length} indices for shape ${showShape(source.shape)}. Give 1 to ${source.shape.length}, one for each axis.`,
    );
  const last = indices.length - 1;
  const numberAxis = indices.findIndex((index) => typeof index === "number");
  if (numberAxis >= 0) {
    // For an index that is a plain number, `pick` returns a view.
    const axis = { op: "at", size: source.shape[numberAxis] as number };
    const part = pick(source, indexOf(axis)(indices[numberAxis] as number), numberAxis);
    return last === 0 ? part : at(part, ...indices.filter((_, i) => i !== numberAxis));
  }
  return (indices.some(isMask) ? null : lookUp("at", source, indices)) ?? gather("at", source, indices);
}

/** x[i, j, …]. For `aligned`, see `Gather`. Other indexed axes become mixed, and `mixedBy` reports `op`, the function that was called. */
function gather(op: string, source: Tensor, indices: readonly TensorLike[], aligned: Gather["aligned"] = []): Tensor {
  const x = mixProvenance(
    source,
    [...indices.keys()].filter((axis) => !aligned.includes(axis)),
    op,
  );
  const leading = x.shape.slice(0, indices.length);
  const checked = indices.map((index, i) => checkedIndex(op, index, leading[i] as number));
  const flat = checked.reduce((before, index, i) => add(mul(before, leading[i] as number), index));
  return apply(gatherOp, gatherOf(leading.length, aligned), x, flat);
}

/** out[..., j, ...] = x[..., indices[..., j, ...], ...]: one index per position; the other axes broadcast, as in NumPy. */
export function takeAlongAxis(x: TensorLike, indices: TensorLike, axis: number): Tensor {
  const [source, index] = [asTensor("takeAlongAxis", x), asTensor("takeAlongAxis", indices)];
  const along = normalizeAxis("takeAlongAxis", axis, source.shape);
  if (source.shape.length !== index.shape.length)
    refuse(
      "shape-mismatch",
      "takeAlongAxis",
      `x has shape ${showShape(source.shape)}, and indices has shape ${showShape(index.shape)}. Reshape one of them, so that both have the same number of axes.`,
    );
  const collapse = ({ shape }: Tensor) => replaceAt(along, 1, shape);
  const common = broadcastShapes("takeAlongAxis", collapse(source), collapse(index));
  const expand = (y: Tensor) => broadcastTo(y, replaceAt(along, y.shape[along] as number, common));
  const grid = common.map((_, axis) => (axis === along ? expand(index) : arangeAlong(axis, common)));
  const others = [...common.keys()].filter((axis) => axis !== along);
  return gather("takeAlongAxis", expand(source), grid, others);
}

/** x with `updates` added at `indices` along an axis; repeated indices add up. The transpose of `take`. */
export function scatterAdd(x: TensorLike, indices: TensorLike, updates: TensorLike, axis = 0): Tensor {
  const [target, values] = [asTensor("scatterAdd", x), asTensor("scatterAdd", updates)];
  const along = normalizeAxis("scatterAdd", axis, target.shape);
  const size = target.shape[along] as number;
  const index = checkedIndex("scatterAdd", indices, size);
  const allUpdates = broadcastFor("scatterAdd", values, [
    ...target.shape.slice(0, along),
    ...index.shape,
    ...target.shape.slice(along + 1),
  ]);
  const sums = apply(scatterOp, [size], moveAxes(allUpdates, along, index.shape.length, 0), index);
  return add(target, moveAxes(sums, 0, 1, along));
}

/** A new last axis of length `size`: 1 at the index, else 0. */
export function oneHot(indices: TensorLike, size: number): Tensor {
  checkShape("oneHot", [size]);
  return equal(expandDims(checkedIndex("oneHot", indices, size), -1), arange(size));
}
