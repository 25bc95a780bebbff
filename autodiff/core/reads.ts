/**
 * How the library itself reads numbers. If they decide something (a count that becomes a shape, a bound that chooses a transform), this
 * counts as a read, like a user's `item()`. A check that can only refuse the program is not a read, unless the program catches the refusal
 * and continues: such a program has branched on a value, and is refused by the run, vmap or recording that it is part of.
 */
import { noteRead, noteRefusal, PedigradError, type Refusal } from "../../provenance/index.js";
import { noteInBatch, refuseRead } from "./batch.js";
import { elementsOf } from "./copy.js";
import { recorder } from "./recorder.js";
import type { Tensor } from "./tensor.js";

/**
 * The numbers of x, row-major, for a decision that depends on them. This notes a read, and refuses if x cannot be read. Inside vmap, the
 * result has the numbers of the whole batch.
 */
export function readNumbers(x: Tensor, how: string): Float64Array {
  noteRead(x.provenance);
  if (x.batch?.tracer !== undefined) refuseRead(x.batch, how);
  if (x.batch !== null) return readNumbers(x.batch.value, how);
  recorder?.read(x, how);
  return elementsOf(x);
}

/** Refuse the program because of the numbers in x. */
export function refuseFor(x: Tensor, refusal: Refusal | PedigradError): never {
  const error = refusal instanceof PedigradError ? refusal : new PedigradError(refusal);
  noteRefusal(x.provenance, error);
  let value = x;
  for (; value.batch !== null; value = value.batch.value) noteInBatch(value.batch.level, caughtRefusal("vmap", error));
  recorder?.noteRefusal(value, error);
  throw error;
}

/** The refusal of a program that caught an earlier refusal inside vmap or jit and continued, so that what it does depends on a value. */
export const caughtRefusal = (where: "vmap" | "jit", { op, message }: PedigradError): PedigradError =>
  new PedigradError({
    code: `read-in-${where}`,
    op,
    message: `${where}: the program caught an error that depends on a value, and continued, so its result depends on that value. ${
      where === "vmap"
        ? "Under vmap all examples take the same branch: loop over the axis without vmap"
        : "A compiled function is recorded once and then runs with other values: run it without jit"
    }, or choose with where() instead of catching. The error was: ${message}`,
  });
