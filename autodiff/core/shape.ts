/** Shapes: their sizes, how two of them broadcast, which axis an argument means, and which shapes are refused. */
import { refuse } from "../../provenance/base/error.js";
import { show } from "../../provenance/base/options.js";

export type Shape = readonly number[];

/** The number of elements of a shape. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i] as number;
  return size;
}

/** Whether two shapes are equal. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The shape without its leading axes of size 1, which broadcasting adds back where they are needed. */
export function withoutLeadingOnes(shape: Shape): Shape {
  const first = shape.findIndex((n) => n !== 1);
  return first < 0 ? [] : shape.slice(first);
}

/** `[2,3]`: how errors write a shape. */
export const showShape = (shape: Shape): string => `[${shape.map(String).join(",")}]`;

/** The shape that two shapes broadcast to, as in NumPy: aligned at the right, sizes must be equal or 1. Errors name `op`. */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  if (b.length === 0 || sameShape(a, b)) return a;
  if (a.length === 0) return b;
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const m = a[a.length - i] ?? 1;
    const n = b[b.length - i] ?? 1;
    if (m !== n && m !== 1 && n !== 1)
      refuse(
        "shape-mismatch",
        op,
        `shapes ${showShape(a)} and ${showShape(b)} do not broadcast: axis -${i} has ${m} and ${n}. Reshape one of them.`,
      );
    out[rank - i] = m === 1 ? n : m;
  }
  return out;
}

/** Whether x of one shape can be broadcast to another shape. */
export function broadcastsTo(from: Shape, to: Shape): boolean {
  const lead = to.length - from.length;
  return lead >= 0 && from.every((n, i) => n === 1 || n === to[i + lead]);
}

/** The indices that an axis of size n allows, for errors. */
export const showIndices = (n: number): string => (n === 0 ? "none is allowed" : `allowed ${-n}..${n - 1}`);

/**
 * `axis` as a number in 0..rank-1; a negative axis counts from the end. `rank` is the number of axes of `shape`, or one more for a new axis.
 * Errors name `op`.
 */
export function normalizeAxis(op: string, axis: number, shape: Shape, rank = shape.length): number {
  if (typeof axis !== "number") refuse("bad-axis", op, `the axis must be a whole number, got ${show(axis)}.`);
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    refuse("bad-axis", op, `axis ${axis} is out of range for shape ${showShape(shape)} (${showIndices(rank)}).`);
  return axis < 0 ? axis + rank : axis;
}

/** The largest number of elements of a tensor. */
const MAX_SIZE = 2 ** 31 - 1;

/** The shape itself, if it is an array. Refuses a number, as in `zeros(3)`, with an error that says to write `[3]`. */
export function asShape(op: string, shape: Shape): Shape {
  if (Array.isArray(shape)) return shape;
  refuse("bad-shape", op, `the shape must be an array of sizes, such as [3] or [], got ${show(shape)}.`);
}

/** A copy of the shape, which the caller may change later. Refuses sizes that are not non-negative integers, and too many elements. */
export function checkShape(op: string, argument: Shape): Shape {
  const shape = asShape(op, argument).slice();
  for (const n of shape)
    if (!Number.isInteger(n) || n < 0)
      refuse(
        "bad-shape",
        op,
        `shape ${showShape(shape)} has an axis of size ${show(n)}. Sizes must be non-negative integers.`,
      );
  const size = sizeOf(shape);
  if (size > MAX_SIZE)
    refuse(
      "too-large",
      op,
      `shape ${showShape(shape)} needs ${size} elements (${(size * 8) / 1e12} TB), more than the limit of ${MAX_SIZE}. Make the axes smaller.`,
    );
  return shape;
}
