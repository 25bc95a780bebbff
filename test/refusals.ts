/** Helpers for tests of errors. */
import * as assert from "uvu/assert";
import { PedigradError } from "../index.js";

/** The error that `body` is refused with; anything else it throws goes on. */
export function refusal(body: () => unknown): PedigradError {
  try {
    body();
  } catch (error) {
    if (error instanceof PedigradError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

/** `body` is refused in these words. */
export const refuses = (body: () => unknown, message: RegExp): void => assert.match(refusal(body).message, message);

/** `body` is refused, and the message says all of this. */
export function refusesSaying(body: () => unknown, ...words: readonly string[]): void {
  const { message } = refusal(body);
  for (const word of words) assert.ok(message.includes(word), `"${message}" does not say "${word}"`);
}
