/**
 * The axes along which the rows of values lie. For example, if X has 1,000 rows of 5 numbers, they lie along axis 0 of X and of
 * exp(X · w), and along axis 1 of Xᵀ.
 */
import { sizeOf } from "../../../core/shape.js";
import { stridesOf } from "../../../core/view.js";
import { type ReduceParams, sumOp } from "../../../ops/array/reduce.js";
import { matmulOp } from "../../../ops/linalg/matmul.js";
import type { OpValue } from "../program/program.js";
import { hasSimdForm } from "./loops/simdLoop.js";
import type { Views } from "./views.js";

/** Used instead of a row axis if the value is a sum over the rows, or has no rows. */
export const SUMMED = -1;

/** A matrix that every block reads as a whole has at most this many numbers. */
export const MAX_SMALL = 8192;

/** The axis that all entries of a list name; -1 if they differ. */
const commonAxis = (axes: readonly number[]): number =>
  axes.every((axis) => axis === axes[0]) ? (axes[0] as number) : -1;

export class RowAxes {
  /** The row axis of each value in the blocks. */
  readonly axes = new Map<number, number>();

  /** There are `count` rows in all. */
  constructor(
    readonly views: Views,
    readonly count: number,
  ) {}

  /** Whether value i is made in blocks and has a row axis, and so is not a sum over the rows. */
  hasRows(i: number): boolean {
    return (this.axes.get(this.views.owner(i)) ?? SUMMED) !== SUMMED;
  }

  /** The row axis of an op with an operand that has rows; null if the op cannot run on a block. */
  ofOp(i: number): number | null {
    const value = this.views.op(i);
    if (value.op.scalar !== undefined) return this.#ofLoop(i);
    if (value.op === matmulOp) return this.#ofProduct(value);
    return value.op === sumOp ? this.#ofSum(value) : null;
  }

  #ofLoop(i: number): number | null {
    const { shape, inputs } = this.views.op(i);
    const axes = inputs.flatMap((x) => {
      if (!this.hasRows(x)) return [];
      const axis = this.ofView(x);
      return axis === null ? [-1] : [axis + shape.length - this.views.view(x).shape.length];
    });
    const axis = commonAxis(axes);
    return shape[axis] === this.count && this.hasSimdCode(i) ? axis : null;
  }

  /** Whether the op has SIMD code that reads its operands without a copy. */
  hasSimdCode(i: number): boolean {
    const { op, inputs, shape } = this.views.op(i);
    const lastStep = (x: number): number =>
      this.views
        .strides(x, shape)
        .filter((_, k) => shape[k] !== 1)
        .at(-1) ?? 0;
    return op.scalar !== undefined && hasSimdForm(op.scalar) && inputs.every((x) => [0, 1].includes(lastStep(x)));
  }

  /**
   * The row axis of the product: 0 if the left operand has rows and the right operand is small; 1 if the columns of the right operand are
   * rows and the left operand is small; SUMMED if the product sums over the rows of both operands and is small; else null.
   */
  #ofProduct({ shape, inputs }: OpValue): number | null {
    const [left, right] = inputs as [number, number];
    const [leftAxis, rightAxis] = [left, right].map((x) => (this.hasRows(x) ? this.ofView(x) : -1));
    if (leftAxis === null || rightAxis === null || shape.length !== 2) return null;
    const isSmall = (x: number): boolean => sizeOf(this.views.view(x).shape) <= MAX_SMALL;
    if (leftAxis === 0 && rightAxis === -1) return isSmall(right) ? 0 : null;
    if (rightAxis === 1 && leftAxis === -1) return isSmall(left) ? 1 : null;
    return leftAxis !== 0 && rightAxis !== 1 && sizeOf(shape) <= MAX_SMALL ? SUMMED : null;
  }

  /** SUMMED for a sum over the rows alone, or over the rows and all numbers in each row. Else null. */
  #ofSum({ params, inputs: [x] }: OpValue): number | null {
    const axis = this.ofView(x as number);
    const { shape, stride } = this.views.view(x as number);
    const { axes } = params as ReduceParams;
    if (axis === null || axes[0] !== axis || stridesOf(shape).some((s, k) => shape[k] !== 1 && s !== stride[k]))
      return null;
    const sumsWholeRows = axes.length === shape.length - axis;
    return sumsWholeRows || (axes.length === 1 && sizeOf(shape.slice(0, axis)) === 1) ? SUMMED : null;
  }

  /** The row axis of value i; null if its rows are not along one axis. A view may have another row axis than its owner. */
  ofView(i: number): number | null {
    const owner = this.views.owner(i);
    const ownerShape = this.views.op(owner).shape;
    const { shape, stride, offset } = this.views.view(i);
    // `row` is the distance from one row to the next, `allRows` the distance from the first row to the end of the last.
    const row = sizeOf(ownerShape.slice((this.axes.get(owner) as number) + 1));
    const allRows = row * this.count;
    const axis = shape.findIndex((n, k) => n === this.count && stride[k] === row);
    // A step along any other axis must stay inside one row, or lead to the same row in another group of `count` rows.
    const keepsRowsApart = (n: number, k: number): boolean => {
      const s = stride[k] as number;
      return k === axis || n === 1 || s % allRows === 0 || (s > 0 && s * (n - 1) < row);
    };
    return axis >= 0 && offset % allRows < row && shape.every(keepsRowsApart) ? axis : null;
  }

  /** The axis of value i that has the rows of all ops that read the value; -1 if there is none. */
  inReaders(i: number): number {
    return commonAxis(this.views.readers(i).flatMap((reader) => this.#inReader(reader, i)));
  }
  #inReader(reader: number, i: number): number[] {
    const { op, shape: loop, inputs } = this.views.op(reader);
    if (op.scalar === undefined) return [-1];
    const { shape } = this.views.op(i);
    const reads = inputs.filter((x) => this.views.owner(x) === i);
    return reads.map((x) => {
      const down = this.views.strides(x, loop)[this.axes.get(reader) as number];
      return stridesOf(shape).findIndex((stride, k) => stride === down && shape[k] === this.count);
    });
  }
}
