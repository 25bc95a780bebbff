/** The numbers next to a bound, for values that must not equal the bound. */
import { abs, clip, type Tensor } from "../../autodiff/index.js";
import type { Constraint, IndependentConstraint } from "./constraint.js";

/** The smallest positive number with full precision. */
export const SMALLEST = 2 ** -1022;
/** The largest number below 1. */
export const BELOW_ONE = 1 - 2 ** -53;

/** A number just above `bound` (sign 1) or just below (sign -1): one or two representable numbers away, or, near 0, `SMALLEST` away. */
export const justBeyond = (bound: Tensor, sign: number): Tensor =>
  bound.add(
    abs(bound)
      .mul(2 ** -52)
      .add(SMALLEST)
      .mul(sign),
  );

/**
 * Keep a continuous draw strictly inside the fixed bounds of its support. A draw that was rounded to a bound or beyond moves to the nearest
 * number inside, where the density is finite.
 */
export function clampInside(x: Tensor, support: Constraint): Tensor {
  if ("base" in support) return clampInside(x, (support as IndependentConstraint).base);
  const { ends, isDiscrete } = support;
  if (ends === undefined || isDiscrete) return x;
  return clip(x, ends[0] === 0 ? SMALLEST : -Number.MAX_VALUE, ends[1] === 1 ? BELOW_ONE : Number.MAX_VALUE);
}
