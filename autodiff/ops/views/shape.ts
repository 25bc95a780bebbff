/**
 * Ops that view the same data with other strides, each with a rule for its gradient. Nothing is copied, except by reshape
 * where the strides do not allow a view.
 */
import { type AxisMap, dropAxis, insertAxes, mapAxes } from "../../../provenance/axes.js";
import { show } from "../../../provenance/base/options.js";
import { PedigradError } from "../../../provenance/index.js";
import { apply } from "../../core/apply.js";
import type { TensorLike } from "../../core/convert.js";
import { copyInto } from "../../core/copy.js";
import { keepAxes, type Op } from "../../core/op.js";
import {
  asShape,
  broadcastShapes,
  checkShape,
  normalizeAxis,
  type Shape,
  sameShape,
  showShape,
  sizeOf,
} from "../../core/shape.js";
import { type Tensor, tensor } from "../../core/tensor.js";
import { broadcastView, contiguous, isContiguous, type View, viewOf } from "../../core/view.js";
import { survivingAxes } from "./survivingAxes.js";

/** The only operand of a view op. */
export const first = (inputs: readonly Tensor[]): Tensor => inputs[0] as Tensor;

/** An axis of the first operand, counted from the right. */
export const fromRight = (axis: number, inputs: readonly Tensor[]): number => first(inputs).shape.length - 1 - axis;

/** The new shape and, if the two shapes do not determine it, where each axis goes. */
interface Reshaped {
  readonly shape: Shape;
  readonly axes?: AxisMap | undefined;
}

const reshapeOp: Op<Reshaped> = {
  name: "reshape",
  shape: ({ shape }) => shape,
  view: ({ shape }, x) => {
    if (isContiguous(x)) return contiguous(x.data, shape, x.offset);
    // A single number repeated with stride 0 is a view in any shape.
    const isOne = x.stride.every((step) => step === 0);
    return isOne ? viewOf(x.data, shape, new Array<number>(shape.length).fill(0), x.offset) : undefined;
  },
  kernel: (_, out, [x]) => copyInto(contiguous(out.data, (x as View).shape, out.offset), x as View),
  vjp: () => (g, _, inputs) => reshapeAs(g, first(inputs).shape),
  batch: ({ shape, ...rest }, [x], _, size) => apply(reshapeOp, { shape: [size, ...shape], ...rest }, x as Tensor),
  axes: ({ shape, axes }, inputs) => axes ?? survivingAxes(first(inputs).shape, shape),
};

/** x in another shape with as many elements; `axes` says where axes of size 1 go, if the shapes alone do not determine it. */
export const reshapeAs = (x: Tensor, shape: Shape, axes?: AxisMap): Tensor =>
  sameShape(x.shape, shape) ? x : apply(reshapeOp, { shape, axes }, x);

/** The same elements, row-major, in another shape; one axis may be -1. */
export function reshape(x: TensorLike, given: Shape): Tensor {
  const from = tensor(x);
  const shape = asShape("reshape", given);
  const known = shape.filter((n) => n !== -1);
  const missing = from.size / Math.max(sizeOf(known), 1);
  const to = known.length === shape.length - 1 ? shape.map((n) => (n === -1 ? Math.floor(missing) : n)) : shape;
  if (sameShape(from.shape, to)) return from;
  if (sizeOf(checkShape("reshape", to)) !== from.size)
    throw new PedigradError({
      code: "shape-mismatch",
      op: "reshape",
      message: `reshape: the ${from.size} elements of shape ${showShape(from.shape)} do not fit into shape ${showShape(shape)}. The number of elements must stay the same.`,
    });
  return apply(reshapeOp, { shape: to }, from);
}

