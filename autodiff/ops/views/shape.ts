/**
 * Ops that view the same data with other strides, each with a rule for its gradient. Nothing is copied, except by reshape
 * where the strides do not allow a view.
 */

import {
  type AxisMap,
  axisGoesTo,
  dropAxis,
  insertAxes,
  inverseOf,
  KEEP,
  mapAxes,
  mixAxis,
} from "../../../provenance/axes.js";
import { refuse } from "../../../provenance/base/error.js";
import { show } from "../../../provenance/base/options.js";
import { apply } from "../../core/apply.js";
import { kernelsOf } from "../../core/binding.js";
import type { TensorLike } from "../../core/convert.js";
import { copyInto } from "../../core/copy.js";
import { keepAxes, type Op, viewOnly } from "../../core/op.js";
import {
  asShape,
  broadcastsTo,
  checkShape,
  normalizeAxis,
  type Shape,
  sameShape,
  showShape,
  sizeOf,
} from "../../core/shape.js";
import { asTensor, type Tensor } from "../../core/tensor.js";
import { broadcastView, contiguous, isContiguous, type View, viewOf, withAxes } from "../../core/view.js";
import { survivingAxes } from "./survivingAxes.js";

/** The first input. A view op reads only this input. */
export const firstInput = (inputs: readonly Tensor[]): Tensor => inputs[0] as Tensor;

/** An axis of the first operand, counted from the right. */
export const fromRight = (axis: number, inputs: readonly Tensor[]): number =>
  firstInput(inputs).shape.length - 1 - axis;

/** An op whose result is always a view. */
interface ViewRow<P> extends Pick<Op<P>, "name" | "scalar" | "vjp" | "axes"> {
  readonly view: (params: P, x: View) => View;
  /** The parameters for an input with an extra leading axis. */
  readonly batched: (params: P) => P;
}
const NO_NUMBERS = /* @__PURE__ */ new Float64Array(0);

export function viewOp<P>({ batched, ...row }: ViewRow<P>): Op<P> {
  const op: Op<P> = {
    ...row,
    shape: (params, [x]) => row.view(params, contiguous(NO_NUMBERS, (x as Tensor).shape)).shape,
    kernel: viewOnly,
    batch: (params, inputs) => apply(op, batched(params), ...inputs),
  };
  return op;
}

/** `shape`: the new shape. `axes`: where each axis goes, if the old and the new shape do not determine this. */
interface ReshapeParams {
  readonly shape: Shape;
  readonly axes?: AxisMap | undefined;
}

const reshapeOp: Op<ReshapeParams> = {
  name: "reshape",
  shape: ({ shape }) => shape,
  view: ({ shape }, x) => {
    if (isContiguous(x)) return contiguous(x.data, shape, x.offset);
    // A single number repeated with stride 0 is a view in any shape.
    const isOne = x.stride.every((step) => step === 0);
    return isOne ? viewOf(x.data, shape, new Array<number>(shape.length).fill(0), x.offset) : undefined;
  },
  ...kernelsOf(
    (_, out, [x]) =>
      () =>
        copyInto(contiguous(out.data, (x as View).shape, out.offset), x as View),
  ),
  vjp:
    () =>
    (g, _, [x], { axes }) =>
      reshapeAs(g, (x as Tensor).shape, axes === undefined ? axes : inverseOf(axes)),
  batch: ({ shape, axes }, [x], _, size) => {
    const inner = (x as Tensor).shape.slice(1);
    const allAxes = (axes ?? survivingAxes(inner, shape)) | axisGoesTo(inner.length, shape.length);
    return apply(reshapeOp, { shape: [size, ...shape], axes: allAxes }, x as Tensor);
  },
  axes: ({ shape, axes }, inputs) => axes ?? survivingAxes(firstInput(inputs).shape, shape),
};

/** x in a shape with the same number of elements; `axes` says where axes of size 1 go, if the shapes alone do not determine this. */
export const reshapeAs = (x: Tensor, shape: Shape, axes?: AxisMap): Tensor =>
  sameShape(x.shape, shape) ? x : apply(reshapeOp, { shape, axes }, x);

/** A batched input with axes of size 1 inserted after its batch axis until it has `rank` axes. */
export function padRank(x: Tensor, rank: number): Tensor {
  const [size, ...inner] = x.shape as [number, ...number[]];
  const missing = Math.max(rank - x.shape.length, 0);
  const shape = [size, ...new Array<number>(missing).fill(1), ...inner];
  return reshapeAs(x, shape, insertAxes(inner.length, missing));
}

/** The same elements, row-major, in another shape; one axis may be -1. */
export function reshape(x: TensorLike, shape: Shape): Tensor {
  const source = asTensor("reshape", x);
  const sizes = asShape("reshape", shape);
  // If one size is missing, the product of all sizes is minus the product of the others. If this is 0, any size would fit, so -1 stays and
  // is refused.
  const others = -sizeOf(sizes);
  const newShape =
    others > 0 && sizes.indexOf(-1) === sizes.lastIndexOf(-1)
      ? sizes.map((n) => (n === -1 ? Math.floor(source.size / others) : n))
      : sizes;
  if (sameShape(source.shape, newShape)) return source;
  const target = checkShape("reshape", newShape);
  if (sizeOf(target) !== source.size)
    refuse(
      "shape-mismatch",
      "reshape",
      `the ${source.size} elements of shape ${showShape(source.shape)} do not fit into shape ${showShape(shape)}. The number of elements must stay the same.`,
    );
  return apply(reshapeOp, { shape: target }, source);
}

