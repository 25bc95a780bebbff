/** The numbers of a view as nested arrays, as one flat array, or as text. */
import { sizeOf } from "./shape.js";
import type { View } from "./view.js";

/** The numbers of a view as nested arrays; a number for shape []. */
export function toNested(view: View): number | NestedNumbers {
  const walk = (axis: number, offset: number): number | NestedNumbers => {
    if (axis === view.shape.length) return view.data[offset] as number;
    const step = view.stride[axis] as number;
    return Array.from({ length: view.shape[axis] as number }, (_, i) => walk(axis + 1, offset + i * step));
  };
  return walk(0, view.offset);
}
export type NestedNumbers = (number | NestedNumbers)[];

/** The numbers of a view, row-major, in a fresh array. */
export function toFlat(view: View): Float64Array {
  const { shape } = view;
  const out = new Float64Array(sizeOf(shape));
  let next = 0;
  const walk = (axis: number, offset: number): void => {
    if (axis === shape.length) out[next++] = view.data[offset] as number;
    else for (let i = 0; i < (shape[axis] as number); i++) walk(axis + 1, offset + i * (view.stride[axis] as number));
  };
  walk(0, view.offset);
  return out;
}

/** Nested numbers as text. If `isLong`, only the first and last three items of each array. */
export function showNumbers(x: number | NestedNumbers, isLong: boolean): string {
  if (typeof x === "number") return String(x);
  const items = x.map((item) => showNumbers(item, isLong));
  return `[${isLong && items.length > 6 ? [...items.slice(0, 3), "…", ...items.slice(-3)] : items}]`;
}
