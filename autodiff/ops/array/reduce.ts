/**
 * Reductions. Kernels reduce contiguous numbers. So the reduced axes are first moved to the end, as a view, and the data are copied only if
 * this view is not contiguous.
 */

import { type AxisMap, mapAxes } from "../../../provenance/axes.js";
import { refuse } from "../../../provenance/base/error.js";
import * as kinds from "../../../provenance/base/kinds.js";
import { requireOptions, show } from "../../../provenance/base/options.js";
import { apply } from "../../core/apply.js";
import type { TensorLike } from "../../core/convert.js";
import { asContiguous } from "../../core/copy.js";
import type { Op, Vjp } from "../../core/op.js";
import { normalizeAxis, type Shape, showShape, sizeOf } from "../../core/shape.js";
import { asTensor, type Tensor } from "../../core/tensor.js";
import { type View, withAxes } from "../../core/view.js";
import { type Fold, type FoldRows, maxOf, minOf, type Plan, sumOf, sumRows } from "../../kernels/reduce.js";
import { div, equal, mulZeroWins } from "../elementwise/math.js";
import { axesToEnd, broadcastTo, mixProvenance, reshapeAs } from "../views/shape.js";

/** One axis or several. By default, all axes are reduced. Negative axes count from the end. */
export type Axes = number | readonly number[];
export interface KeepDims {
  /** Keep reduced axes with size 1. */
  keepDims?: boolean;
}
const OPTIONS = { keepDims: kinds.flag };
export interface ReduceParams {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}
/** Reduces the contiguous data of `x` into `out`; `plan` is their layout. */
type FoldAll = (plan: Plan, out: View, x: View) => void;
interface ReductionOptions {
  /** Whether to refuse to reduce an axis of size 0. */
  readonly emptyIsError?: boolean;
  /** Whether the kernel can fold rows, so that adjacent axes need not be moved to the end first. */
  readonly byRows?: boolean;
}

const reducedShape = (shape: Shape, { axes, keepDims }: ReduceParams): Shape =>
  keepDims ? shape.map((n, i) => (axes.includes(i) ? 1 : n)) : shape.filter((_, i) => !axes.includes(i));

/**
 * The axis map of a reduction. Reduced axes are mixed; without `keepDims`, the axes to their left move right to close the gap, batch axes of
 * `vmap` included.
 */
export function axisMapOf({ axes, keepDims }: ReduceParams, { shape: { length } }: Tensor): AxisMap {
  // `mapAxes` goes from the right to the left, so this counts the gaps to the right of an axis.
  let closed = 0;
  return mapAxes(Infinity, (k) => {
    if (!axes.includes(length - 1 - k)) return k - closed;
    if (!keepDims) closed++;
    return -1;
  });
}

/**
 * The result `y` of a reduction of x, or its cotangent, in a shape that broadcasts to the shape of x. The reduced axes are put back with
 * size 1, unless they are the first axes of x, which broadcasting adds anyway.
 */
export function restoreAxes(y: Tensor, x: Tensor, { axes }: ReduceParams): Tensor {
  const areFirst = axes.at(-1) === axes.length - 1;
  return areFirst ? y : reshapeAs(y, reducedShape(x.shape, { axes, keepDims: true }));
}

/** Reduces n adjacent numbers with `fold`, or n adjacent rows with `rows`. */
export const foldAllWith =
  (fold: Fold, rows?: FoldRows): FoldAll =>
  ({ blocks, n, width }, out, { data, offset }) => {
    for (let block = 0; block < blocks; block++) {
      const from = offset + block * n * width;
      if (width === 1) out.data[out.offset + block] = fold(data, from, n);
      else (rows as FoldRows)(data, from, n, width, out.data, out.offset + block * width);
    }
  };

/** An op that reduces axes with `foldAll`. */
export function reductionOp(
  name: string,
  foldAll: FoldAll,
  vjp: Vjp<ReduceParams> | null,
  { emptyIsError = false, byRows = false }: ReductionOptions = {},
): Op<ReduceParams> {
  const op: Op<ReduceParams> = {
    name,
    shape: (params, [x]) => {
      const { shape } = x as Tensor;
      const empty = params.axes.find((axis) => shape[axis] === 0);
      if (emptyIsError && empty !== undefined)
        refuse(
          "empty",
          name,
          `cannot reduce an empty axis: axis ${empty} of shape ${showShape(shape)} has no elements. Reduce another axis, or leave empty data out.`,
        );
      return reducedShape(shape, params);
    },
    kernel: ({ axes }, out, [input]) => {
      const plan = planOf(input as View, axes, byRows);
      foldAll(plan, out, asContiguous(inPlanOrder(input as View, axes, plan)));
    },
    prepare: ({ axes }, out, [input]) => {
      const plan = planOf(input as View, axes, byRows);
      const x = inPlanOrder(input as View, axes, plan);
      return () => foldAll(plan, out, asContiguous(x));
    },
    vjp: () => vjp,
    batch: ({ axes, keepDims }, [x]) => apply(op, { axes: axes.map((a) => a + 1), keepDims }, x as Tensor),
    axes: (params, [x]) => axisMapOf(params, x as Tensor),
  };
  return op;
}

/** The function that applies a reduction op. */
export function reducerOf(op: Op<ReduceParams>) {
  const { name } = op;
  const hasGradient = op.vjp(0) !== null;
  return (x: TensorLike, axes?: Axes, options?: KeepDims): Tensor => {
    const source = asTensor(name, x);
    const params = readReduced(name, source, axes, options);
    // Along axes of size 1, a reduction that has a gradient changes nothing but the shape.
    const changesOnlyShape = hasGradient && params.axes.every((axis) => source.shape[axis] === 1);
    if (!changesOnlyShape) return apply(op, params, source);
    return dropReduced(mixProvenance(source, params.axes, name), params);
  };
}

