/**
 * How the library itself reads numbers. If the numbers decide something (a count becomes a shape, a bound chooses a transform), the library
 * calls `readNumbers`, which counts as a read, like a user's `item()`. A check that can only throw an error is not a read. But if the
 * program catches the error and continues, it has branched on a value. So the run, vmap or recording in progress throws an error when it
 * ends.
 */
import { noteRead, noteRefusal, PedigradError, type Refusal } from "../../provenance/index.js";
import { noteInBatch, refuseRead } from "./batch.js";
import { asContiguous } from "./copy.js";
import { recorder } from "./recorder.js";
import { sizeOf } from "./shape.js";
import { isAbsent, rawView, type Tensor } from "./tensor.js";

const NONE = /* @__PURE__ */ new Float64Array(0);

/**
 * The elements of a tensor (inside vmap, of the whole batch). A call is not noted as a read, so only two kinds of code may call this:
 * kernels, and checks that can do nothing but throw an error. Any other decision that depends on elements must use `readNumbers`.
 * If the tensor has no numbers yet, the array is empty, so that a check passes.
 */
export function elementsOf(x: Tensor): Float64Array {
  if (x.batch !== null) return elementsOf(x.batch.value);
  if (isAbsent(x)) return NONE;
  const { data, offset, shape } = asContiguous(rawView(x));
  return data.subarray(offset, offset + sizeOf(shape));
}

/**
 * The numbers of x, row-major, for a decision that depends on them. The call counts as a read, and throws if x cannot be read. Inside vmap,
 * it returns the numbers of the whole batch.
 */
export function readNumbers(x: Tensor, op: string): Float64Array {
  noteRead(x.provenance);
  if (x.batch?.tracer !== undefined) refuseRead(x.batch, op);
  if (x.batch !== null) return readNumbers(x.batch.value, op);
  recorder?.read(x, op);
  return elementsOf(x);
}

/**
 * The result of `choose` on the elements of x, for a choice between two ways to compute the same value. It is not a read. While jit compares,
 * the choice is the one in the recording.
 */
export function chooseByNumbers(x: Tensor, choose: (numbers: Float64Array) => boolean): boolean {
  const ofElements = () => choose(elementsOf(x));
  return recorder === null ? ofElements() : recorder.choice(ofElements);
}

/**
 * Throws an error that depends on the numbers in x. The error is noted first, so that a program that catches it is refused when it ends.
 */
export function refuseFor(x: Tensor, refusal: Refusal | PedigradError): never {
  const error = refusal instanceof PedigradError ? refusal : new PedigradError(refusal);
  noteRefusal(x.provenance, error);
  let value = x;
  for (; value.batch !== null; value = value.batch.value) noteInBatch(value.batch.level, caughtRefusal("vmap", error));
  recorder?.noteRefusal(value, error);
  throw error;
}

/** The error for a program that caught an error inside vmap or jit and continued, so that its result depends on numbers it may not read. */
export const caughtRefusal = (where: "vmap" | "jit", { op, message }: PedigradError): PedigradError =>
  new PedigradError({
    code: `read-in-${where}`,
    op,
    message: `${where}: the program caught an error that depends on a value, and continued, so its result depends on the value. ${
      where === "vmap" ? "Loop over the axis without vmap" : "Run it without jit"
    }, or choose with where() instead of catching. The error was: ${message}`,
  });
