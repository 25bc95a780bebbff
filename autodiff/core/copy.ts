/** Strided data made contiguous: ndarray-ops walks any view, in the order that is best for its strides. */
import ops from "ndarray-ops";
import { whereAllowed } from "../../provenance/base/generate.js";
import { sizeOf } from "./shape.js";
import { isAbsent, rawView, type Tensor } from "./tensor.js";
import { emptyView, isContiguous, type View } from "./view.js";

const NONE = /* @__PURE__ */ new Float64Array(0);

// Below, making a subarray costs more than the copy.
const FEW = 64;

/** Copy `from` into `to`, any strides. */
export function copyInto(to: View, from: View): void {
  const n = sizeOf(to.shape);
  if (n === 0) return;
  if (!isContiguous(to) || !isContiguous(from)) {
    if (whereAllowed(() => ops.assign(to, from) ?? true) === null) eachPair(to, from, (_, y) => y);
  } else if (n > FEW) to.data.set(from.data.subarray(from.offset, from.offset + n), to.offset);
  else for (let i = 0; i < n; i++) to.data[to.offset + i] = from.data[from.offset + i] as number;
}

/** Add `from` to `to`, any strides. */
export function addInto(to: View, from: View): void {
  if (!isContiguous(to) || !isContiguous(from)) {
    if (whereAllowed(() => ops.addeq(to, from) ?? true) === null) eachPair(to, from, (x, y) => x + y);
  } else
    for (let i = 0, n = sizeOf(to.shape); i < n; i++)
      to.data[to.offset + i] = (to.data[to.offset + i] as number) + (from.data[from.offset + i] as number);
}

/** `to` becomes f(to, from), an element at a time: what ndarray-ops does where it may generate code. */
function eachPair(to: View, from: View, f: (x: number, y: number) => number): void {
  const walk = (axis: number, i: number, j: number): void => {
    if (axis === to.shape.length) to.data[i] = f(to.data[i] as number, from.data[j] as number);
    else
      for (let k = 0; k < (to.shape[axis] as number); k++)
        walk(axis + 1, i + k * (to.stride[axis] as number), j + k * (from.stride[axis] as number));
  };
  walk(0, to.offset, from.offset);
}

/** A contiguous copy. */
function materialize(view: View): View {
  const copy = emptyView(view.shape);
  copyInto(copy, view);
  return copy;
}

/** The view itself if contiguous, else a contiguous copy. */
export const asContiguous = (view: View): View => (isContiguous(view) ? view : materialize(view));

/**
 * The elements of a tensor, inside vmap those of the whole batch, for kernels and for checks that at most refuse (reads.ts): where
 * they are absent there is nothing to refuse. What decides anything else by numbers must read them.
 */
export function elementsOf(x: Tensor): Float64Array {
  if (x.batch !== null) return elementsOf(x.batch.value);
  if (isAbsent(x)) return NONE;
  const { data, offset, shape } = asContiguous(rawView(x));
  return data.subarray(offset, offset + sizeOf(shape));
}
