/**
 * Rows in blocks. A product of a long matrix and a small one, elementwise ops on its rows, and the final sums and products over the rows
 * can all run on one block of rows before the next block. So a row is read from memory once, and a value that nothing else needs stays in
 * the cache. This file finds such ops. Each op sums over rows in the same order as without blocks.
 */
import { sizeOf } from "../../../core/shape.js";
import { sumOp } from "../../../ops/array/reduce.js";
import { matmulOp } from "../../../ops/linalg/matmul.js";
import { MAX_SMALL, RowAxes, SUMMED } from "./rowAxes.js";
import type { Views } from "./views.js";

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
/** In the first product of the blocks, the long matrix has at least this many numbers. */
const MIN_LONG = 4096;
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
    const partition = new Partitioner(views, list, new RowAxes(views, count)).startingAt(start);
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

/** Finds the ops of a list that can run in blocks of rows, if there are `count` rows in all. */
class Partitioner {
  /** The row axis of each value in the blocks. */
  readonly axes: Map<number, number>;
  /** Values made after the blocks: they need a sum over the rows, or all rows of a value at once. */
  readonly #afterBlocks = new Set<number>();

  constructor(
    readonly views: Views,
    readonly list: readonly number[],
    readonly rowAxes: RowAxes,
  ) {
    this.axes = rowAxes.axes;
  }

  /** The partition whose blocks begin with the product at index `start` of the list; null if blocks would not be faster. */
  startingAt(start: number): Partition | null {
    for (const i of this.list.slice(start)) if (!this.views.isView(i)) this.#addToBlocks(i);
    for (const i of [...this.list].reverse()) if (!this.views.isView(i)) this.#pullIntoBlocks(i);
    const { axes } = this;
    const { count } = this.rowAxes;
    const inner = new Set([...axes.keys()].filter((i) => this.#isInner(i)));
    if (![...axes.values()].includes(SUMMED) || this.#wouldOverrun(inner)) return null;
    const block = this.#rowsPerBlock();
    const memorySize = new Map([...inner].map((i) => [i, (sizeOf(this.views.op(i).shape) / count) * block]));
    for (const [i, axis] of axes)
      if (axis === SUMMED && this.views.op(i).op === sumOp)
        memorySize.set(i, (1 + LANES) * sizeOf(this.views.op(i).shape));
    return {
      before: this.list.filter((i) => !axes.has(i) && !this.#runsAfterBlocks(i)),
      members: this.list.filter((i) => axes.has(i)),
      after: this.list.filter((i) => !axes.has(i) && this.#runsAfterBlocks(i)),
      rows: { count, block, axes, inner, memorySize },
    };
  }

  #runsAfterBlocks(i: number): boolean {
    return this.#afterBlocks.has(this.views.owner(i));
  }
  /** Adds value i to the blocks if it can run on a block. */
  #addToBlocks(i: number): void {
    const { inputs } = this.views.op(i);
    const needsSums = inputs.some((x) => this.#runsAfterBlocks(x));
    if (!needsSums && !inputs.some((x) => this.rowAxes.hasRows(x))) {
      const axis = longAxis(this.views, i);
      if (axis >= 0 && this.views.op(i).shape[axis] === this.rowAxes.count) this.axes.set(i, axis);
      return;
    }
    const axis = needsSums ? null : this.rowAxes.ofOp(i);
    if (axis !== null) this.axes.set(i, axis);
    if (axis === null || axis === SUMMED) this.#afterBlocks.add(i);
  }

  /**
   * Adds to the blocks an elementwise op whose operands have no rows, if only elementwise ops in the blocks read its value. For example, in
   * (X · w) * exp(v), where v is an input with one number per row, this adds exp(v).
   */
  #pullIntoBlocks(i: number): void {
    if (this.axes.has(i) || this.#runsAfterBlocks(i) || !this.#isReadOnlyInBlocks(i)) return;
    const axis = this.rowAxes.inReaders(i);
    if (axis < 0 || !this.rowAxes.hasSimdCode(i)) return;
    this.axes.set(i, axis);
    const keepsRowAxis = (x: number): boolean => this.views.owner(x) !== i || this.rowAxes.ofView(x) !== null;
    if (!this.views.readers(i).every((reader) => this.views.op(reader).inputs.every(keepsRowAxis))) this.axes.delete(i);
  }

  /** Whether only ops in the blocks read a value. */
  #isReadOnlyInBlocks(i: number): boolean {
    const readers = this.views.readers(i);
    if (readers.length === 0 || !readers.every((reader) => this.axes.has(reader))) return false;
    return !this.views.program.outputs.some((output) => this.views.owner(output) === i);
  }
  #isInner(i: number): boolean {
    return this.rowAxes.hasRows(i) && this.#isReadOnlyInBlocks(i);
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
    const members = [...this.axes.keys()];
    const isWide = members.some((i) => this.views.op(i).op === matmulOp && !this.views.op(i).shape.includes(1));
    const valuesInBlocks = members.flatMap((i) => [i, ...this.views.op(i).inputs]);
    const width = Math.max(...valuesInBlocks.map((i) => sizeOf(this.views.view(i).shape) / this.rowAxes.count));
    return 8 * Math.min(32, Math.max(1, Math.floor((isWide ? WIDE_BLOCK : BLOCK) / 8 / width)));
  }
}
