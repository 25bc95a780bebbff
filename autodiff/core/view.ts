/** The strided views that hold all data, always float64. */
import type { NdArray } from "ndarray";
import { type Shape, sameShape, sizeOf } from "./shape.js";
import { Strided } from "./strided.js";

export type View = NdArray<Float64Array>;

/** A view over `data` with the given shape, strides (in elements) and offset. Nothing is copied. */
export const viewOf = (data: Float64Array, shape: Shape, stride: readonly number[], offset = 0): View =>
  new Strided(data, shape, stride, offset);

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

// Arrays up to 64 bytes lie in JavaScript's own heap. Larger ones cost 450 ns with a buffer of their own, 50 ns as part of a shared one.
const IN_HEAP = 8;
const SMALL = 32;
const COMMON = 256;
let common = /* @__PURE__ */ new Float64Array(0);
let used = 0;

/**
 * n zeros. Small arrays are parts of a shared buffer, so keeping one keeps the buffer's 2 kB alive; each array shows only its own
 * numbers.
 */
function zeros(n: number): Float64Array {
  if (n <= IN_HEAP || n > SMALL) return new Float64Array(n);
  if (used + n > common.length) {
    common = new Float64Array(COMMON);
    used = 0;
  }
  used += n;
  return common.subarray(used - n, used);
}

/** A contiguous view over fresh zeros. */
export const emptyView = (shape: Shape): View => contiguous(zeros(sizeOf(shape)), shape);

/** Whether the elements of a view lie row-major without gaps. */
export function isContiguous(view: View): boolean {
  const { shape, stride } = view;
  for (let i = shape.length - 1, step = 1; i >= 0; i--) {
    if (shape[i] !== 1 && stride[i] !== step) return false;
    step *= shape[i] as number;
  }
  return true;
}

/** The view broadcast to `shape`: axes of size 1 and missing leading axes repeat with stride 0. Nothing is copied. */
export function broadcastView(view: View, shape: Shape): View {
  if (sameShape(view.shape, shape)) return view;
  const lead = shape.length - view.shape.length;
  const stride = shape.map((_, i) => (i < lead || view.shape[i - lead] === 1 ? 0 : (view.stride[i - lead] as number)));
  return viewOf(view.data, shape, stride, view.offset);
}
