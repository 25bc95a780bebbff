/**
 * Where the compiler listens. While `jit` records, `apply` reports every op it ran; nothing else in the engine knows that
 * a program is being written down.
 */
import type { PedigradError } from "../../provenance/index.js";
import type { Op } from "./op.js";
import type { Tensor } from "./tensor.js";

export interface Recorder {
  record<P>(op: Op<P>, params: P, inputs: readonly Tensor[], result: Tensor): void;
  /** `copy` is `x` again under another set or without its node. */
  alias(x: Tensor, copy: Tensor): void;
  /** Called before host code reads a value; throws where the value is not a constant of the program. */
  read(x: Tensor, how: string): void;
  /** Called before a program is refused because of the numbers in `x`. */
  refused(x: Tensor, refusal: PedigradError): void;
}

export let recorder: Recorder | null = null;

/** Run `body` with `listener` (or nobody) listening. */
export function listening<T>(listener: Recorder | null, body: () => T): T {
  const outer = recorder;
  recorder = listener;
  try {
    return body();
  } finally {
    recorder = outer;
  }
}
