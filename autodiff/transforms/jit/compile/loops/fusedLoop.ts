/** A loop of elementwise ops, and its text in JavaScript, which computes one element at a time. */
import type { Shape } from "../../../../core/shape.js";

/** Where the elements of a value are: `offset` is the index of the first element in the arena, `strides` the distances along each axis. */
export interface Place {
  readonly offset: number;
  readonly strides: readonly number[];
  /** If the loop runs on a block of rows: how far the first element moves for each row before the block. */
  readonly perRow: number;
}
/** An operand that is read from memory. */
export interface Read extends Place {
  readonly name: string;
}
/** A value that the loop computes as `scalar` of its operands. `to` is its place; null if the value is not stored. */
export interface LoopOp {
  readonly name: string;
  readonly scalar: (...xs: number[]) => number;
  /** The operands in the JavaScript text: names of reads and ops, literals, or variables from around the loop. */
  readonly operands: readonly string[];
  readonly to: Place | null;
}
export interface FusedLoop {
  readonly shape: Shape;
  readonly reads: readonly Read[];
  readonly ops: readonly LoopOp[];
  /** The row axis if the loop runs on a block of rows, else -1. */
  readonly rowAxis: number;
}

/** An axis of the generated loop: `size` iterations, or, with `isRows`, `size` iterations for each row of a block. */
export interface Axis {
  readonly size: number;
  readonly isRows: boolean;
}
export interface MergedLoop {
  readonly axes: readonly Axis[];
  readonly reads: readonly Read[];
  readonly ops: readonly LoopOp[];
}

/**
 * The loop with as few axes as possible. Two axes are merged if, for every place, one stride leads from each element to the next along
 * both axes. Axes of size 1 are dropped.
 */
export function mergeAxes({ shape, reads, ops, rowAxis }: FusedLoop): MergedLoop {
  const places: Place[] = [...reads, ...ops.flatMap(({ to }) => to ?? [])];
  const axes: Axis[] = [];
  const axisNumbers: number[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const isRows = axis === rowAxis;
    const size = isRows ? 1 : (shape[axis] as number);
    const [inner, innerNumber] = [axes[0], axisNumbers[0] as number];
    const continuesInner = ({ strides }: Place): boolean =>
      strides[axis] === (inner as Axis).size * (strides[innerNumber] as number);
    if (size === 1 && !isRows) continue;
    if (inner !== undefined && !inner.isRows && places.every(continuesInner))
      axes[0] = { size: size * inner.size, isRows };
    else {
      axes.unshift({ size, isRows });
      axisNumbers.unshift(axis);
    }
  }
  const withMergedStrides = <P extends Place>(place: P): P => ({
    ...place,
    strides: axisNumbers.map((axis) => place.strides[axis] as number),
  });
  return {
    axes,
    reads: reads.map(withMergedStrides),
    ops: ops.map((op) => ({ ...op, to: op.to && withMergedStrides(op.to) })),
  };
}

/** The loop in JavaScript. `call` returns the text of the expression that computes an op from its operands. */
export function javaScriptText(loop: FusedLoop, call: (op: LoopOp) => string): string {
  const { axes, reads, ops } = mergeAxes(loop);
  const index = (axis: number): string => (axes.length === 1 ? "i" : `i${axis}`);
  const element = ({ offset, strides }: Place): string => {
    const terms = strides.map((s, axis) => (s === 0 ? "" : ` + ${s === 1 ? "" : `${s} * `}${index(axis)}`));
    return `M[${offset}${terms.join("")}]`;
  };
  const beforeLoop: string[] = [];
  const inLoop: string[] = [];
  for (const read of reads) (isRepeated(read) ? beforeLoop : inLoop).push(`const ${read.name} = ${element(read)};`);
  for (const op of ops) {
    inLoop.push(`const ${op.name} = ${call(op)};`);
    if (op.to !== null) inLoop.push(`${element(op.to)} = ${op.name};`);
  }
  const nest = axes.map(({ size }, axis) => `for (let ${index(axis)} = 0; ${index(axis)} < ${size}; ${index(axis)}++)`);
  return ["{", ...beforeLoop, `${nest.join(" ")} {\n        ${inLoop.join("\n        ")}\n      }\n    }`].join(
    "\n      ",
  );
}

/** Whether a place is a single element, the same in all iterations. */
export const isRepeated = ({ strides, perRow }: Place): boolean => perRow === 0 && strides.every((s) => s === 0);

/** Whether an array has enough elements for SIMD code to be called. */
export const isLong = (size: number): boolean => size >= 64;
