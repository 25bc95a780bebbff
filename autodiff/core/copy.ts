/** Copying and adding strided data, and making it contiguous. */
import { sizeOf } from "./shape.js";
import { emptyView, isContiguous, type View } from "./view.js";

// Up to this many elements, a loop is faster than a call of `set` or `fill`.
const MAX_LOOPED = 64;

/**
 * Copies (or, with `adds`, adds) m rows of n numbers. In `to` the rows begin at index `t`, and `tDown` and `tRight` are the steps to the
 * next row and the next column; `f`, `fDown` and `fRight` mean the same in `from`.
 */
function transferPlane(
  adds: boolean,
  m: number,
  n: number,
  to: Float64Array,
  t: number,
  tDown: number,
  tRight: number,
  from: Float64Array,
  f: number,
  fDown: number,
  fRight: number,
): void {
  for (let i = 0; i < m; i++) {
    let x = t + i * tDown;
    let y = f + i * fDown;
    if (adds) for (let j = 0; j < n; j++, x += tRight, y += fRight) to[x] = (to[x] as number) + (from[y] as number);
    else for (let j = 0; j < n; j++, x += tRight, y += fRight) to[x] = from[y] as number;
  }
}

/** Copies (or adds) `from` into `to`, plane by plane; a plane has the last two axes. The inner loop runs along the longer of the two. */
function transfer(adds: boolean, to: View, from: View, axis = 0, t = to.offset, f = from.offset): void {
  const { shape, stride } = to;
  const size = shape[axis] ?? 1;
  const tStep = stride[axis] ?? 0;
  const fStep = from.stride[axis] ?? 0;
  if (axis + 2 < shape.length) {
    for (let i = 0; i < size; i++) transfer(adds, to, from, axis + 1, t + i * tStep, f + i * fStep);
    return;
  }
  const next = shape[axis + 1] ?? 1;
  const tNext = stride[axis + 1] ?? 0;
  const fNext = from.stride[axis + 1] ?? 0;
  if (size > next) transferPlane(adds, next, size, to.data, t, tNext, tStep, from.data, f, fNext, fStep);
  else transferPlane(adds, size, next, to.data, t, tStep, tNext, from.data, f, fStep, fNext);
}

/** Copies `from` into `to`; both may have any strides. */
export function copyInto(to: View, from: View): void {
  const n = sizeOf(to.shape);
  if (n === 0) return;
  if (!isContiguous(to) || !isContiguous(from)) transfer(false, to, from);
  else if (n > MAX_LOOPED) to.data.set(from.data.subarray(from.offset, from.offset + n), to.offset);
  else for (let i = 0; i < n; i++) to.data[to.offset + i] = from.data[from.offset + i] as number;
}

/** A function that adds the numbers of `from` to the numbers in `to`; both may have any strides. */
export function bindAdd(to: View, from: View): () => void {
  if (!isContiguous(to) || !isContiguous(from)) return () => transfer(true, to, from);
  const [n, target, source, t, f] = [sizeOf(to.shape), to.data, from.data, to.offset, from.offset];
  return () => {
    for (let i = 0; i < n; i++) target[t + i] = (target[t + i] as number) + (source[f + i] as number);
  };
}

/** A function that sets a contiguous view to zero. */
export function bindClear({ data, offset, shape }: View): () => void {
  const end = offset + sizeOf(shape);
  if (end - offset > MAX_LOOPED) return () => data.fill(0, offset, end);
  return () => {
    for (let i = offset; i < end; i++) data[i] = 0;
  };
}

/** A contiguous copy. */
function materialize(view: View): View {
  const copy = emptyView(view.shape);
  copyInto(copy, view);
  return copy;
}

/** The view itself if contiguous, else a contiguous copy. */
export const asContiguous = (view: View): View => (isContiguous(view) ? view : materialize(view));