/** The function that applies a new reduction op with these properties. */
export const reduction = (...args: Parameters<typeof reductionOp>) => reducerOf(reductionOp(...args));

/** The parameters of the op for a reduction of x, after checks of `axes` and `options`. */
export function readReduced(
  name: string,
  x: Tensor,
  axes: Axes | undefined,
  options: KeepDims | undefined,
): ReduceParams {
  if (options !== undefined) requireOptions(name, options, OPTIONS);
  return { axes: normalizeAxes(name, axes, x.shape), keepDims: options?.keepDims ?? false };
}

/** y without the reduced axes, which have size 1 in y. With `keepDims`, y as it is. */
export const dropReduced = (y: Tensor, params: ReduceParams): Tensor =>
  reshapeAs(y, reducedShape(y.shape, params), axisMapOf(params, y));

/**
 * The layout of a reduction: which elements are folded, and in which order. It depends only on the shape and the axes, so the order of a
 * sum does not depend on strides. Adjacent axes are folded in place if the kernel can fold rows; all other reduced axes are moved to the
 * end first.
 */
export function planOf({ shape }: View, axes: readonly number[], byRows: boolean): Plan {
  const [low, high] = [axes[0] ?? 0, (axes.at(-1) ?? -1) + 1];
  const n = sizeOf(axes.map((axis) => shape[axis] as number));
  const isBlock = high - low === axes.length;
  const width = byRows && isBlock && axes.length > 0 ? sizeOf(shape.slice(high)) : 1;
  const resultSize = sizeOf(shape.filter((_, axis) => !axes.includes(axis)));
  return { blocks: width === 0 ? 0 : resultSize / width, n, width };
}

/** The view with the reduced axes moved to the end, if the plan needs this. */
export function inPlanOrder(x: View, axes: readonly number[], { width }: Plan): View {
  return width !== 1 || axes[0] === x.shape.length - axes.length ? x : withAxes(x, axesToEnd(x, axes));
}

export function normalizeAxes(op: string, axes: Axes | undefined, shape: Shape): number[] {
  if (axes === undefined) return shape.map((_, axis) => axis);
  if (typeof axes !== "number" && !Array.isArray(axes))
    refuse(
      "bad-axis",
      op,
      `axes must be a number or a list of numbers, got ${show(axes)}. Give options such as keepDims as the next argument.`,
    );
  const list = (typeof axes === "number" ? [axes] : (axes as readonly number[])).map((axis) =>
    normalizeAxis(op, axis, shape),
  );
  if (new Set(list).size !== list.length)
    refuse("bad-axis", op, `axes [${list.join(",")}] contain an axis twice. Give each axis once.`);
  return list.sort((a, b) => a - b);
}

export const sumOp: Op<ReduceParams> = reductionOp(
  "sum",
  foldAllWith(sumOf, sumRows),
  (g, _, [x], params) => broadcastTo(restoreAxes(g, x as Tensor, params), (x as Tensor).shape),
  { byRows: true },
);
/** The sum; 0 for an empty axis. */
export const sum = reducerOf(sumOp);

const extremumVjp: Vjp<ReduceParams> = (g, y, [input], params) => {
  const x = input as Tensor;
  const ties = equal(x, restoreAxes(y, x, params));
  return mulZeroWins(restoreAxes(g, x, params), div(ties, sum(ties, params.axes, { keepDims: true })));
};
/** The largest element, or NaN if any element is NaN; ties share the gradient. */
export const max = reduction("max", foldAllWith(maxOf), extremumVjp, { emptyIsError: true });
/** The smallest element, or NaN if any element is NaN; ties share the gradient. */
export const min = reduction("min", foldAllWith(minOf), extremumVjp, { emptyIsError: true });

/** The average. */
export function mean(x: TensorLike, axes?: Axes, options?: KeepDims): Tensor {
  const source = asTensor("mean", x);
  const params = readReduced("mean", source, axes, options);
  const n = sizeOf(params.axes.map((axis) => source.shape[axis] as number));
  if (n === 0)
    refuse(
      "empty",
      "mean",
      `cannot average an empty axis of shape ${showShape(source.shape)}. Reduce another axis, or leave empty data out.`,
    );
  const total = sum(mixProvenance(source, params.axes, "mean"), params.axes, options);
  return n === 1 ? total : div(total, n);
}

/** The index of the first of the best numbers. NaN counts as the best. */
const firstWhere =
  (better: (a: number, b: number) => boolean): Fold =>
  (data, offset, n) => {
    let best = 0;
    for (let i = 1; i < n; i++) {
      const [x, top] = [data[offset + i] as number, data[offset + best] as number];
      if (better(x, top) || (Number.isNaN(x) && !Number.isNaN(top))) best = i;
    }
    return best;
  };
const firstAlong = (
  name: string,
  better: (a: number, b: number) => boolean,
): ((x: TensorLike, axis?: number, options?: KeepDims) => Tensor) =>
  reduction(name, foldAllWith(firstWhere(better)), null, { emptyIsError: true });
/** The index of the first largest element along an axis; by default, of all elements, row-major. */
export const argmax = firstAlong("argmax", (a, b) => a > b);
/** The index of the first smallest element along an axis; by default, of all elements, row-major. */
export const argmin = firstAlong("argmin", (a, b) => a < b);
