/**
 * Ops that only look at the same data differently: each is a view (strides, no copy) with a rule for its gradient. reshape
 * copies where the strides do not allow a view.
 */
import { PedigradError } from "../provenance/index.js";
import { apply } from "./apply.js";
import { copyInto } from "./copy.js";
import type { Op } from "./op.js";
import { type Tensor, tensor } from "./tensor.js";
import type { TensorLike } from "./tensorLike.js";
import {
  broadcastShapes,
  broadcastView,
  checkShape,
  contiguous,
  isContiguous,
  normalizeAxis,
  type Shape,
  sameShape,
  showShape,
  sizeOf,
  type View,
  viewOf,
} from "./view.js";

const first = (inputs: readonly Tensor[]): Tensor => inputs[0] as Tensor;

const reshapeOp: Op<Shape> = {
  name: "reshape",
  shape: (shape) => shape,
  view: (shape, x) => (isContiguous(x) ? contiguous(x.data, shape, x.offset) : undefined),
  kernel: (_, out, [x]) => copyInto(contiguous(out.data, (x as View).shape, out.offset), x as View),
  vjp: () => (g, _, inputs) => reshape(g, first(inputs).shape),
  batch: (shape, [x], _, size) => apply(reshapeOp, [size, ...shape], x as Tensor),
};

/** The same elements, row-major, in another shape; one axis may be -1. */
export function reshape(x: TensorLike, shape: Shape): Tensor {
  const from = tensor(x);
  const known = shape.filter((n) => n !== -1);
  const missing = from.size / Math.max(sizeOf(known), 1);
  const to = known.length === shape.length - 1 ? shape.map((n) => (n === -1 ? Math.floor(missing) : n)) : shape;
  if (sameShape(from.shape, to)) return from;
  if (sizeOf(checkShape("reshape", to)) !== from.size)
    throw new PedigradError({
      code: "shape-mismatch",
      op: "reshape",
      message: `reshape: shape ${showShape(from.shape)} has ${from.size} elements, which do not fill ${showShape(shape)}.`,
    });
  return apply(reshapeOp, to, from);
}

/** The axes in another order. `axes[i]` is the axis of x that becomes axis i; reversed by default. */
export function transpose(x: TensorLike, axes?: readonly number[]): Tensor {
  const from = tensor(x);
  const rank = from.shape.length;
  const order = (axes ?? from.shape.map((_, i) => rank - 1 - i)).map((a) => normalizeAxis("transpose", a, from.shape));
  if (new Set(order).size !== rank || order.length !== rank)
    throw new PedigradError({
      code: "bad-axis",
      op: "transpose",
      message: `transpose: axes [${order.join(",")}] are not an order of the ${rank} axes of shape ${showShape(from.shape)}.`,
    });
  return order.every((a, i) => a === i) ? from : apply(transposeOp, order, from);
}

const transposeOp: Op<readonly number[]> = {
  name: "transpose",
  shape: (order, inputs) => order.map((a) => first(inputs).shape[a] as number),
  view: (order, x) =>
    viewOf(
      x.data,
      order.map((a) => x.shape[a] as number),
      order.map((a) => x.stride[a] as number),
      x.offset,
    ),
  kernel: viewOnly,
  vjp: () => (g, _, __, order) =>
    transpose(
      g,
      order.map((_, i) => order.indexOf(i)),
    ),
  batch: (order, [x]) => apply(transposeOp, [0, ...order.map((a) => a + 1)], x as Tensor),
};

/** x repeated along new leading axes and axes of size 1, without copying. */
export function broadcastTo(x: TensorLike, shape: Shape): Tensor {
  const from = tensor(x);
  if (sameShape(from.shape, shape)) return from;
  if (!sameShape(broadcastShapes("broadcastTo", from.shape, checkShape("broadcastTo", shape)), shape))
    throw new PedigradError({
      code: "shape-mismatch",
      op: "broadcastTo",
      message: `broadcastTo: shape ${showShape(from.shape)} does not broadcast to ${showShape(shape)}.`,
    });
  return apply(broadcastOp, shape, from);
}

const broadcastOp: Op<Shape> = {
  name: "broadcastTo",
  shape: (shape) => shape,
  view: (shape, x) => broadcastView(x, shape),
  kernel: viewOnly,
  // grad undoes broadcasting on every edge, so there is nothing to do here.
  vjp: () => (g) => g,
  batch: (shape, [x], _, size) => {
    const inner = (x as Tensor).shape.slice(1);
    const missing = new Array<number>(shape.length - inner.length).fill(1);
    return broadcastTo(reshape(x as Tensor, [size, ...missing, ...inner]), [size, ...shape]);
  },
};

/** A new axis of size 1 at position `axis`. */
export function expandDims(x: TensorLike, axis: number): Tensor {
  const from = tensor(x);
  const at = normalizeAxis("expandDims", axis, [...from.shape, 1]);
  return reshape(from, [...from.shape.slice(0, at), 1, ...from.shape.slice(at)]);
}

