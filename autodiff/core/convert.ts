/** Values accepted in place of a tensor, and how they become numbers. */
import type { NdArray } from "ndarray";
import { refuse } from "../../provenance/base/error.js";
import { show } from "../../provenance/base/options.js";
import { isRecord } from "../../provenance/base/records.js";
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
 * to `x` do not change the tensor. Errors name `op`.
 */
export function numbersOf(op: string, x: Exclude<TensorLike, Tensor>): number | View {
  if (typeof x === "number" || typeof x === "boolean") return +x;
  if (Array.isArray(x)) return fromNested(op, x);
  if (typeof x === "object" && x !== null) {
    if (isTypedArray(x)) return contiguous(Float64Array.from(x), [x.length]);
    if (isNdArray(x)) return fromNdArray(x);
  }
  refuse("not-a-tensor", op, `expected a tensor, number, nested arrays, typed array or ndarray, got ${describe(x)}.`);
}

const describe = (x: unknown): string =>
  typeof x === "object" && x !== null && !isRecord(x) ? `a ${x.constructor?.name}` : show(x);

function fromNdArray(x: NdArray): View {
  const view = emptyView(x.shape);
  for (let i = 0; i < view.data.length; i++) view.data[i] = x.get(...indexAt(i, x.shape));
  return view;
}

function fromNested(op: string, x: readonly Nested[]): View {
  const shape: number[] = [];
  for (let level: unknown = x; Array.isArray(level); level = level[0]) shape.push(level.length);
  const view = emptyView(shape);
  const path: number[] = [];
  let next = 0;
  const fill = (item: unknown, axis: number): void => {
    if (axis === shape.length) {
      if (typeof item !== "number" && typeof item !== "boolean")
        refuseElement(op, path, `is ${describe(item)}, expected a number, or NaN if it is missing.`);
      view.data[next++] = +item;
      return;
    }
    const size = shape[axis] as number;
    if (!Array.isArray(item)) refuseRagged(op, path, describe(item), `an array of length ${size}`);
    if (item.length !== size) refuseRagged(op, path, `length ${item.length}`, `${size}`);
    for (let i = 0; i < size; i++) {
      path[axis] = i;
      fill(item[i], axis + 1);
    }
    path.length = axis;
  };
  fill(x, 0);
  return view;
}

function refuseRagged(op: string, path: readonly number[], got: string, expected: string): never {
  refuseElement(
    op,
    path,
    `has ${got}, expected ${expected} as in the first element. Make all arrays at one depth equally long.`,
  );
}

function refuseElement(op: string, path: readonly number[], problem: string): never {
  refuse("ragged-array", op, `element ${path.map((i) => `[${i}]`).join("")} ${problem}`);
}
