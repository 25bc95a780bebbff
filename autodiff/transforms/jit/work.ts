/**
 * When a compiled function is compared with its recording again: at calls 2, 4 and 8, and after that where the number of calls has
 * doubled, if the comparison costs no more than a tenth of the compiled work since the one before it. Work is counted in ops and
 * elements, never by a clock, so that the same program does the same everywhere.
 */
import { sizeOf } from "../../core/shape.js";
import type { Recording } from "./program/recording.js";

// In units of about a nanosecond: an op in a comparison, in a compiled call, and an element that is computed or compared.
const COMPARED_OP = 400;
const COMPILED_OP = 5;
/** From here on comparisons are rationed. */
const FREE = 8;
const SHARE = 10;

export class Work {
  calls = 1;
  #compared = 1;
  readonly #comparison: number;
  readonly #call: number;

  constructor({ steps }: Recording) {
    let [constants, elements] = [0, 0];
    for (const { operands, shape } of steps) {
      elements += sizeOf(shape);
      for (const x of operands) if (typeof x === "object") constants += x.size;
    }
    this.#comparison = COMPARED_OP * steps.length + constants;
    this.#call = COMPILED_OP * steps.length + elements;
  }

  /** Count a call; true where it has to be compared. */
  isDue(): boolean {
    this.calls++;
    const { calls } = this;
    if ((calls & (calls - 1)) !== 0) return false;
    return calls <= FREE || (calls - this.#compared) * this.#call >= SHARE * this.#comparison;
  }

  /** The last call has been compared. */
  compared(): void {
    this.#compared = this.calls;
  }
}
