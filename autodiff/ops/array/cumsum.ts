/** Running sums along an axis. */
import { mixAxis } from "../../../provenance/axes.js";
import { apply } from "../../core/apply.js";
import { contiguousKernelsOf } from "../../core/binding.js";
import type { TensorLike } from "../../core/convert.js";
import type { Op } from "../../core/op.js";
import { normalizeAxis, sizeOf } from "../../core/shape.js";
import { asTensor, type Tensor } from "../../core/tensor.js";
import type { View } from "../../core/view.js";
import { fromRight } from "../views/shape.js";
import { flip } from "../views/slicing.js";

const cumsumOp: Op<number> = {
  name: "cumsum",
  shape: (_, [x]) => (x as Tensor).shape,
  ...contiguousKernelsOf((axis, out, [x]) => {
    const step = sizeOf(out.shape.slice(axis + 1));
    const length = step * (out.shape[axis] as number);
    return () => runningSums(out, x as View, length, step);
  }),
  vjp: () => (g, _, __, axis) => flip(cumsum(flip(g, axis), axis), axis),
  batch: (axis, [x]) => cumsum(x as Tensor, axis + 1),
  axes: (axis, inputs) => mixAxis(fromRight(axis, inputs)),
};
/** In each block of `length` numbers, adds to each number the sum `step` places before it. */
function runningSums(
  { data, offset, size }: View,
  { data: from, offset: start }: View,
  length: number,
  step: number,
): void {
  for (let i = 0; i < size; i++)
    data[offset + i] = (from[start + i] as number) + (i % length < step ? 0 : (data[offset + i - step] as number));
}

/** Running sums along an axis, the first by default. */
export const cumsum = (x: TensorLike, axis = 0): Tensor => {
  const source = asTensor("cumsum", x);
  return apply(cumsumOp, normalizeAxis("cumsum", axis, source.shape), source);
};
