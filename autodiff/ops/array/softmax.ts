/**
 * Sums of exponentials along axes, and their logarithms, which densities of classes and mixtures use. On a small array each function is one
 * op, with its kernel in kernels/softmax.ts. On a large array each function is several ops: the compiler can fuse them, and the gradient
 * reuses the exponentials that were computed for the value.
 */
import { apply } from "../../core/apply.js";
import { contiguousKernelsOf } from "../../core/binding.js";
import type { TensorLike } from "../../core/convert.js";
import type { Op, Vjp } from "../../core/op.js";
import { asTensor, type Tensor } from "../../core/tensor.js";
import type { View } from "../../core/view.js";
import { log as logOf } from "../../kernels/formulas/scalarFormulas.js";
import { type Normaliser, normalise, shifts } from "../../kernels/softmax.js";
import { derivatives, mulAnyZeroWins, type Unary, unary } from "../elementwise/elementwise.js";
import { add, div, equal, exp, mulZeroWins, neg, square, sub, where } from "../elementwise/math.js";
import { axesToEnd, mixProvenance, transpose, transposeBack } from "../views/shape.js";
import {
  type Axes,
  axisMapOf,
  dropReduced,
  type KeepDims,
  normalizeAxes,
  planOf,
  readReduced,
  reducerOf,
  reductionOp,
  restoreAxes,
  sum,
} from "./reduce.js";

/** From this many elements on, a function is several ops instead of one. */
export const LARGE = 64;
const KEEP_DIMS = { keepDims: true };

/** An op along adjacent axes that keeps the shape. */
function normaliser(name: Normaliser, vjp: Vjp<readonly number[]>): Op<readonly number[]> {
  const op: Op<readonly number[]> = {
    name,
    shape: (_, [x]) => (x as Tensor).shape,
    ...contiguousKernelsOf((axes: readonly number[], out, [x]) => {
      const plan = planOf(out, axes, true);
      return () => normalise(name, plan, out, x as View);
    }),
    vjp: () => vjp,
    batch: (axes, [x]) =>
      apply(
        op,
        axes.map((axis) => axis + 1),
        x as Tensor,
      ),
    axes: (axes, [x]) => axisMapOf({ axes, keepDims: true }, x as Tensor),
  };
  return op;
}

const sumAlong = (x: Tensor, axes: readonly number[]): Tensor => sum(x, axes, KEEP_DIMS);
export const softmaxOp = normaliser("softmax", (g, y, _, axes) =>
  mulAnyZeroWins(y, sub(g, sumAlong(mulAnyZeroWins(y, g), axes))),
);
export const logSoftmaxOp = normaliser("logSoftmax", (g, _, [x], axes) =>
  sub(g, mulZeroWins(sumAlong(g, axes), softmaxOver(x as Tensor, axes))),
);

/** softmax over several axes together. Axes that are not adjacent are first made adjacent, and moved back afterwards. */
function softmaxOver(x: Tensor, axes: readonly number[]): Tensor {
  const [low = 0, high = -1] = [axes[0], axes.at(-1)];
  if (high - low === axes.length - 1) return apply(softmaxOp, axes, x);
  const order = axesToEnd(x, axes);
  const last = axes.map((_, k) => order.length - axes.length + k);
  return transposeBack(apply(softmaxOp, last, transpose(x, order)), order);
}
export const logsumexpOp = reductionOp(
  "logsumexp",
  (plan, out, x) => normalise("logsumexp", plan, out, x),
  (g, y, [input], params) => {
    const x = input as Tensor;
    const share = where(equal(restoreAxes(y, x, params), -Infinity), 0, softmaxOver(x, params.axes));
    return mulZeroWins(restoreAxes(g, x, params), share);
  },
  { byRows: true },
);
const smallLogsumexp = reducerOf(logsumexpOp);

/**
 * The largest element along axes, or 0 if that is infinite. It is subtracted before exponentials are taken, so that they do not overflow.
 * Except for rounding, results do not depend on it, so it has no gradient.
 */
export const shiftOp = reductionOp("shift", shifts, null, { byRows: true });
/** The shift along `axes`, which keep size 1. These axes become mixed, and `mixedBy` reports `op`, the function that uses the shift. */
export const shiftAlong = (op: string, x: Tensor, axes: readonly number[]): Tensor =>
  apply(shiftOp, { axes, keepDims: true }, mixProvenance(x, axes, op));
const logTotal: Unary = unary("logTotal", logOf, derivatives([(_, a) => inverseTotal(a)]));
/**
 * The derivative 1 / total of log total, with two exceptions. If total is 0, because there are no exponentials or all of them are 0, the
 * result is 0. If total is Infinity, the result is NaN, because the gradient of an infinite exponential has no limit.
 */
const inverseTotal: Unary = unary(
  "inverseTotal",
  (a) => (a === 0 ? 0 : a < Infinity ? 1 / a : NaN),
  derivatives([(y) => neg(square(y))]),
);

/** The shift of x, the difference x - shift, the exponentials of the difference, and their sum. */
function shiftedExponentials(op: string, x: Tensor, axes: readonly number[]) {
  const shift = shiftAlong(op, x, axes);
  const difference = sub(x, shift);
  const exponentials = exp(difference);
  return { shift, difference, exponentials, sum: sumAlong(exponentials, axes) };
}

/** log Σ exp(x); -Infinity (with gradient 0) for an axis that is empty or all -Infinity. */
export function logsumexp(x: TensorLike, axes?: Axes, options?: KeepDims): Tensor {
  const source = asTensor("logsumexp", x);
  if (source.size < LARGE) return smallLogsumexp(source, axes, options);
  const params = readReduced("logsumexp", source, axes, options);
  const { shift, sum } = shiftedExponentials("logsumexp", source, params.axes);
  return dropReduced(add(shift, logTotal(sum)), params);
}
/** exp(x) / Σ exp(x) along an axis, the last by default. */
export function softmax(x: TensorLike, axis = -1): Tensor {
  const source = asTensor("softmax", x);
  const axes = normalizeAxes("softmax", axis, source.shape);
  if (source.size < LARGE) return apply(softmaxOp, axes, source);
  const { exponentials, sum } = shiftedExponentials("softmax", source, axes);
  return div(exponentials, sum);
}
/** x - logsumexp(x) along an axis, the last by default. */
export function logSoftmax(x: TensorLike, axis = -1): Tensor {
  const source = asTensor("logSoftmax", x);
  const axes = normalizeAxes("logSoftmax", axis, source.shape);
  if (source.size < LARGE) return apply(logSoftmaxOp, axes, source);
  const { difference, sum } = shiftedExponentials("logSoftmax", source, axes);
  return sub(difference, logTotal(sum));
}
