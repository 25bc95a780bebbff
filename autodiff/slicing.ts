/** Parts of a tensor along an axis, as views: slices, single entries, reversal. Continues shape.ts. */
import { PedigradError } from "../provenance/index.js";
import { apply } from "./apply.js";
import { copyInto } from "./copy.js";
import type { Op } from "./op.js";
import { expandDims, first, viewOnly } from "./shape.js";
import { type Tensor, tensor } from "./tensor.js";
import type { TensorLike } from "./tensorLike.js";
import { normalizeAxis, showShape, sizeOf, type View, viewOf } from "./view.js";

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
  return apply(pickOp, { axis: along, index: start }, from);
}

const pickOp: Op<{ axis: number; index: number }> = {
  name: "pick",
  shape: ({ axis }, inputs) => without(first(inputs).shape, axis),
  view: ({ axis, index }, x) =>
    viewOf(x.data, without(x.shape, axis), without(x.stride, axis), x.offset + index * (x.stride[axis] as number)),
  kernel: viewOnly,
  vjp:
    () =>
    (g, _, inputs, { axis, index }) =>
      apply(
        unsliceOp,
        { axis, start: index, count: 1, step: 1, size: first(inputs).shape[axis] as number },
        expandDims(g, axis),
      ),
  batch: ({ axis, index }, [x]) => apply(pickOp, { axis: axis + 1, index }, x as Tensor),
};
const without = (list: readonly number[], axis: number): number[] => list.filter((_, i) => i !== axis);

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
