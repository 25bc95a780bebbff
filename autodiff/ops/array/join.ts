/** Joins tensors along an existing axis or along a new one. */

import { mixAxis } from "../../../provenance/axes.js";
import { refuse } from "../../../provenance/base/error.js";
import { refuseOption, show } from "../../../provenance/base/options.js";
import { apply } from "../../core/apply.js";
import { kernelsOf } from "../../core/binding.js";
import type { TensorLike } from "../../core/convert.js";
import { copyInto } from "../../core/copy.js";
import type { Op } from "../../core/op.js";
import { normalizeAxis, sameShape, showShape } from "../../core/shape.js";
import { type Tensor, tensor } from "../../core/tensor.js";
import { type View, viewOf } from "../../core/view.js";
import { batchAll } from "../views/batching.js";
import { expandDims, fromRight } from "../views/shape.js";
import { slice } from "../views/slicing.js";

const concatenateOp: Op<number> = {
  name: "concatenate",
  shape: (axis, inputs) => {
    const shape = (inputs[0] as Tensor).shape;
    for (const x of inputs)
      if (x.shape.length !== shape.length || x.shape.some((n, i) => i !== axis && n !== shape[i]))
        refuse(
          "shape-mismatch",
          "concatenate",
          `shapes ${inputs.map((y) => showShape(y.shape)).join(", ")} differ outside axis ${axis}. Along all other axes the sizes must be equal.`,
        );
    const totalSize = inputs.reduce((sum, x) => sum + (x.shape[axis] as number), 0);
    return shape.map((n, i) => (i === axis ? totalSize : n));
  },
  ...kernelsOf((axis, out, inputs) => {
    let offset = out.offset;
    const targets = inputs.map(({ shape }) => {
      const target = viewOf(out.data, shape, out.stride, offset);
      offset += (shape[axis] as number) * (out.stride[axis] as number);
      return target;
    });
    return () => {
      for (let i = 0; i < inputs.length; i++) copyInto(targets[i] as View, inputs[i] as View);
    };
  }),
  vjp: (input) => (g, _, inputs, axis) => {
    const start = inputs.slice(0, input).reduce((sum, x) => sum + (x.shape[axis] as number), 0);
    return slice(g, start, start + ((inputs[input] as Tensor).shape[axis] as number), { axis });
  },
  batch: (axis, inputs, batched, size) => apply(concatenateOp, axis + 1, ...batchAll(inputs, batched, size)),
  axes: (axis, inputs) => mixAxis(fromRight(axis, inputs)),
};

/** The tensors to join. Refuses `stack(a, b)`, for example, because the list is `[a, b]`. */
function listOf(op: string, xs: readonly TensorLike[]): Tensor[] {
  if (Array.isArray(xs)) return xs.map(tensor);
  return refuseOption(op, "xs", `the first argument must be a list of tensors, such as [a, b], got ${show(xs)}.`);
}

/** Joins tensors along an existing axis; the sizes of the other axes must agree. */
export function concatenate(xs: readonly TensorLike[], axis = 0): Tensor {
  const parts = listOf("concatenate", xs);
  const [head] = parts;
  if (head === undefined) refuse("empty", "concatenate", "got an empty list. Give at least one tensor.");
  const along = normalizeAxis("concatenate", axis, head.shape);
  if (parts.length === 1) return head;
  if (parts.length <= MAX_OPERANDS) return apply(concatenateOp, along, ...parts);
  const groups = Array.from({ length: Math.ceil(parts.length / MAX_OPERANDS) }, (_, i) =>
    parts.slice(i * MAX_OPERANDS, (i + 1) * MAX_OPERANDS),
  );
  return concatenate(
    groups.map((group) => concatenate(group, along)),
    along,
  );
}
// The largest number of tensors that one op joins: JavaScript limits the number of arguments of a call.
const MAX_OPERANDS = 4096;

/** Joins tensors along a new axis; their shapes must be equal. */
export function stack(xs: readonly TensorLike[], axis = 0): Tensor {
  const parts = listOf("stack", xs);
  if (parts.length === 0) refuse("empty", "stack", "got an empty list. Give at least one tensor.");
  const mismatch = parts.find((x) => !sameShape(x.shape, (parts[0] as Tensor).shape));
  if (mismatch !== undefined)
    refuse(
      "shape-mismatch",
      "stack",
      `all tensors must have one shape, got ${showShape((parts[0] as Tensor).shape)} and ${showShape(mismatch.shape)}.`,
    );
  return concatenate(
    parts.map((x) => expandDims(x, axis)),
    axis,
  );
}
