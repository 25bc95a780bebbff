/**
 * Rows in blocks. A product of a long matrix and a small one, elementwise ops on its rows, and the final sums and products over the rows
 * can all run on one block of rows before the next block. So a row is read from memory once, and a value that nothing else needs stays in
 * the cache. This file finds such ops. Each op sums over rows in the same order as without blocks.
 */
import type { Op } from "../../../core/op.js";
import { type Shape, sizeOf } from "../../../core/shape.js";
import { stridesOf } from "../../../core/view.js";
import { type ReduceParams, sumOp } from "../../../ops/array/reduce.js";
import { matmulOp } from "../../../ops/linalg/matmul.js";
import type { OpValue } from "../program/program.js";
import { hasSimdForm } from "./loops/simdLoop.js";
import type { Views } from "./views.js";

/** Used instead of a row axis if the value is a sum over the rows, or has no rows. */
export const SUMMED = -1;

/** The values that are made block by block, and the layout of their rows. */
export interface Rows {
  /** The number of rows in all, and per block (a multiple of 8). */
  readonly count: number;
  readonly block: number;
  /** The row axis of each value. */
  readonly axes: ReadonlyMap<number, number>;
  /** The values that only ops in the blocks read, so that memory for one block is enough. */
  readonly inner: ReadonlySet<number>;
  /**
   * How many numbers of memory a value takes, if this differs from its size: one block of its rows, or, for a sum over the rows, nine
   * numbers for each entry: the sum and its eight partial sums.
   */
  readonly memorySize: ReadonlyMap<number, number>;
}

/** The number of partial sums into which a long sum over the rows is divided (kernels/reduce.ts). */
export const LANES = 8;

/** Below this many rows, blocks are not faster. */
const MIN_ROWS = 64;
/** In the first product of the blocks, the long matrix has at least MIN_LONG numbers, and the small one at most MAX_SMALL. */
const MIN_LONG = 4096;
const MAX_SMALL = 8192;
/**
 * The approximate number of elements in a block: BLOCK if the small matrix of the product is a vector, else WIDE_BLOCK. BLOCK is so small
 * that the processor fetches the next rows while it works on the block; but products of matrices are slow on few rows.
 */
const BLOCK = 512;
const WIDE_BLOCK = 8192;

/** How many of the products in a list are tried as the first op of the blocks. */
const MAX_STARTS = 8;

/**
 * A list of ops in three parts: before the blocks, in the blocks, and after the blocks. For example, for a gradient of n rows X:
 *
 *     t0 = X · w            in the blocks: rows along axis 0
 *     t1 = sigmoid(t0)      in the blocks: rows along axis 0
 *     t2 = Xᵀ · t1          in the blocks: summed over the rows
 *     t3 = t2 * rate        after the blocks, because it needs the whole sum
 */
export interface Partition {
  readonly before: readonly number[];
  readonly members: readonly number[];
  readonly after: readonly number[];
  readonly rows: Rows;
}

/** The ops of a list that can run in blocks, and the ops before and after them; null if no ops can run in blocks. */
export function findRows(views: Views, list: readonly number[]): Partition | null {
  const starts = [...list.entries()].filter(([, i]) => longAxis(views, i) >= 0).slice(0, MAX_STARTS);
  for (const [start, i] of starts) {
    const count = views.op(i).shape[longAxis(views, i)] as number;
    const partition = new Partitioner(views, list, count).startingAt(start);
    if (partition !== null) return partition;
  }
  return null;
}

/** If an op multiplies a long matrix by a small one, the axis of the product that has the rows of the long matrix; else -1. */
function longAxis(views: Views, i: number): number {
  const { op, shape, inputs } = views.op(i);
  if (op !== matmulOp || shape.length !== 2) return -1;
  const axis = (shape[0] as number) >= (shape[1] as number) ? 0 : 1;
  if ((shape[axis] as number) < MIN_ROWS) return -1;
  const [long, small] = [inputs[axis], inputs[1 - axis]].map((x) => sizeOf(views.view(x as number).shape));
  return (long as number) >= MIN_LONG && (small as number) <= MAX_SMALL ? axis : -1;
}

/** The axis that all entries of a list name; -1 if they differ. */
const commonAxis = (axes: readonly number[]): number =>
  axes.every((axis) => axis === axes[0]) ? (axes[0] as number) : -1;

