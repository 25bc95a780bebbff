/**
 * The elementwise functions, as JavaScript text that is used in two ways: ../wasm turns it into SIMD code for two elements at a time,
 * ./scalarFormulas into functions of single numbers. Both do the same operations of IEEE 754 in the same order, and neither fuses a product
 * and a sum into one rounding, so they agree to the last bit, with each other and on every platform.
 */
import { exponentialParts, exponentials } from "./exponentials.js";
import { interval } from "./interval.js";
import { logSums } from "./logSums.js";
import { power } from "./power.js";
import { helpers } from "./primitives.js";
import { trigonometricParts, trigonometry } from "./trigonometry.js";

export { farAngles } from "./farAngle.js";
export { powersOf } from "./power.js";
export { simdPrimitives } from "./primitives.js";

/** The text of all formulas. Each function comes after the functions that it calls. */
export const formulas: string =
  helpers + exponentialParts + trigonometricParts + exponentials + trigonometry + power + logSums + interval;
