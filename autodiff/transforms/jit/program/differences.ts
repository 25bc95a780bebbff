/** The error for a function that no longer does what was recorded. */
import { PedigradError } from "../../../../provenance/index.js";

export const changedError = (call: number, difference: string): PedigradError =>
  new PedigradError({
    code: "jit-changed",
    op: "jit",
    message: `jit: call ${call} of the compiled function differs from the earlier calls: ${difference}. It took another branch, or uses a value that is not an argument and has changed. Pass what changes as an argument (a number as a tensor), or do not compile ({ jit: false } for SVI).`,
  });

/** The end of `text`, from the first word in which it differs from `other`. */
export function fromFirstDifference(text: string, other: string): string {
  let length = 0;
  while (length < text.length && text[length] === other[length]) length++;
  return text.slice(Math.max(0, text.lastIndexOf(" ", length - 1)), length + 60) || "nothing";
}
