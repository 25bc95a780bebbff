/**
 * The strided views all data lives in: ndarray's, always float64. ndarray's factory costs 100 ns a call, its compiled
 * constructors 15 ns, so those are looked up once per rank.
 */
import ndarray, { type NdArray } from "ndarray";
import { PedigradError } from "../provenance/index.js";

export type View = NdArray<Float64Array>;
export type Shape = readonly number[];

type Construct = new (data: Float64Array, ...shapeStrideOffset: number[]) => View;
const constructors: Construct[] = [];

/** A view over `data` with the given shape, strides (in elements) and offset. Nothing is copied. */
export function viewOf(data: Float64Array, shape: Shape, stride: readonly number[], offset = 0): View {
  const rank = shape.length;
  const Class = constructors[rank] ?? compile(rank);
  switch (rank) {
    case 0:
      return new Class(data, offset);
    case 1:
      return new Class(data, shape[0] as number, stride[0] as number, offset);
    case 2:
      return new Class(data, shape[0] as number, shape[1] as number, stride[0] as number, stride[1] as number, offset);
    default:
      return new Class(data, ...shape, ...stride, offset);
  }
}

function compile(rank: number): Construct {
  try {
    const Class = ndarray(new Float64Array(1), new Array<number>(rank).fill(1)).constructor as Construct;
    constructors[rank] = Class;
    return Class;
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    throw new PedigradError({
      code: "no-code-generation",
      message:
        "pedigrad: code generation is disabled here (a Content-Security-Policy, or --disallow-code-generation-from-strings), and ndarray and the compiler need it. Allow 'unsafe-eval' for this page or process.",
    });
  }
}

/** The number of elements of a shape. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i] as number;
  return size;
}

/** Row-major strides of a shape. */
export function stridesOf(shape: Shape): number[] {
  const stride = new Array<number>(shape.length);
  for (let i = shape.length - 1, step = 1; i >= 0; i--) {
    stride[i] = step;
    step *= shape[i] as number;
  }
  return stride;
}

/** A contiguous view over `data`. */
export const contiguous = (data: Float64Array, shape: Shape, offset = 0): View =>
  viewOf(data, shape, stridesOf(shape), offset);

/** A contiguous view over fresh zeros. */
export const emptyView = (shape: Shape): View => contiguous(new Float64Array(sizeOf(shape)), shape);

/** Whether the elements of a view lie row-major without gaps. */
export function isContiguous(view: View): boolean {
  const { shape, stride } = view;
  for (let i = shape.length - 1, step = 1; i >= 0; i--) {
    if (shape[i] !== 1 && stride[i] !== step) return false;
    step *= shape[i] as number;
  }
  return true;
}

/** Whether two shapes are equal. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** `[2,3]`: how errors write a shape. */
export const showShape = (shape: Shape): string => `[${shape.join(",")}]`;

/** The shape two shapes broadcast to, after NumPy: aligned at the right, equal or 1. Throws naming `op`. */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  if (b.length === 0 || sameShape(a, b)) return a;
  if (a.length === 0) return b;
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const m = a[a.length - i] ?? 1;
    const n = b[b.length - i] ?? 1;
    if (m !== n && m !== 1 && n !== 1)
      throw new PedigradError({
        code: "shape-mismatch",
        op,
        message: `${op}: shapes ${showShape(a)} and ${showShape(b)} do not broadcast: axis -${i} has ${m} and ${n}. Reshape one of them.`,
      });
    out[rank - i] = m === 1 ? n : m;
  }
  return out;
}

/** The view seen as `shape`: axes of size 1 and missing leading axes repeat with stride 0. Nothing is copied. */
export function broadcastView(view: View, shape: Shape): View {
  if (sameShape(view.shape, shape)) return view;
  const lead = shape.length - view.shape.length;
  const stride = shape.map((_, i) => (i < lead || view.shape[i - lead] === 1 ? 0 : (view.stride[i - lead] as number)));
  return viewOf(view.data, shape, stride, view.offset);
}

/** `axis` of an array of that shape, negative counting from the end, as a number in 0..rank-1. Throws naming `op`. */
export function normalizeAxis(op: string, axis: number, shape: Shape): number {
  const rank = shape.length;
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    throw new PedigradError({
      code: "bad-axis",
      op,
      message: `${op}: axis ${axis} is out of range for shape ${showShape(shape)} (allowed ${-rank}..${rank - 1}).`,
    });
  return axis < 0 ? axis + rank : axis;
}

const LIMIT = 2 ** 31 - 1;

/** Refuse shapes that are not lists of non-negative integers, or too large, before anything is allocated. */
export function checkShape(op: string, shape: Shape): Shape {
  for (const n of shape)
    if (!Number.isInteger(n) || n < 0)
      throw new PedigradError({
        code: "bad-shape",
        op,
        message: `${op}: shape ${showShape(shape)} has an axis of size ${n}; sizes are non-negative integers.`,
      });
  const size = sizeOf(shape);
  if (size > LIMIT)
    throw new PedigradError({
      code: "too-large",
      op,
      message: `${op}: shape ${showShape(shape)} needs ${size} elements (${(size * 8) / 1e12} TB); the limit is ${LIMIT}.`,
    });
  return shape;
}
