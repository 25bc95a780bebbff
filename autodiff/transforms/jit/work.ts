/**
 * When a compiled function is compared with its recording again: at calls 2, 4 and 8, and after that whenever the number of calls has
 * doubled, if the comparison costs no more than a tenth of the compiled work since the previous comparison. Work is counted in ops and
 * elements, never by a clock, so that the same program is compared at the same calls on every machine.
 */
import { sizeOf } from "../../core/shape.js";
import type { Recording } from "./program/recording.js";

// Costs, in units of about a nanosecond: of an op in a comparison, of an op in a compiled call, and of an element that is computed or
// compared.
const COMPARED_OP = 400;
const COMPILED_OP = 5;
/** Up to this many calls, comparisons are made whatever they cost. */
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

  /** Count a call. Returns true if f must be compared with its recording at this call. */
  isDue(): boolean {
    this.calls++;
    const { calls } = this;
    if ((calls & (calls - 1)) !== 0) return false;
    return calls <= FREE || (calls - this.#compared) * this.#call >= SHARE * this.#comparison;
  }

  /** Note that the last call has been compared. */
  compared(): void {
    this.#compared = this.calls;
  }
}