/** Finds the ops of a list that can run in blocks of rows, if there are `count` rows in all. */
class Partitioner {
  /** The row axis of each value in the blocks. */
  readonly axes = new Map<number, number>();
  /** Values made after the blocks: they need a sum over the rows, or all rows of a value at once. */
  readonly #afterBlocks = new Set<number>();

  constructor(
    readonly views: Views,
    readonly list: readonly number[],
    readonly count: number,
  ) {}

  /** The partition whose blocks begin with the product at index `start` of the list; null if blocks would not be faster. */
  startingAt(start: number): Partition | null {
    for (const i of this.list.slice(start)) if (!this.views.isView(i)) this.#addToBlocks(i);
    for (const i of [...this.list].reverse()) if (!this.views.isView(i)) this.#pullIntoBlocks(i);
    const { axes } = this;
    const inner = new Set([...axes.keys()].filter((i) => this.#isInner(i)));
    if (![...axes.values()].includes(SUMMED) || this.#wouldOverrun(inner)) return null;
    const block = this.#rowsPerBlock();
    const memorySize = new Map([...inner].map((i) => [i, (sizeOf(this.views.op(i).shape) / this.count) * block]));
    for (const [i, axis] of axes)
      if (axis === SUMMED && this.views.op(i).op === sumOp)
        memorySize.set(i, (1 + LANES) * sizeOf(this.views.op(i).shape));
    return {
      before: this.list.filter((i) => !axes.has(i) && !this.#runsAfterBlocks(i)),
      members: this.list.filter((i) => axes.has(i)),
      after: this.list.filter((i) => !axes.has(i) && this.#runsAfterBlocks(i)),
      rows: { count: this.count, block, axes, inner, memorySize },
    };
  }

  #runsAfterBlocks(i: number): boolean {
    return this.#afterBlocks.has(this.views.owner(i));
  }
  /** Whether value i is made in blocks and has a row axis, and so is not a sum over the rows. */
  #hasRows(i: number): boolean {
    return (this.axes.get(this.views.owner(i)) ?? SUMMED) !== SUMMED;
  }

  /** Adds value i to the blocks if it can run on a block. */
  #addToBlocks(i: number): void {
    const { inputs } = this.views.op(i);
    const needsSums = inputs.some((x) => this.#runsAfterBlocks(x));
    if (!needsSums && !inputs.some((x) => this.#hasRows(x))) {
      const axis = longAxis(this.views, i);
      if (axis >= 0 && this.views.op(i).shape[axis] === this.count) this.axes.set(i, axis);
      return;
    }
    const axis = needsSums ? null : this.#axisOf(this.views.op(i));
    if (axis !== null) this.axes.set(i, axis);
    if (axis === null || axis === SUMMED) this.#afterBlocks.add(i);
  }

  /** The row axis of an op with an operand that has rows; null if the op cannot run on a block. */
  #axisOf(value: OpValue): number | null {
    if (value.op.scalar !== undefined) return this.#axisOfLoop(value);
    if (value.op === matmulOp) return this.#axisOfProduct(value);
    return value.op === sumOp ? this.#axisOfSum(value) : null;
  }

  #axisOfLoop({ op, shape, inputs }: OpValue): number | null {
    const axes = inputs.flatMap((x) => {
      if (!this.#hasRows(x)) return [];
      const axis = this.#rowAxisOf(x);
      return axis === null ? [-1] : [axis + shape.length - this.views.view(x).shape.length];
    });
    const axis = commonAxis(axes);
    return shape[axis] === this.count && this.#hasSimdCode(op, inputs, shape) ? axis : null;
  }

  /** Whether the op has SIMD code that reads its operands without a copy. */
  #hasSimdCode({ scalar }: Op, inputs: readonly number[], shape: Shape): boolean {
    const lastStep = (x: number): number =>
      this.views
        .strides(x, shape)
        .filter((_, k) => shape[k] !== 1)
        .at(-1) ?? 0;
    return scalar !== undefined && hasSimdForm(scalar) && inputs.every((x) => [0, 1].includes(lastStep(x)));
  }

  /**
   * The row axis of the product: 0 if the left operand has rows and the right operand is small; 1 if the columns of the right operand are
   * rows and the left operand is small; SUMMED if the product sums over the rows of both operands and is small; else null.
   */
  #axisOfProduct({ shape, inputs }: OpValue): number | null {
    const [left, right] = inputs as [number, number];
    const [leftAxis, rightAxis] = [left, right].map((x) => (this.#hasRows(x) ? this.#rowAxisOf(x) : -1));
    if (leftAxis === null || rightAxis === null || shape.length !== 2) return null;
    const isSmall = (x: number): boolean => sizeOf(this.views.view(x).shape) <= MAX_SMALL;
    if (leftAxis === 0 && rightAxis === -1) return isSmall(right) ? 0 : null;
    if (rightAxis === 1 && leftAxis === -1) return isSmall(left) ? 1 : null;
    return leftAxis !== 0 && rightAxis !== 1 && sizeOf(shape) <= MAX_SMALL ? SUMMED : null;
  }

  /** SUMMED for a sum over the rows alone, or over the rows and all numbers in each row. Else null. */
  #axisOfSum({ params, inputs: [x] }: OpValue): number | null {
    const axis = this.#rowAxisOf(x as number);
    const { shape, stride } = this.views.view(x as number);
    const { axes } = params as ReduceParams;
    if (axis === null || axes[0] !== axis || stridesOf(shape).some((s, k) => shape[k] !== 1 && s !== stride[k]))
      return null;
    const sumsWholeRows = axes.length === shape.length - axis;
    return sumsWholeRows || (axes.length === 1 && sizeOf(shape.slice(0, axis)) === 1) ? SUMMED : null;
  }

  /** The row axis of value i; null if its rows are not along one axis. A view may have another row axis than its owner. */
  #rowAxisOf(i: number): number | null {
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

  /**
   * Adds to the blocks an elementwise op whose operands have no rows, if only elementwise ops in the blocks read its value. For example, in
   * (X · w) * exp(v), where v is an input with one number per row, this adds exp(v).
   */
  #pullIntoBlocks(i: number): void {
    const { op, shape, inputs } = this.views.op(i);
    if (op.scalar === undefined || this.axes.has(i) || this.#runsAfterBlocks(i) || !this.#isReadOnlyInBlocks(i)) return;
    const readers = this.views.readers(i);
    const axis = commonAxis(readers.flatMap((reader) => this.#axesReadBy(reader, i)));
    if (axis < 0 || !this.#hasSimdCode(op, inputs, shape)) return;
    this.axes.set(i, axis);
    const keepsRowAxis = (x: number): boolean => this.views.owner(x) !== i || this.#rowAxisOf(x) !== null;
    if (!readers.every((reader) => this.views.op(reader).inputs.every(keepsRowAxis))) this.axes.delete(i);
  }

  /** For each operand of a reader that is a view of value i: the axis of value i that has the reader's rows; -1 if there is none. */
  #axesReadBy(reader: number, i: number): number[] {
    const { op, shape: loop, inputs } = this.views.op(reader);
    if (op.scalar === undefined) return [-1];
    const { shape } = this.views.op(i);
    const views = inputs.filter((x) => this.views.owner(x) === i);
    return views.map((x) => {
      const down = this.views.strides(x, loop)[this.axes.get(reader) as number];
      return stridesOf(shape).findIndex((stride, k) => stride === down && shape[k] === this.count);
    });
  }

  /** Whether only ops in the blocks read a value. */
  #isReadOnlyInBlocks(i: number): boolean {
    const readers = this.views.readers(i);
    if (readers.length === 0 || !readers.every((reader) => this.axes.has(reader))) return false;
    return !this.views.program.outputs.some((output) => this.views.owner(output) === i);
  }
  #isInner(i: number): boolean {
    return this.#hasRows(i) && this.#isReadOnlyInBlocks(i);
  }

  /** Whether the extra number that code in pairs writes after a row of odd length could overwrite a row that is already computed. */
  #wouldOverrun(inner: ReadonlySet<number>): boolean {
    return [...this.axes].some(([i, axis]) => {
      const { shape } = this.views.op(i);
      const isOdd = (shape.filter((n) => n !== 1).at(-1) ?? 0) % 2 === 1;
      return isOdd && !inner.has(i) && sizeOf(shape.slice(0, Math.max(axis, 0))) > 1;
    });
  }

  #rowsPerBlock(): number {
    const isWide = [...this.axes.keys()].some(
      (i) => this.views.op(i).op === matmulOp && !this.views.op(i).shape.includes(1),
    );
    const valuesInBlocks = [...this.axes.keys()].flatMap((i) => [i, ...this.views.op(i).inputs]);
    const width = Math.max(...valuesInBlocks.map((i) => sizeOf(this.views.view(i).shape) / this.count));
    return 8 * Math.min(32, Math.max(1, Math.floor((isWide ? WIDE_BLOCK : BLOCK) / 8 / width)));
  }
}
