/** Strided data made contiguous: ndarray-ops walks any view, in the order that is best for its strides. */
import ops from "ndarray-ops";
import { canGenerateCode } from "../../provenance/base/codeGeneration.js";
import { sizeOf } from "./shape.js";
import { isAbsent, rawView, type Tensor } from "./tensor.js";
import { emptyView, isContiguous, type View } from "./view.js";

const NONE = /* @__PURE__ */ new Float64Array(0);

// Below, making a subarray costs more than the copy.
const FEW = 64;

/** `f` of the place of every element in both views, row-major: what ndarray-ops does where no code may be generated. */
function walk(to: View, from: View, f: (i: number, j: number) => void): void {
  const along = (axis: number, i: number, j: number): void => {
    if (axis === to.shape.length) f(i, j);
    for (let k = 0; k < (to.shape[axis] ?? 0); k++)
      along(axis + 1, i + k * (to.stride[axis] as number), j + k * (from.stride[axis] as number));
  };
  along(0, to.offset, from.offset);
}

function assign(to: View, from: View): void {
  if (canGenerateCode()) ops.assign(to, from);
  else
    walk(to, from, (i, j) => {
      to.data[i] = from.data[j] as number;
    });
}

function addeq(to: View, from: View): void {
  if (canGenerateCode()) ops.addeq(to, from);
  else
    walk(to, from, (i, j) => {
      to.data[i] = (to.data[i] as number) + (from.data[j] as number);
    });
}

/** Copy `from` into `to`, any strides. */
export function copyInto(to: View, from: View): void {
  const n = sizeOf(to.shape);
  if (n === 0) return;
  if (!isContiguous(to) || !isContiguous(from)) assign(to, from);
  else if (n > FEW) to.data.set(from.data.subarray(from.offset, from.offset + n), to.offset);
  else for (let i = 0; i < n; i++) to.data[to.offset + i] = from.data[from.offset + i] as number;
}

/** Add `from` to `to`, any strides. */
export function addInto(to: View, from: View): void {
  if (!isContiguous(to) || !isContiguous(from)) addeq(to, from);
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
