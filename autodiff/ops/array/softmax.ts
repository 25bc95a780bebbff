/** Sums of exponentials along axes, and their logarithms: what classes and mixtures are made of. The kernels stand in kernels/softmax.ts. */
import { type AxisMap, mapAxes } from "../../../provenance/axes.js";
import { apply } from "../../core/apply.js";
import type { TensorLike } from "../../core/convert.js";
import { asContiguous } from "../../core/copy.js";
import type { Op, Vjp } from "../../core/op.js";
import { type Tensor, tensor } from "../../core/tensor.js";
import { isContiguous, type View } from "../../core/view.js";
import { type Normaliser, normalise, normaliseSimd } from "../../kernels/softmax.js";
import { equal, gate, sub, where } from "../elementwise/math.js";
import { transpose } from "../views/shape.js";
import { kept, normalizeAxes, planOf, reduction, sum } from "./reduce.js";

const mixed = (rank: number, axes: readonly number[]): AxisMap =>
  mapAxes(rank, (k) => (axes.includes(rank - 1 - k) ? -1 : k));

/** An op that keeps the shape, along axes that lie side by side. */
function normaliser(name: Normaliser, vjp: Vjp<readonly number[]>): Op<readonly number[]> {
  const op: Op<readonly number[]> = {
    name,
    shape: (_, [x]) => (x as Tensor).shape,
    kernel: (axes, out, [x]) => normalise(name, planOf(out, axes, true), out, asContiguous(x as View)),
    prepare: (axes, out, [input]) => {
      const [plan, x] = [planOf(out, axes, true), input as View];
      const simd = isContiguous(x) ? normaliseSimd(name, plan, out, x) : null;
      return simd ?? (() => op.kernel(axes, out, [x]));
    },
    vjp: () => vjp,
    batch: (axes, [x]) =>
      apply(
        op,
        axes.map((axis) => axis + 1),
        x as Tensor,
      ),
    axes: (axes, [x]) => mixed((x as Tensor).shape.length, axes),
  };
  return op;
}

const total = (x: Tensor, axes: readonly number[]): Tensor => sum(x, axes, { keepDims: true });
const softmaxOp = normaliser("softmax", (g, y, _, axes) => gate(y, sub(g, total(gate(y, g), axes))));
const logSoftmaxOp = normaliser("logSoftmax", (g, _, [x], axes) =>
  sub(g, gate(total(g, axes), softmaxOver(x as Tensor, axes))),
);

/** softmax over several axes together; those that do not lie side by side are moved there and back. */
function softmaxOver(x: Tensor, axes: readonly number[]): Tensor {
  const [low = 0, high = -1] = [axes[0], axes.at(-1)];
  if (high - low === axes.length - 1) return apply(softmaxOp, axes, x);
  const order = [...x.shape.keys()].filter((axis) => !axes.includes(axis)).concat(axes);
  const last = axes.map((_, k) => order.length - axes.length + k);
  return transpose(
    apply(softmaxOp, last, transpose(x, order)),
    order.map((_, axis) => order.indexOf(axis)),
  );
}

/** log Σ exp(x); -Infinity (with gradient 0) for an axis that is empty or all -Infinity. */
export const logsumexp = reduction(
  "logsumexp",
  (plan, out, x) => normalise("logsumexp", plan, out, x),
  (g, y, [input], reduced) => {
    const x = input as Tensor;
    const share = where(equal(kept(y, x, reduced), -Infinity), 0, softmaxOver(x, reduced.axes));
    return gate(kept(g, x, reduced), share);
  },
  { byRows: true, simd: (plan, out, x) => normaliseSimd("logsumexp", plan, out, x) },
);
/** exp(x) / Σ exp(x) along an axis, the last by default. */
export const softmax = (x: TensorLike, axis = -1): Tensor => along("softmax", softmaxOp, x, axis);
/** x - logsumexp(x) along an axis, the last by default. */
export const logSoftmax = (x: TensorLike, axis = -1): Tensor => along("logSoftmax", logSoftmaxOp, x, axis);

const along = (name: string, op: Op<readonly number[]>, x: TensorLike, axis: number): Tensor => {
  const from = tensor(x);
  return apply(op, normalizeAxes(name, axis, from.shape), from);
};
