/**
 * Indexing by 0, 1, …, n - 1 in order, which are the values of an enumerated site. Such an index only moves an axis of the indexed tensor
 * to another position, so the result is a view, and its gradient needs no scatter over all pairs of values.
 */
import { insertAxes, mapAxes } from "../../../provenance/axes.js";
import { apply } from "../../core/apply.js";
import type { TensorLike } from "../../core/convert.js";
import { recorder } from "../../core/recorder.js";
import { asTensor, isAbsent, rawView, type Tensor } from "../../core/tensor.js";
import { withAxes } from "../../core/view.js";
import { axesToEnd, reshape, transpose, viewOp } from "../views/shape.js";
import { isCounting } from "./make.js";

/**
 * The axis along which an index counts from 0 to n - 1, if its other axes have size 1; else -1. The numbers of the index are not read: only
 * arrays that `arange` made are recognised. If the index is an input of a compiled program, the result is -1, because the next run may have
 * another index.
 */
function countingAxis(index: Tensor, n: number): number {
  if (n < 2 || index.size !== n || index.batch !== null || isAbsent(index) || recorder?.isVariable(index)) return -1;
  const { data, shape, stride, offset } = rawView(index);
  const axis = shape.indexOf(n);
  return isCounting(data) && data.length === n && offset === 0 && stride[axis] === 1 ? axis : -1;
}

/**
 * `sourceAxes`: for each axis of the result, the axis of x that it comes from, or -1 for a new axis. `trailingAxes`: how many axes of the
 * result follow the axes of the index.
 */
interface LookUpParams {
  readonly sourceAxes: readonly number[];
  readonly trailingAxes: number;
}

const lookUpOp = viewOp<LookUpParams>({
  name: "lookUp",
  view: ({ sourceAxes }, x) => withAxes(x, sourceAxes),
  vjp: (input) =>
    input > 0
      ? null
      : (g, _, [x], { sourceAxes }) => {
          const { shape } = x as Tensor;
          const ownAxes = shape.map((_, axis) => sourceAxes.indexOf(axis)).filter((i) => i >= 0);
          return reshape(transpose(g, axesToEnd(g, ownAxes)), shape);
        },
  batched: ({ sourceAxes, trailingAxes }) => ({
    sourceAxes: [0, ...sourceAxes.map((axis) => (axis < 0 ? axis : axis + 1))],
    trailingAxes,
  }),
  axes: ({ sourceAxes, trailingAxes }, inputs, input) => {
    if (input > 0) return insertAxes(0, trailingAxes);
    const rank = (inputs[0] as Tensor).shape.length;
    return mapAxes(rank, (k) => {
      const to = sourceAxes.indexOf(rank - 1 - k);
      return to < 0 ? to : sourceAxes.length - 1 - to;
    });
  },
});

/**
 * x[indices] as a view, if each index counts 0, 1, …, n - 1 along one axis, and no two along the same axis of the result; else null. Errors
 * name `op`.
 */
export function lookUp(op: string, x: Tensor, indexLikes: readonly TensorLike[]): Tensor | null {
  const indices = indexLikes.map((index) => asTensor(op, index));
  const rank = Math.max(...indices.map(({ shape }) => shape.length));
  const trailingAxes = x.shape.length - indices.length;
  const sourceAxes = [
    ...new Array<number>(rank).fill(-1),
    ...Array.from({ length: trailingAxes }, (_, i) => indices.length + i),
  ];
  for (const [i, index] of indices.entries()) {
    const axis = countingAxis(index, x.shape[i] as number);
    const resultAxis = rank - index.shape.length + axis;
    if (axis < 0 || (sourceAxes[resultAxis] as number) >= 0) return null;
    sourceAxes[resultAxis] = i;
  }
  return apply(lookUpOp, { sourceAxes, trailingAxes }, x, ...indices);
}

/**
 * table[..., index] as a view, or null if a view is not possible. It is possible if the index counts 0, 1, …, n - 1 along one of its axes,
 * where n is the size of the table's last axis, and the table has only one element along the axis that broadcasts with this one.
 */
export function lookUpLast(table: Tensor, index: Tensor): Tensor | null {
  const last = table.shape.length - 1;
  const axis = countingAxis(index, table.shape[last] as number);
  if (axis < 0) return null;
  const rank = Math.max(last, index.shape.length);
  const resultAxis = rank - index.shape.length + axis;
  const sourceAxes = Array.from({ length: rank }, (_, i) => Math.max(-1, last - rank + i));
  const tableAxis = sourceAxes[resultAxis] as number;
  if (tableAxis >= 0 && table.shape[tableAxis] !== 1) return null;
  sourceAxes[resultAxis] = last;
  return apply(lookUpOp, { sourceAxes, trailingAxes: 0 }, table, index);
}
