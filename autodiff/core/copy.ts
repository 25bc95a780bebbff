/** Strided data made contiguous: ndarray-ops walks any view, in the order that is best for its strides. */
import ops from "ndarray-ops";
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
  if (!isContiguous(to) || !isContiguous(from)) ops.assign(to, from);
  else if (n > FEW) to.data.set(from.data.subarray(from.offset, from.offset + n), to.offset);
  else for (let i = 0; i < n; i++) to.data[to.offset + i] = from.data[from.offset + i] as number;
}

/** Add `from` to `to`, any strides. */
export function addInto(to: View, from: View): void {
  if (!isContiguous(to) || !isContiguous(from)) ops.addeq(to, from);
  else
    for (let i = 0, n = sizeOf(to.shape); i < n; i++)
      to.data[to.offset + i] = (to.data[to.offset + i] as number) + (from.data[from.offset + i] as number);
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
