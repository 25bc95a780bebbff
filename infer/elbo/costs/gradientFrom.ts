/** Ops with the value of one expression and the gradient of another. They give a loss the gradient of a surrogate loss. */

import { gradDepth } from "../../../autodiff/core/node.js";
import { sameView } from "../../../autodiff/core/op.js";
import { apply, keepAxes, type Op, type Tensor } from "../../../autodiff/index.js";
import { batchAll } from "../../../autodiff/ops/views/batching.js";
import { refuse } from "../../../provenance/base/error.js";

/**
 * The value of `value` with the gradient of `surrogate`. If an estimator is named, only first derivatives of the surrogate are right, and
 * second derivatives are refused.
 */
export const gradientFrom = (value: Tensor, surrogate: Tensor, estimator: string | null = null): Tensor =>
  apply(gradientFromOp, estimator, value, surrogate);
// Inside another gradient, mark this one, so that a derivative of it is refused.
const gradientFromOp = /* @__PURE__ */ firstOf<string | null>("gradientFrom", (input) =>
  input === 1
    ? (g, _, [, surrogate], estimator) =>
        estimator === null || gradDepth === 0 ? g : apply(firstDerivativeOp, estimator, g, surrogate as Tensor)
    : null,
);
/** The cotangent of a surrogate, as a function of the surrogate that has no derivative. */
const firstDerivativeOp = /* @__PURE__ */ firstOf<string>("firstDerivative", (input) =>
  input === 0
    ? (g) => g
    : (_g, _y, _inputs, estimator) =>
        refuse(
          "no-derivative",
          estimator,
          "the second derivatives of this loss would be wrong. Use TraceELBO or TraceGraphELBO with order: 2.",
        ),
);

/** An op that returns its first input, with gradient rules of its own. */
function firstOf<P>(name: string, vjp: Op<P>["vjp"]): Op<P> {
  const op: Op<P> = {
    name,
    shape: (_, [first]) => (first as Tensor).shape,
    view: sameView,
    kernel: () => {},
    vjp,
    batch: (params, inputs, batched, size) => apply(op, params, ...batchAll(inputs, batched, size)),
    axes: keepAxes,
  };
  return op;
}
