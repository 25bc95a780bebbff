/**
 * The vmaps around this point, outermost first. Each is a frame: its size, and the first refusal in it that not every example
 * would have met. A program that catches such a refusal and goes on has made it a branch for the whole batch at once, so the
 * frame itself is refused when it ends.
 */
import type { PedigradError } from "../../provenance/index.js";
import type { Op } from "./op.js";
import type { Tensor } from "./tensor.js";

interface Frame {
  readonly size: number;
  refusal: PedigradError | null;
}
const frames: Frame[] = [];

/** How many vmaps surround this point. */
export let batchDepth = 0;

export const isBatched = (x: Tensor): boolean => x.batch !== null;

/** The number of examples of the vmap at this depth. */
export const batchSize = (level: number): number => (frames[level] as Frame).size;

/** Run `body` as a vmap of `size` examples, one level deeper. */
export function inBatch<T>(size: number, body: (level: number) => T): T {
  const level = batchDepth + 1;
  const frame: Frame = { size, refusal: null };
  frames[level] = frame;
  batchDepth = level;
  try {
    const result = body(level);
    if (frame.refusal !== null) throw frame.refusal;
    return result;
  } finally {
    batchDepth = level - 1;
    frames.length = level;
  }
}

/** Tell the vmap at this depth that its program was refused something, and may yet catch that. */
export function noteInBatch(level: number, refusal: PedigradError): void {
  const frame = frames[level];
  if (frame !== undefined) frame.refusal ??= refusal;
}

/** Writes down what is done to the examples of a batch, instead of doing it: the body of a loop, of which there is no batch yet. */
export interface Tracer {
  /** Whether the body is still being written down. */
  readonly isOpen: boolean;
  /** The result of an op, a tensor without numbers. */
  record<P>(op: Op<P>, params: P, inputs: readonly Tensor[]): Tensor;
}

/** How many bodies of loops are being written down around this point. */
export let traceDepth = 0;

/** Run `body` while it is written down: like a vmap, one level deeper, whose examples have no numbers. */
export function inTrace<T>(body: (level: number) => T): T {
  traceDepth++;
  try {
    return inBatch(1, body);
  } finally {
    traceDepth--;
  }
}