/** The axes in another order. `axes[i]` is the axis of x that becomes axis i; reversed by default. */
export function transpose(x: TensorLike, axes?: readonly number[]): Tensor {
  const from = tensor(x);
  const rank = from.shape.length;
  if (axes !== undefined && !Array.isArray(axes))
    throw new PedigradError({
      code: "bad-axis",
      op: "transpose",
      message: `transpose: the axes must be a list such as [1, 0], got ${show(axes)}.`,
    });
  const order = (axes ?? from.shape.map((_, i) => rank - 1 - i)).map((a) => normalizeAxis("transpose", a, from.shape));
  if (new Set(order).size !== rank || order.length !== rank)
    throw new PedigradError({
      code: "bad-axis",
      op: "transpose",
      message: `transpose: axes [${order.join(",")}] must contain each of the ${rank} axes of shape ${showShape(from.shape)} once.`,
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
  axes: (order) => mapAxes(order.length, (k) => order.length - 1 - order.indexOf(order.length - 1 - k)),
};

/** x with one of its axes moved to the front. */
export const moveToFront = (x: Tensor, axis: number): Tensor =>
  transpose(x, [axis, ...[...x.shape.keys()].filter((i) => i !== axis)]);

/** x repeated along new leading axes and axes of size 1, without copying. */
export function broadcastTo(x: TensorLike, shape: Shape): Tensor {
  const from = tensor(x);
  if (sameShape(from.shape, asShape("broadcastTo", shape))) return from;
  if (!sameShape(broadcastShapes("broadcastTo", from.shape, checkShape("broadcastTo", shape)), shape))
    throw new PedigradError({
      code: "shape-mismatch",
      op: "broadcastTo",
      message: `broadcastTo: shape ${showShape(from.shape)} does not broadcast to ${showShape(shape)}. Each axis must have the new size, or size 1.`,
    });
  return apply(broadcastOp, shape, from);
}

const broadcastOp: Op<Shape> = {
  name: "broadcastTo",
  shape: (shape) => shape,
  view: (shape, x) => broadcastView(x, shape),
  kernel: viewOnly,
  // `grad` sums every cotangent to the shape of its input, so there is nothing to do here.
  vjp: () => (g) => g,
  batch: (shape, [x], _, size) => {
    const inner = (x as Tensor).shape.slice(1);
    const missing = new Array<number>(shape.length - inner.length).fill(1);
    const axes = insertAxes(inner.length, missing.length);
    return broadcastTo(reshapeAs(x as Tensor, [size, ...missing, ...inner], axes), [size, ...shape]);
  },
  axes: keepAxes,
};

/** A new axis of size 1 at position `axis`. */
export function expandDims(x: TensorLike, axis: number): Tensor {
  const from = tensor(x);
  const at = normalizeAxis("expandDims", axis, [...from.shape, 1]);
  const after = from.shape.slice(at);
  return reshapeAs(from, [...from.shape.slice(0, at), 1, ...after], insertAxes(after.length, 1));
}

/** x without axis `axis`, which must have size 1; by default, without all axes of size 1. */
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
      message: `squeeze: axis ${axis} of shape ${showShape(from.shape)} has size ${from.shape[at]}. Only axes of size 1 can be removed.`,
    });
  const [before, after] = [from.shape.slice(0, at), from.shape.slice(at + 1)];
  return reshapeAs(from, [...before, ...after], dropAxis(after.length));
}

/**
 * x with its provenance mixed along these axes. Since these axes have size 1, `op` would not change the numbers. But an axis of size 1 may
 * stand for many elements, as in the value of an enumerated site along its plates, so the provenance is mixed as `op` would mix it.
 */
export function mixedAlong(x: Tensor, axes: readonly number[], op: string): Tensor {
  if (!x.provenance.hasAxes) return x;
  const rank = x.shape.length;
  const map = mapAxes(rank, (k) => (axes.includes(rank - 1 - k) ? -1 : k));
  return x.withProvenance(x.provenance.moved(map, op));
}

/** The kernel of an op whose result is always a view. It is never called. */
export function viewOnly(): never {
  throw new Error("a view op has no kernel");
}
