/** The numbers next to a bound: where values are kept that must not meet it. */
import { abs, clip, type Tensor } from "../../autodiff/index.js";
import type { Constraint, IndependentConstraint } from "./constraint.js";

/** The least number > 0 with all its digits. */
export const SMALLEST = 2 ** -1022;
export const BELOW_ONE = 1 - 2 ** -53;

/** A number beyond `bound`, about the next one that there is. */
export const beyond = (bound: Tensor, sign: 1 | -1): Tensor =>
  bound.add(
    abs(bound)
      .mul(2 ** -52)
      .add(SMALLEST)
      .mul(sign),
  );

const INSIDE: Readonly<Record<string, readonly [low: number, high: number]>> = {
  real: [-Number.MAX_VALUE, Number.MAX_VALUE],
  positive: [SMALLEST, Number.MAX_VALUE],
  nonnegative: [SMALLEST, Number.MAX_VALUE],
  unitInterval: [SMALLEST, BELOW_ONE],
};

/**
 * A draw of something continuous, kept within the fixed bounds of its support: what no number is close to goes to the nearest one inside,
 * where the density is finite.
 */
export function keptInside(x: Tensor, support: Constraint): Tensor {
  if ("base" in support) return keptInside(x, (support as IndependentConstraint).base);
  const ends = "low" in support ? undefined : INSIDE[support.name];
  return ends === undefined ? x : clip(x, ...ends);
}