/** Without axis `axis`, which must have size 1; without all axes of size 1 when it is not given. */
export function squeeze(x: TensorLike, axis?: number): Tensor {
  const from = tensor(x);
  if (axis === undefined)
    return reshape(
      from,
      from.shape.filter((n) => n !== 1),
    );
  const at = normalizeAxis("squeeze", axis, from.shape);
  if (from.shape[at] !== 1)
    throw new PedigradError({
      code: "bad-axis",
      op: "squeeze",
      message: `squeeze: axis ${axis} of shape ${showShape(from.shape)} has size ${from.shape[at]}, not 1.`,
    });
  return reshape(
    from,
    from.shape.filter((_, i) => i !== at),
  );
}

interface Slice {
  readonly axis: number;
  readonly start: number;
  readonly count: number;
  readonly step: number;
}
export interface SliceOptions {
  axis?: number;
  step?: number;
}

function sliceView({ axis, start, count, step }: Slice, x: View): View {
  const along = x.stride[axis] as number;
  const replace = (list: readonly number[], value: number) => list.map((n, i) => (i === axis ? value : n));
  return viewOf(x.data, replace(x.shape, count), replace(x.stride, along * step), x.offset + along * start);
}

const sliceOp: Op<Slice> = {
  name: "slice",
  shape: ({ axis, count }, inputs) => first(inputs).shape.map((n, i) => (i === axis ? count : n)),
  view: sliceView,
  kernel: viewOnly,
  vjp: () => (g, _, inputs, slice) =>
    apply(unsliceOp, { ...slice, size: first(inputs).shape[slice.axis] as number }, g),
  batch: (slice, [x]) => apply(sliceOp, { ...slice, axis: slice.axis + 1 }, x as Tensor),
};

// Zeros with x in the place that `slice` would cut out: the gradient of slice.
const unsliceOp: Op<Slice & { size: number }> = {
  name: "unslice",
  shape: ({ axis, size }, inputs) => first(inputs).shape.map((n, i) => (i === axis ? size : n)),
  kernel: (slice, out, [x]) => {
    out.data.fill(0, out.offset, out.offset + sizeOf(out.shape));
    copyInto(sliceView(slice, out), x as View);
  },
  vjp:
    () =>
    (g, _, __, { axis, start, count, step }) =>
      apply(sliceOp, { axis, start, count, step }, g),
  batch: (slice, [x]) => apply(unsliceOp, { ...slice, axis: slice.axis + 1 }, x as Tensor),
};

/** Elements start, start + step, … before `end` along an axis (the first by default), as Array.prototype.slice counts. */
export function slice(x: TensorLike, start: number, end?: number, { axis = 0, step = 1 }: SliceOptions = {}): Tensor {
  const from = tensor(x);
  const along = normalizeAxis("slice", axis, from.shape);
  const size = from.shape[along] as number;
  if (!(Number.isInteger(step) && step > 0))
    throw new PedigradError({
      code: "bad-option",
      op: "slice",
      message: `slice: step must be a positive integer, got ${step}.`,
    });
  const clamp = (i: number): number => Math.min(Math.max(i < 0 ? i + size : i, 0), size);
  const [low, high] = [clamp(start), clamp(end ?? size)];
  const count = Math.max(0, Math.ceil((high - low) / step));
  return count === size ? from : apply(sliceOp, { axis: along, start: low, count, step }, from);
}

/** Entry `index` of an axis (the first by default), without that axis; negative counts from the end. */
export function pick(x: TensorLike, index: number, axis = 0): Tensor {
  const from = tensor(x);
  const along = normalizeAxis("pick", axis, from.shape);
  const size = from.shape[along] as number;
  const start = index < 0 ? index + size : index;
  if (!Number.isInteger(index) || start < 0 || start >= size)
    throw new PedigradError({
      code: "bad-index",
      op: "pick",
      message: `pick: index ${index} is out of range for axis ${along} of shape ${showShape(from.shape)} (allowed ${-size}..${size - 1}).`,
    });
  return squeeze(apply(sliceOp, { axis: along, start, count: 1, step: 1 }, from), along);
}

/** In reverse order along an axis (the first by default). */
export const flip = (x: TensorLike, axis = 0): Tensor => {
  const from = tensor(x);
  return apply(flipOp, normalizeAxis("flip", axis, from.shape), from);
};

const flipOp: Op<number> = {
  name: "flip",
  shape: (_, inputs) => first(inputs).shape,
  view: (axis, x) => {
    const last = (x.shape[axis] as number) - 1;
    return viewOf(
      x.data,
      x.shape,
      x.stride.map((s, i) => (i === axis ? -s : s)),
      x.offset + Math.max(last, 0) * (x.stride[axis] as number),
    );
  },
  kernel: viewOnly,
  vjp: () => (g, _, __, axis) => flip(g, axis),
  batch: (axis, [x]) => flip(x as Tensor, axis + 1),
};

function viewOnly(): never {
  throw new Error("a view op has no kernel");
}
