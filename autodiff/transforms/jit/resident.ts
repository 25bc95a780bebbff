/**
 * Calls in a loop in which each result begins with a record, and the next call gets this record as its first argument, as a training step
 * does with its state. The record stays in the arena from call to call, and is copied only when the caller asks for it. If another call is
 * about to run the program, the executable tells its holder, a Resident, which then copies the record.
 */
import { ambient, Provenance } from "../../../provenance/index.js";
import { batchDepth } from "../../core/batch.js";
import { gradDepth } from "../../core/node.js";
import { recorder } from "../../core/recorder.js";
import type { Tensor } from "../../core/tensor.js";
import type { Executable, Holder } from "./compile/executable.js";
import type { ReturnedRecord } from "./signature.js";

/** The parts of the compiler that a Resident needs. */
export interface Host<R> {
  readonly executable: Executable;
  /** The record of the last result. */
  readonly record: ReturnedRecord;
  /** The inputs in the arguments after the record; null if these arguments do not match the entry, or have provenance. */
  readonly inputsOf: (laterArgs: readonly unknown[]) => readonly Tensor[] | null;
  /**
   * Whether f still does what was recorded. This counts a call, and compares f with its recording if a comparison is due. `isLastRecord`:
   * whether the record belongs to the last result; the record of an earlier result may have been changed by the caller.
   */
  readonly isUnchanged: (args: readonly unknown[], from: number, isLastRecord: boolean) => boolean;
  /** Makes a result from these outputs. */
  readonly resultOf: (outputs: readonly Tensor[]) => R;
  readonly sets: readonly Provenance[];
}

export class Resident<R> implements Holder {
  readonly #host: Host<R>;
  #result: R | null;
  #isHolding = true;
  /** The inputs after the record in the last call. */
  #inputs: readonly Tensor[] | null = null;

  /**
   * A Resident must be made right after a run of the executable. `result` is the result of this run; null if the caller did not get it.
   */
  constructor(host: Host<R>, result: R | null) {
    this.#host = host;
    this.#result = result;
    host.executable.holder = this;
  }

  /** Whether `record` belongs to the last result that was copied out of the arena. */
  holds(record: unknown): boolean {
    return this.#host.record.value === record;
  }
  /** Whether only numbers follow the record in the result. */
  get endsInNumbers(): boolean {
    const { executable, record } = this.#host;
    return executable.recordedOutputs.slice(record.to).every((x) => x.shape.length === 0);
  }

  /**
   * One more call, with the record of the last call and `args` from index `from` on. Returns false if this must be an ordinary call.
   * `shouldContinue` may read the numbers after the record; if it returns false, this call is the last one, and only `resultBefore` may be
   * called, not `result`.
   */
  next(args: readonly unknown[], from = 0, shouldContinue = (): boolean => true): boolean {
    if (!this.#isHolding || ambient !== Provenance.empty || recorder !== null || gradDepth > 0 || batchDepth > 0)
      return false;
    const { executable, record, inputsOf, isUnchanged } = this.#host;
    if (this.#result !== null && !record.isUnmodified(record.value, record.outputs)) return false;
    const inputs = this.#hasSameTensors(args, from) ? this.#inputs : inputsOf(args.slice(from));
    if (inputs === null || !isUnchanged(args, from, this.#result !== null) || !this.#isHolding) return false;
    this.#inputs = inputs;
    // Until the program has run to its end, the record in memory may be half overwritten. If it stops early or throws, the next call must
    // start from the record passed to it as an argument.
    this.#isHolding = false;
    executable.holder = null;
    if (!executable.runWithCarry(record.to, inputs, shouldContinue)) return true;
    this.#isHolding = true;
    executable.holder = this;
    this.#result = null;
    return true;
  }

  /** Whether these are the tensors of the last call; most loops pass the same tensors again. */
  #hasSameTensors(args: readonly unknown[], from: number): boolean {
    const inputs = this.#inputs;
    if (inputs === null || args.length - from !== inputs.length) return false;
    for (let i = 0; i < inputs.length; i++) if (args[from + i] !== inputs[i]) return false;
    return true;
  }

  /** A copy of the last call's result. */
  result(): R {
    const { executable, resultOf, sets } = this.#host;
    this.#result ??= resultOf(executable.outputs(sets));
    return this.#result;
  }

  /** The last call's result, but with the record that was passed to that call. Only valid if `shouldContinue` stopped the call. */
  resultBefore(): R {
    const { executable, record, resultOf, sets } = this.#host;
    return resultOf([...executable.inputs(record.to), ...executable.outputs(sets).slice(record.to)]);
  }

  /** The kth number after the record in the last call's result. */
  number(k: number): number {
    return this.#host.executable.number(this.#host.record.to + k);
  }

  release(): void {
    this.result();
    this.#isHolding = false;
  }

  /** Copies the record and stops being the program's holder. */
  end(): void {
    this.release();
    if (this.#host.executable.holder === this) this.#host.executable.holder = null;
  }
}
