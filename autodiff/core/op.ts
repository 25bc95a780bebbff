/**
 * An op is a row of a table: a shape rule, a kernel that writes into a buffer it is given, one gradient rule per
 * input, written in ops so that gradients have gradients, and one batching rule for `vmap`.
 */
import { type AxisMap, KEEP } from "../../provenance/axes.js";
import { PedigradError } from "../../provenance/index.js";
import type { Part } from "./part.js";
import type { Shape } from "./shape.js";
import type { Tensor } from "./tensor.js";
import type { View } from "./view.js";

/**
 * The part of the cotangent `g` of the result `y` that belongs to one input. It may have the broadcast shape of `y`:
 * broadcasting is undone in one place, in `grad`. Where it is zero but for a part of the input, it is that part.
 */
export type Vjp<P> = (g: Tensor, y: Tensor, inputs: readonly Tensor[], params: P) => Tensor | Part;

/** How an op runs when some inputs (those with `batched[i]`) carry an extra leading axis of length `size`. */
export type BatchRule<P> = (params: P, inputs: Tensor[], batched: readonly boolean[], size: number) => Tensor;

/** Where the axes of an input are in the result (provenance/axes.ts). */
export type AxisRule<P> = (params: P, inputs: readonly Tensor[], input: number) => AxisMap;

/** The rule of ops under which axes, counted from the right, stay what they are: elementwise ops, broadcasting. */
export const keepAxes = (): AxisMap => KEEP;

export interface Op<P = null> {
  readonly name: string;
  /** The shape of the result; throws where the inputs do not fit. */
  readonly shape: (params: P, inputs: readonly Tensor[]) => Shape;
  /** Writes the result into `out`, a contiguous view of that shape. */
  readonly kernel: (params: P, out: View, inputs: readonly View[]) => void;
  /** The kernel with its buffers bound, where knowing them ahead saves work: a compiled program runs it again and again. */
  readonly prepare?: (params: P, out: View, inputs: readonly View[]) => () => void;
  /** Ops that only look at the same data differently return a view of it, where its strides allow that. */
  readonly view?: (params: P, input: View) => View | undefined;
  /** One rule per input; null where there is no gradient, by decision. */
  readonly vjp: (input: number) => Vjp<P> | null;
  readonly batch: BatchRule<P>;
  /** Along which axes the result is pointwise in its inputs; an op that says nothing mixes all of them. */
  readonly axes?: AxisRule<P>;
  /** The scalar function behind an elementwise op: the compiler inlines it. */
  readonly scalar?: (...xs: number[]) => number;
}

/** No input has a gradient. */
export const noGradient = (): null => null;

/** The rule of an op that is itself the last derivative there is. */
export function noFurther(op: string): () => never {
  return () => {
    throw new PedigradError({
      code: "no-derivative",
      op,
      message: `${op}: no further derivative is known. Take one derivative less, or stopGradient() where this enters.`,
    });
  };
}
