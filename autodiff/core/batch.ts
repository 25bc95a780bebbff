/**
 * The vmaps that are running, outermost first. The frame of a vmap has the number of its examples, and the first error that was thrown
 * because of the numbers in a batch. If the program catches this error and continues, all examples take the same branch, although perhaps
 * only some of them caused the error. So the vmap throws an error when it ends.
 */
import { refuse } from "../../provenance/base/error.js";
import { PedigradError } from "../../provenance/index.js";
import type { Op } from "./op.js";
import type { Tensor } from "./tensor.js";

/**
 * The record that a tensor inside `vmap` holds: `value` is the whole batch (batch axis first), and `level` the depth of the vmap. The
 * tensor itself looks like one example.
 */
export interface Batch {
  readonly level: number;
  readonly value: Tensor;
  /** The frame of the vmap that made this batch. */
  readonly frame?: Frame;
  /** In the body of a loop (`scan`): records the ops on this tensor. */
  readonly tracer?: Tracer;
}

interface Frame {
  readonly size: number;
  refusal: PedigradError | null;
}
const frames: Frame[] = [];

/** How many vmaps are running, one inside the other. */
export let batchDepth = 0;

export const isBatched = (x: Tensor): boolean => x.batch !== null;

/** The frame of the vmap at depth `level`. */
export const frameAt = (level: number): Frame => frames[level] as Frame;

/** Runs `body` as a vmap of `size` examples, one level deeper. */
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

/** Notes an error in the vmap at depth `level`. The vmap throws this error when it ends, even if the program has caught it. */
export function noteInBatch(level: number, refusal: PedigradError): void {
  const frame = frames[level];
  if (frame !== undefined) frame.refusal ??= refusal;
}

/** Records the ops in the body of a loop instead of running them: tensors in the body have shapes, but no numbers yet. */
export interface Tracer {
  /** Whether the body is still being recorded. */
  readonly isOpen: boolean;
  /** Records an op. The result is a tensor without numbers. */
  record<P>(op: Op<P>, params: P, inputs: readonly Tensor[]): Tensor;
}

/** How many loop bodies are being recorded, one inside the other. */
export let traceDepth = 0;

/** Runs `body` to record it. Like a vmap, this is one level deeper, but its tensors have no numbers. */
export function inTrace<T>(body: (level: number) => T): T {
  traceDepth++;
  try {
    return inBatch(1, body);
  } finally {
    traceDepth--;
  }
}

/** Refuses an example of a vmap that has ended. */
export function refuseLeak({ level, frame }: Batch, op: string): void {
  if (frame === undefined || frame === frames[level]) return;
  refuse("leaked-from-vmap", op, `this tensor was made inside a vmap that has ended. Return it from the function.`);
}

const UNREADABLE = {
  vmap: "inside vmap a tensor holds a whole batch, so there is no single value to read. Use where() instead of a branch, at() instead of an array index, or loop over the axis without vmap.",
  scan: "inside the body of scan a tensor stands for the values of all steps, so there is no single value to read. Use where() instead of a branch, at() instead of an array index, or a plain for loop.",
};

/** Throws the error for a read of an example of a batch. */
export function refuseRead(batch: Batch, op: string): never {
  const { level, tracer } = batch;
  refuseLeak(batch, op);
  if (tracer?.isOpen === false)
    refuse(
      "leaked-from-scan",
      op,
      `this tensor was made inside the body of scan but is used outside. Return it from the body, in the carry or in y.`,
    );
  const where = tracer === undefined ? "vmap" : "scan";
  const refusal = new PedigradError({ code: `read-in-${where}`, op, message: `${op}: ${UNREADABLE[where]}` });
  noteInBatch(level, refusal);
  throw refusal;
}
