/** Parts of a tensor along an axis, as views: slices, single entries, reversal. */

import { dropAxis, mixAxis } from "../../../provenance/axes.js";
import { refuse } from "../../../provenance/base/error.js";
import { requireOptions, show } from "../../../provenance/base/options.js";
import { apply } from "../../core/apply.js";
import { type Bind, kernelsOf } from "../../core/binding.js";
import type { TensorLike } from "../../core/convert.js";
import { bindAdd, bindClear } from "../../core/copy.js";
import type { Op } from "../../core/op.js";
import { Part } from "../../core/part.js";
import { normalizeAxis, type Shape } from "../../core/shape.js";
import { asTensor, type Tensor } from "../../core/tensor.js";
import { type View, viewOf } from "../../core/view.js";
import { batchAll } from "./batching.js";
import { expandDims, fromRight, mixProvenance, viewOp } from "./shape.js";

export interface Slice {
  readonly axis: number;
  readonly start: number;
  readonly count: number;
  readonly step: number;
}
export interface SliceOptions {
  /** The axis along which to slice; the first by default. */
  axis?: number | undefined;
  /** The distance from one element to the next; 1 by default. */
  step?: number | undefined;
}

/** `list`, which has one number per axis, with the number of axis `axis` replaced by `value`. */
export const replaceAt = (axis: number, value: number, list: readonly number[]): number[] =>
  list.map((n, i) => (i === axis ? value : n));

export function sliceView({ axis, start, count, step }: Slice, x: View): View {
  const along = x.stride[axis] as number;
  return viewOf(
    x.data,
    replaceAt(axis, count, x.shape),
    replaceAt(axis, along * step, x.stride),
    x.offset + along * start,
  );
}

const sliceOp = viewOp<Slice>({
  name: "slice",
  view: sliceView,
  vjp: () => (g, _, __, slice) => new Part(unslice, g, slice),
  batched: ({ axis, ...slice }) => ({ axis: axis + 1, ...slice }),
  axes: ({ axis }, inputs) => mixAxis(fromRight(axis, inputs)),
});

export interface Slices {
  readonly shape: Shape;
  readonly slices: readonly Slice[];
}
/** An op that makes a tensor of a given shape, with each operand at the place of its slice. `bind` gives its kernel (binding.ts). */
export function placingOp(name: string, bind: Bind<Slices>): Op<Slices> {
  const op: Op<Slices> = {
    name,
    shape: ({ shape }) => shape,
    ...kernelsOf(bind),
    vjp:
      (input) =>
      (g, _, __, { slices }) =>
        apply(sliceOp, slices[input] as Slice, g),
    batch: ({ shape, slices }, inputs, batched, size) => {
      const batchedSlices = slices.map((slice) => ({ ...slice, axis: slice.axis + 1 }));
      return apply(op, { shape: [size, ...shape], slices: batchedSlices }, ...batchAll(inputs, batched, size));
    },
    axes: ({ slices }, inputs, input) => mixAxis(fromRight((slices[input] as Slice).axis, inputs)),
  };
  return op;
}

/** The gradient of slices: zeros of the given shape, with each operand added at the place of its slice. */
export const unsliceOp = placingOp("unslice", ({ slices }, out, inputs) => {
  const adds = slices.map((slice, i) => bindAdd(sliceView(slice, out), inputs[i] as View));
  const clear = bindClear(out);
  return () => {
    clear();
    for (let i = 0; i < adds.length; i++) (adds[i] as () => void)();
  };
});
const unslice = (parts: readonly Part<Slice>[], shape: Shape): Tensor =>
  apply(unsliceOp, { shape, slices: parts.map(({ where }) => where) }, ...parts.map(({ value }) => value));

/** Elements start, start + step, … before `end` along an axis (the first by default); bounds count as in Array.prototype.slice. */
export function slice(x: TensorLike, start: number, end?: number, options?: SliceOptions): Tensor {
  if (options !== undefined) requireOptions("slice", options, ["axis", "step"]);
  const { axis = 0, step = 1 } = options ?? {};
  const source = asTensor("slice", x);
  const along = normalizeAxis("slice", axis, source.shape);
  const size = source.shape[along] as number;
  if (!(Number.isInteger(step) && step > 0))
    refuse("bad-option", "slice", `step must be a positive integer, got ${show(step)}.`);
  const clampBound = (which: string, i: number): number => {
    if (Number.isInteger(i) || i === Infinity || i === -Infinity)
      return Math.min(Math.max(i < 0 ? i + size : i, 0), size);
    refuse("bad-index", "slice", `${which} ${show(i)} is not a whole number. Round it.`);
  };
  const [low, high] = [clampBound("start", start), clampBound("end", end ?? size)];
  const count = Math.max(0, Math.ceil((high - low) / step));
  if (count !== size) return apply(sliceOp, { axis: along, start: low, count, step }, source);
  // An axis of size 1 may stand for many elements (see mixProvenance), and bounds or a step would select some of them.
  const isWhole = size !== 1 || (start === 0 && end === undefined && step === 1);
  return isWhole ? source : mixProvenance(source, [along], "slice");
}

/** Entry `index` of an axis (the first by default), without that axis. The index is 0 or more and in range. */
export const pick = (x: Tensor, index: number, axis = 0): Tensor => apply(pickOp, { axis, index }, x);

const pickOp = viewOp<{ axis: number; index: number }>({
  name: "at",
  view: ({ axis, index }, x) =>
    viewOf(x.data, omitAxis(x.shape, axis), omitAxis(x.stride, axis), x.offset + index * (x.stride[axis] as number)),
  vjp:
    () =>
    (g, _, __, { axis, index }) =>
      new Part(unslice, expandDims(g, axis), { axis, start: index, count: 1, step: 1 }),
  batched: ({ axis, index }) => ({ axis: axis + 1, index }),
  axes: ({ axis }, inputs) => dropAxis(fromRight(axis, inputs)),
});
const omitAxis = (list: readonly number[], axis: number): number[] => list.filter((_, i) => i !== axis);

/** x in reverse order along an axis (the first by default). */
export const flip = (x: TensorLike, axis = 0): Tensor => {
  const source = asTensor("flip", x);
  return apply(flipOp, normalizeAxis("flip", axis, source.shape), source);
};

const flipOp = viewOp<number>({
  name: "flip",
  view: (axis, x) => {
    const last = (x.shape[axis] as number) - 1;
    return viewOf(
      x.data,
      x.shape,
      x.stride.map((s, i) => (i === axis ? -s : s)),
      x.offset + Math.max(last, 0) * (x.stride[axis] as number),
    );
  },
  vjp: () => (g, _, __, axis) => flip(g, axis),
  batched: (axis) => axis + 1,
  axes: (axis, inputs) => mixAxis(fromRight(axis, inputs)),
});
