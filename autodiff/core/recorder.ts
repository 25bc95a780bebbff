/**
 * How the compiler learns which ops ran. While `jit` records a function, `apply` reports every op to the current recorder, and each result
 * gets a *serial*: results are counted in order. While `jit` checks that the function still does what was recorded, ops that depend on an
 * input do not run: their results have shapes and serials, but no numbers.
 */
import type { PedigradError } from "../../provenance/index.js";
import type { Op } from "./op.js";
import type { Tensor } from "./tensor.js";

export interface Recorder {
  record<P>(op: Op<P>, params: P, inputs: readonly Tensor[], result: Tensor): void;
  /** Called before host code reads a value; throws unless the value is a constant of the program. */
  read(x: Tensor, op: string): void;
  /** Whether x depends on an input of the program. */
  isVariable(x: Tensor): boolean;
  /** The result of `choose`, which decides how to compute something; during a comparison, what it was in the recording. */
  choice(choose: () => boolean): boolean;
  /** Called before a program is refused because of the numbers in `x`. */
  noteRefusal(x: Tensor, refusal: PedigradError): void;
}

export let recorder: Recorder | null = null;
/** Whether a recording is being checked, so that inputs and everything computed from them have no numbers. */
export let isChecking = false;

/** Runs `body` with `newRecorder` as the recorder; if it is null, without a recorder. */
export function withRecorder<T>(newRecorder: Recorder | null, body: () => T): T {
  const outer = recorder;
  recorder = newRecorder;
  try {
    return body();
  } finally {
    recorder = outer;
  }
}

/** Runs `body`, which has inputs without numbers, with `newRecorder` as the recorder. */
export function withCheckingRecorder<T>(newRecorder: Recorder, body: () => T): T {
  isChecking = true;
  try {
    return withRecorder(newRecorder, body);
  } finally {
    isChecking = false;
  }
}

let serialCount = 0;
/** The serial of the next result. Serials count up, so serials of later recordings are larger than serials of earlier recordings. */
export const nextRecordingSerial = (): number => ++serialCount;
