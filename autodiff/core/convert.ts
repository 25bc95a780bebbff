/** Values accepted in place of a tensor, and how they become numbers. */
import type { NdArray } from "ndarray";
import { show } from "../../provenance/base/options.js";
import { isRecord } from "../../provenance/base/records.js";
import { PedigradError } from "../../provenance/index.js";
import { indexAt } from "./nested.js";
import type { Tensor } from "./tensor.js";
import { contiguous, emptyView, type View } from "./view.js";

type TypedArray =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;
type Leaf = Tensor | number | boolean | TypedArray | NdArray;
export type Nested = Leaf | readonly Nested[];
/** A tensor, a number, a boolean, a typed array, an ndarray, or nested arrays of these. Items of one array have one shape. */
export type TensorLike = Nested;

/** The tensors for which stand-ins of arrays stand (transforms/jit/arrayInputs.ts). */
export const standIns = /* @__PURE__ */ new WeakMap<object, Tensor>();

const isNdArray = (x: object): x is NdArray => "stride" in x && "shape" in x && "data" in x;
const isTypedArray = (x: object): x is TypedArray =>
  ArrayBuffer.isView(x) && "length" in x && typeof (x as TypedArray)[0] !== "bigint";

/**
 * The numbers of `x`, whose arrays contain only numbers and booleans: one number, or a view. The view is of a copy, so that later changes
 * to `x` do not change the tensor.
 */
export function numbersOf(x: Exclude<TensorLike, Tensor>): number | View {
  if (typeof x === "number" || typeof x === "boolean") return +x;
  if (Array.isArray(x)) return fromNested(x);
  if (typeof x === "object" && x !== null) {
    if (isTypedArray(x)) return contiguous(Float64Array.from(x), [x.length]);
    if (isNdArray(x)) return fromNdArray(x);
  }
  throw new PedigradError({
    code: "not-a-tensor",
    op: "tensor",
    message: `tensor(): expected a tensor, number, nested arrays, typed array or ndarray, got ${describe(x)}.`,
  });
}

const describe = (x: unknown): string =>
  x == null || isRecord(x) ? show(x) : typeof x === "object" ? `a ${x.constructor.name}` : `${typeof x} ${String(x)}`;

function fromNdArray(x: NdArray): View {
  const view = emptyView(x.shape);
  for (let i = 0; i < view.data.length; i++) view.data[i] = x.get(...indexAt(i, x.shape));
  return view;
}

function fromNested(x: readonly Nested[]): View {
  const shape: number[] = [];
  for (let level: unknown = x; Array.isArray(level); level = level[0]) shape.push(level.length);
  const view = emptyView(shape);
  const path: number[] = [];
  let next = 0;
  const fill = (item: unknown, axis: number): void => {
    if (axis === shape.length) {
      if (typeof item !== "number" && typeof item !== "boolean")
        throw elementError(path, `is ${describe(item)}, expected a number, or NaN if it is missing.`);
      view.data[next++] = +item;
      return;
    }
    const size = shape[axis] as number;
    if (!Array.isArray(item)) throw raggedError(path, describe(item), `an array of length ${size}`);
    if (item.length !== size) throw raggedError(path, `length ${item.length}`, `${size}`);
    for (let i = 0; i < size; i++) {
      path[axis] = i;
      fill(item[i], axis + 1);
    }
    path.length = axis;
  };
  fill(x, 0);
  return view;
}

const raggedError = (path: readonly number[], got: string, expected: string): PedigradError =>
  elementError(
    path,
    `has ${got}, expected ${expected} as in the first element. Make all arrays at one depth equally long.`,
  );

const elementError = (path: readonly number[], problem: string): PedigradError =>
  new PedigradError({
    code: "ragged-array",
    op: "tensor",
    message: `tensor(): element ${path.map((i) => `[${i}]`).join("")} ${problem}`,
  });
