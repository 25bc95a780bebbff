/** An op with the value of one expression and the gradient of another. It gives a loss the gradient of a surrogate loss. */

import { sameView } from "../../../autodiff/core/op.js";
import { apply, keepAxes, type Op, type Tensor } from "../../../autodiff/index.js";
import { batchAll } from "../../../autodiff/ops/views/batching.js";

/** The value of `value` with the gradient of `surrogate`. */
export const gradientFrom = (value: Tensor, surrogate: Tensor): Tensor => apply(gradientFromOp, null, value, surrogate);
const gradientFromOp: Op = {
  name: "gradientFrom",
  shape: (_, [value]) => (value as Tensor).shape,
  view: sameView,
  kernel: () => {},
  vjp: (input) => (input === 1 ? (g) => g : null),
  batch: (_, inputs, batched, size) => apply(gradientFromOp, null, ...batchAll(inputs, batched, size)),
  axes: keepAxes,
};
