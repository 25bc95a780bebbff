/** Running sums along an axis. */
import { mixAxis } from "../../../provenance/axes.js";
import { apply } from "../../core/apply.js";
import type { TensorLike } from "../../core/convert.js";
import { asContiguous } from "../../core/copy.js";
import type { Op } from "../../core/op.js";
import { normalizeAxis, sizeOf } from "../../core/shape.js";
import { asTensor, type Tensor } from "../../core/tensor.js";
import type { View } from "../../core/view.js";
import { fromRight } from "../views/shape.js";
import { flip } from "../views/slicing.js";

const cumsumOp: Op<number> = {
  name: "cumsum",
  shape: (_, [x]) => (x as Tensor).shape,
  kernel: (axis, out, [input]) => {
    const x = asContiguous(input as View);
    const step = sizeOf(out.shape.slice(axis + 1));
    const length = step * (out.shape[axis] as number);
    for (let i = 0, n = sizeOf(out.shape); i < n; i++)
      out.data[out.offset + i] =
        (x.data[x.offset + i] as number) + (i % length < step ? 0 : (out.data[out.offset + i - step] as number));
  },
  vjp: () => (g, _, __, axis) => flip(cumsum(flip(g, axis), axis), axis),
  batch: (axis, [x]) => cumsum(x as Tensor, axis + 1),
  axes: (axis, inputs) => mixAxis(fromRight(axis, inputs)),
};
/** Running sums along an axis, the first by default. */
export const cumsum = (x: TensorLike, axis = 0): Tensor => {
  const source = asTensor("cumsum", x);
  return apply(cumsumOp, normalizeAxis("cumsum", axis, source.shape), source);
};
