/**
 * Which axes survive `reshape`: an axis survives if it keeps its size and the number of elements to its right. Adjacent axes of
 * size 1 have the same number of elements to their right, so this rule cannot tell them apart. They survive only if both shapes have
 * the same number of axes of size 1 in this place, or if one shape is the other with axes added before or after it.
 */
import { type AxisMap, axisGoesTo, MIX } from "../../../provenance/axes.js";
import { type Shape, sameShape } from "../../core/shape.js";

/**
 * The size of axis k, counted from the right; undefined beyond the shape. An axis without elements counts as a very long one, because
 * the number of elements to the right of any axis would else be 0 from there on.
 */
const sizeAt = (shape: Shape, k: number): number | undefined => {
  const size = shape[shape.length - 1 - k];
  return size === 0 ? 2 ** 30 : size;
};

/** How many adjacent axes have size 1, from axis k to the left. */
function onesFrom(shape: Shape, k: number): number {
  let end = k;
  while (sizeAt(shape, end) === 1) end++;
  return end - k;
}

/** How far axes move to the left, if the longer shape is the shorter shape with axes added on exactly one side; else null. */
function shiftBetween(from: Shape, to: Shape): number | null {
  const n = Math.min(from.length, to.length);
  const isPrefix = sameShape(from.slice(0, n), to.slice(0, n));
  const isSuffix = sameShape(from.slice(from.length - n), to.slice(to.length - n));
  if (isPrefix === isSuffix) return null;
  return isPrefix ? to.length - from.length : 0;
}

/** The axis map of a reshape. */
export function survivingAxes(from: Shape, to: Shape): AxisMap {
  let map = MIX;
  // To the right of axis k of `from` there are `inner` elements, and to the right of axis l of `to` there are `outer`.
  let [k, l, inner, outer] = [0, 0, 1, 1];
  while (k < from.length) {
    while (l < to.length && outer < inner) outer *= sizeAt(to, l++) as number;
    const isAligned = outer === inner;
    const [fromOnes, toOnes] = [onesFrom(from, k), isAligned ? onesFrom(to, l) : 0];
    if (fromOnes > 0) {
      const shift = fromOnes === toOnes ? l - k : shiftBetween(from, to);
      if (shift !== null)
        for (let i = k; i < k + fromOnes; i++) if (i + shift < to.length) map |= axisGoesTo(i, i + shift);
    }
    k += fromOnes;
    l += toOnes;
    if (k === from.length) break;
    if (isAligned && sizeAt(to, l) === sizeAt(from, k)) map |= axisGoesTo(k, l);
    inner *= sizeAt(from, k++) as number;
  }
  return map;
}