/** The axes in another order. `axes[i]` is the axis of x that becomes axis i; reversed by default. */
export function transpose(x: TensorLike, axes?: readonly number[]): Tensor {
  const source = asTensor("transpose", x);
  const rank = source.shape.length;
  if (axes !== undefined && !Array.isArray(axes))
    refuse("bad-axis", "transpose", `the axes must be a list such as [1, 0], got ${show(axes)}.`);
  const order = (axes ?? source.shape.map((_, i) => rank - 1 - i)).map((a) =>
    normalizeAxis("transpose", a, source.shape),
  );
  if (order.length !== rank || order.some((a, i) => order.indexOf(a) !== i))
    refuse(
      "bad-axis",
      "transpose",
      `axes [${order.join(",")}] must contain each of the ${rank} axes of shape ${showShape(source.shape)} once.`,
    );
  return order.every((a, i) => a === i) ? source : apply(transposeOp, order, source);
}

const transposeOp = viewOp<readonly number[]>({
  name: "transpose",
  view: (order, x) => withAxes(x, order),
  vjp: () => (g, _, __, order) => transposeBack(g, order),
  batched: (order) => [0, ...order.map((a) => a + 1)],
  axes: (order) => mapAxes(order.length, (k) => order.length - 1 - order.indexOf(order.length - 1 - k)),
});

/** The tensor of which x is the transpose by `order`. */
export const transposeBack = (x: Tensor, order: readonly number[]): Tensor =>
  transpose(
    x,
    order.map((_, i) => order.indexOf(i)),
  );

/** The order of the axes of x with `axes` at the end. */
export const axesToEnd = ({ shape }: { readonly shape: Shape }, axes: readonly number[]): number[] =>
  [...shape.keys()].filter((axis) => !axes.includes(axis)).concat(axes);

/** x with `count` adjacent axes, which begin at axis `from`, moved so that they begin at axis `to`. */
export function moveAxes(x: Tensor, from: number, count: number, to: number): Tensor {
  if (from === to) return x;
  const order = [...x.shape.keys()];
  order.splice(to, 0, ...order.splice(from, count));
  return transpose(x, order);
}

/** x with one of its axes moved to the front. */
export const moveToFront = (x: Tensor, axis: number): Tensor => moveAxes(x, axis, 1, 0);

/** x repeated along new leading axes and along axes of size 1; the data are not copied. */
export const broadcastTo = (x: TensorLike, shape: Shape): Tensor =>
  broadcastFor("broadcastTo", asTensor("broadcastTo", x), shape);

/** `broadcastTo` as a part of the function `op`, which errors name. */
export function broadcastFor(op: string, x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, asShape(op, shape))) return x;
  const target = checkShape(op, shape);
  if (!broadcastsTo(x.shape, target))
    refuse(
      "shape-mismatch",
      op,
      `shape ${showShape(x.shape)} does not broadcast to ${showShape(shape)}. Each axis must have the new size, or size 1.`,
    );
  return apply(broadcastOp, target, x);
}

const broadcastOp: Op<Shape> = {
  name: "broadcastTo",
  shape: (shape) => shape,
  view: (shape, x) => broadcastView(x, shape),
  kernel: viewOnly,
  // `grad` sums every cotangent to the shape of its input, so the rule need not.
  vjp: () => (g) => g,
  batch: (shape, [x], _, size) => broadcastTo(padRank(x as Tensor, shape.length + 1), [size, ...shape]),
  axes: keepAxes,
};

/** A new axis of size 1 at position `axis`. */
export function expandDims(x: TensorLike, axis: number): Tensor {
  const source = asTensor("expandDims", x);
  const position = normalizeAxis("expandDims", axis, source.shape, source.shape.length + 1);
  const after = source.shape.slice(position);
  return reshapeAs(source, [...source.shape.slice(0, position), 1, ...after], insertAxes(after.length, 1));
}

/** x without axis `axis`, which must have size 1; by default, without all axes of size 1. */
export function squeeze(x: TensorLike, axis?: number): Tensor {
  const source = asTensor("squeeze", x);
  if (axis === undefined)
    return reshape(
      source,
      source.shape.filter((n) => n !== 1),
    );
  const position = normalizeAxis("squeeze", axis, source.shape);
  if (source.shape[position] !== 1)
    refuse(
      "bad-axis",
      "squeeze",
      `axis ${axis} of shape ${showShape(source.shape)} has size ${source.shape[position]}. Only axes of size 1 can be removed.`,
    );
  const [before, after] = [source.shape.slice(0, position), source.shape.slice(position + 1)];
  return reshapeAs(source, [...before, ...after], dropAxis(after.length));
}

/**
 * x with its provenance mixed along `axes` by `op`, the name of the function that was called. This is needed where the function is made of
 * ops with other names. It is also needed for axes of size 1, along which no op runs because it would not change the numbers: such an axis
 * may stand for many elements, as in the value of an enumerated site along its plates.
 */
export function mixProvenance(x: Tensor, axes: readonly number[], op: string): Tensor {
  if (!x.provenance.hasAxes) return x;
  const rank = x.shape.length;
  const map = axes.reduce((map, axis) => map & mixAxis(rank - 1 - axis), KEEP);
  return x.withProvenance(x.provenance.moved(map, op));
}
