/**
 * An op is a row of a table: a shape rule, a kernel that writes into a given buffer, one gradient rule per input, and one batching rule for
 * `vmap`. Gradient rules are written in ops, so that gradients have gradients.
 */

import { type AxisMap, KEEP } from "../../provenance/axes.js";
import { refuse } from "../../provenance/base/error.js";
import type { Part } from "./part.js";
import type { Shape } from "./shape.js";
import type { Tensor } from "./tensor.js";
import type { View } from "./view.js";

/**
 * Computes the cotangent of one input from the cotangent `g` of the result `y`. If the op has broadcast the input, the rule may return a
 * tensor of the shape of `y`, and `grad` sums it to the shape of the input. If the cotangent of the input is zero except in a part of the
 * input, the rule may return only this `Part`.
 */
export type Vjp<P> = (g: Tensor, y: Tensor, inputs: readonly Tensor[], params: P) => Tensor | Part;

/** How an op runs if some inputs have an extra leading axis of length `size`. `batched[i]` says whether input i has this axis. */
export type BatchRule<P> = (params: P, inputs: Tensor[], batched: readonly boolean[], size: number) => Tensor;

/** Where each axis of an input ends up in the result (provenance/axes.ts). */
export type AxisRule<P> = (params: P, inputs: readonly Tensor[], input: number) => AxisMap;

/** The axis rule of elementwise ops and of broadcasting: every axis keeps its place, counted from the right. */
export const keepAxes = (): AxisMap => KEEP;

/** The view rule of ops that return the value of their first input, unchanged. */
export const sameView = (_: unknown, input: View): View => input;

export interface Op<P = null> {
  readonly name: string;
  /** The shape of the result; throws if the inputs do not fit. */
  readonly shape: (params: P, inputs: readonly Tensor[]) => Shape;
  /** Writes the result into `out`, a contiguous view of the result's shape. */
  readonly kernel: (params: P, out: View, inputs: readonly View[]) => void;
  /** Binds the kernel to its buffers, for ops where this saves work: a compiled program binds once and runs many times. */
  readonly prepare?: (params: P, out: View, inputs: readonly View[]) => () => void;
  /**
   * For ops whose result can share the data of the first input: the result as a view of these data, or undefined if the input's strides do not
   * allow a view. Such an op does not read the numbers of its other inputs.
   */
  readonly view?: (params: P, input: View) => View | undefined;
  /** One rule per input; null for an input that deliberately has no gradient. */
  readonly vjp: (input: number) => Vjp<P> | null;
  readonly batch: BatchRule<P>;
  /** Where the axes of each input end up in the result. An op without this rule mixes all axes. */
  readonly axes?: AxisRule<P>;
  /** The function of numbers that an elementwise op applies to each element. The compiler inlines it. */
  readonly scalar?: (...xs: number[]) => number;
}

/** The gradient rules of an op that has no gradient with respect to any input. */
export const noGradient = (): null => null;

/** The kernel of an op whose result is always a view. It is never called. */
export function viewOnly(): never {
  throw new Error("a view op has no kernel");
}

/** A gradient rule that throws, for an op that is itself the highest derivative available. */
export function noFurtherDerivative(op: string): () => never {
  return () => {
    refuse(
      "no-derivative",
      op,
      `no further derivative of this op is known. Take a derivative of lower order, or apply stopGradient() to its arguments.`,
    );
  };
}
