/** The numbers of a view as nested arrays, as one flat array, or as text. */
import { copyInto } from "./copy.js";
import { type Shape, showShape, sizeOf } from "./shape.js";
import { contiguous, type View } from "./view.js";

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
  const flat = new Float64Array(sizeOf(view.shape));
  copyInto(contiguous(flat, view.shape), view);
  return flat;
}

/** Nested numbers as text, with only the first and last `ends` items of arrays that are longer. */
export function showNumbers(x: number | NestedNumbers, ends: number, show: (x: number) => string = String): string {
  if (typeof x === "number") return show(x);
  const isLong = x.length > 2 * ends;
  const text = (items: NestedNumbers) => items.map((item) => showNumbers(item, ends, show));
  return `[${isLong ? [...text(x.slice(0, ends)), "…", ...text(x.slice(-ends))] : text(x)}]`;
}

/**
 * Numbers as text for an error. A long text is replaced by one with fewer digits and items, and with the shape. If there are more than six
 * numbers, the text also gives the first one that is not finite, with its index.
 */
export function abridge(view: View): string {
  const numbers = toNested(view);
  let text = "";
  for (const ends of [sizeOf(view.shape) > 100 ? 3 : Infinity, 3, 2, 1]) {
    text = showNumbers(numbers, ends, text === "" ? String : round);
    if (text.length <= 160) break;
  }
  if (text.includes("…")) text += ` of shape ${showShape(view.shape)}`;
  const flat = toFlat(view);
  const wrong = flat.length > 6 ? flat.findIndex((x) => !Number.isFinite(x)) : -1;
  return wrong < 0 ? text : `${text}, with ${flat[wrong]} at ${showIndex(wrong, view.shape)}`;
}

const round = (x: number): string => String(Number.isInteger(x) ? x : Number(x.toPrecision(6)));

/** The index of an element, counted row-major. */
export function indexAt(element: number, shape: Shape): number[] {
  const index: number[] = [];
  for (let axis = shape.length - 1, quotient = element; axis >= 0; axis--) {
    const n = shape[axis] as number;
    index.unshift(quotient % n);
    quotient = Math.floor(quotient / n);
  }
  return index;
}

/** The index of an element, as text. */
export const showIndex = (element: number, shape: Shape): string => showShape(indexAt(element, shape));
