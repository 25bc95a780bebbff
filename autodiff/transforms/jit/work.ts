/**
 * When a compiled function is compared with its recording again: at calls 2, 4, 8, 16 and so on. From call 16 on, the comparison is left out
 * if it costs more than a tenth of the compiled work since the last comparison. Work is counted in ops and elements, never by a clock, so
 * that the same program is compared at the same calls on every machine.
 */
import { sizeOf } from "../../core/shape.js";
import type { Recording } from "./program/recording.js";

// Costs, in units of about a nanosecond: of an op in a comparison, of an op in a compiled call, and of an element that is computed or
// compared.
const COMPARED_OP = 400;
const COMPILED_OP = 5;
/** Up to this many calls, or requests, comparisons do not depend on their cost. */
const MAX_UNCONDITIONAL = 8;
const MIN_WORK_RATIO = 10;

export class Work {
  calls = 1;
  #lastCompared = 1;
  #requests = 0;
  readonly #comparisonCost: number;
  readonly #callCost: number;

  constructor({ ops }: Recording) {
    let [constants, elements] = [0, 0];
    for (const { operands, shape } of ops) {
      elements += sizeOf(shape);
      for (const x of operands) if (typeof x === "object") constants += x.size;
    }
    this.#comparisonCost = COMPARED_OP * ops.length + constants;
    this.#callCost = COMPILED_OP * ops.length + elements;
  }

  /** Counts a call. Returns true if f must be compared with its recording at this call. */
  isDue(): boolean {
    this.calls++;
    const { calls } = this;
    if ((calls & (calls - 1)) !== 0) return false;
    return (
      calls <= MAX_UNCONDITIONAL ||
      (calls - this.#lastCompared) * this.#callCost >= MIN_WORK_RATIO * this.#comparisonCost
    );
  }

  /**
   * Whether to make a comparison that the caller requests. There must have been calls since the last comparison; and after the first few
   * requests, the comparison must take no longer than these calls.
   */
  isWorthComparing(): boolean {
    const since = this.calls - this.#lastCompared;
    return since > 0 && (this.#requests++ < MAX_UNCONDITIONAL || since * this.#callCost >= this.#comparisonCost);
  }

  /** Notes that the last call has been compared. */
  noteComparison(): void {
    this.#lastCompared = this.calls;
  }
}
