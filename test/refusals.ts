/** Helpers for tests of errors. */
import * as assert from "uvu/assert";
import { PedigradError } from "../index.js";

/** The PedigradError that `body` throws. Other errors are thrown again. */
export function refusal(body: () => unknown): PedigradError {
  try {
    body();
  } catch (error) {
    if (error instanceof PedigradError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

/** Asserts that `body` is refused with a message that matches the pattern. */
export const refuses = (body: () => unknown, message: RegExp): void => assert.match(refusal(body).message, message);

/** Asserts that `body` is refused with a message that has all the words. */
export function refusesSaying(body: () => unknown, ...words: readonly string[]): void {
  const { message } = refusal(body);
  for (const word of words) assert.ok(message.includes(word), `"${message}" does not say "${word}"`);
}
