/** Joins tensors along an existing axis or along a new one. */

import { refuse } from "../../../provenance/base/error.js";
import { refuseOption, show } from "../../../provenance/base/options.js";
import { apply } from "../../core/apply.js";
import type { TensorLike } from "../../core/convert.js";
import { copyInto } from "../../core/copy.js";
import { normalizeAxis, sameShape, showShape } from "../../core/shape.js";
import { asTensor, type Tensor } from "../../core/tensor.js";
import { type View, viewOf } from "../../core/view.js";
import { expandDims } from "../views/shape.js";
import { placingOp, replaceAt, type Slice } from "../views/slicing.js";

const concatenateOp = placingOp("concatenate", ({ slices }, out, inputs) => {
  const places = inputs.map(({ shape }, i) => {
    const { axis, start } = slices[i] as Slice;
    return viewOf(out.data, shape, out.stride, out.offset + start * (out.stride[axis] as number));
  });
  return () => {
    for (let i = 0; i < inputs.length; i++) copyInto(places[i] as View, inputs[i] as View);
  };
});

/** The tensors to join, at least one. Refuses `stack(a, b)`, for example, because the list is `[a, b]`. */
function listOf(op: string, xs: readonly TensorLike[]): [Tensor, ...Tensor[]] {
  if (!Array.isArray(xs))
    refuseOption(op, "xs", `the first argument must be a list of tensors, such as [a, b], got ${show(xs)}.`);
  if (xs.length === 0) refuse("empty", op, "got an empty list. Give at least one tensor.");
  return xs.map((x) => asTensor(op, x)) as [Tensor, ...Tensor[]];
}

/** Joins tensors along an existing axis; the sizes of the other axes must agree. */
export function concatenate(xs: readonly TensorLike[], axis = 0): Tensor {
  const parts = listOf("concatenate", xs);
  const { shape } = parts[0];
  const along = normalizeAxis("concatenate", axis, shape);
  if (parts.length === 1) return parts[0];
  if (parts.length > MAX_OPERANDS) {
    const half = Math.ceil(parts.length / 2);
    return concatenate([concatenate(parts.slice(0, half), along), concatenate(parts.slice(half), along)], along);
  }
  let start = 0;
  const slices = parts.map((x) => {
    if (x.shape.length !== shape.length || x.shape.some((n, i) => i !== along && n !== shape[i]))
      refuse(
        "shape-mismatch",
        "concatenate",
        `shapes ${parts.map((y) => showShape(y.shape)).join(", ")} differ outside axis ${along}. Along all other axes the sizes must be equal.`,
      );
    const count = x.shape[along] as number;
    start += count;
    return { axis: along, start: start - count, count, step: 1 };
  });
  return apply(concatenateOp, { shape: replaceAt(along, start, shape), slices }, ...parts);
}
// The largest number of tensors that one op joins: JavaScript limits the number of arguments of a call.
const MAX_OPERANDS = 4096;

/** Joins tensors along a new axis; their shapes must be equal. */
export const stack = (xs: readonly TensorLike[], axis = 0): Tensor => stackFor("stack", xs, axis);
/** `stack` as a part of the function `op`, which errors name. */
export function stackFor(op: string, xs: readonly TensorLike[], axis = 0): Tensor {
  const parts = listOf(op, xs);
  const { shape } = parts[0];
  const along = normalizeAxis(op, axis, shape, shape.length + 1);
  const mismatch = parts.find((x) => !sameShape(x.shape, shape));
  if (mismatch !== undefined)
    refuse(
      "shape-mismatch",
      op,
      `all tensors must have one shape, got ${showShape(shape)} and ${showShape(mismatch.shape)}.`,
    );
  return concatenate(
    parts.map((x) => expandDims(x, along)),
    along,
  );
}
