/**
 * Calls in a loop that passes the record at the start of each result as the first argument of the next call, as a training step does with its
 * state. The record stays in the arena from call to call, and is copied only when the caller asks for it. Before anything else runs the
 * program, the executable tells its holder, which then copies the record.
 */
import { ambient, Provenance } from "../../../provenance/index.js";
import { batchDepth } from "../../core/batch.js";
import { gradDepth } from "../../core/node.js";
import { recorder } from "../../core/recorder.js";
import type { Tensor } from "../../core/tensor.js";
import type { Executable, Holder } from "./compile/executable.js";
import type { Returned } from "./signature.js";

/** The parts of the compiler that a resident needs. */
export interface Host<R> {
  readonly executable: Executable;
  /** The record of the last result. */
  readonly own: Returned;
  /** The inputs after the record; null if the arguments do not match the entry, or have provenance. */
  readonly inputsOf: (rest: readonly unknown[]) => readonly Tensor[] | null;
  /**
   * Whether f still does what was recorded: counts a call, and compares f with its recording if that is due. `isOwn`: the record is that
   * of the last result, not of an earlier result, which the caller may have changed.
   */
  readonly isStill: (args: readonly unknown[], from: number, isOwn: boolean) => boolean;
  /** A result of these outputs. */
  readonly resultOf: (outputs: readonly Tensor[]) => R;
  readonly sets: readonly Provenance[];
}

export class Resident<R> implements Holder {
  readonly #host: Host<R>;
  #result: R | null;
  #isHolding = true;
  /** The inputs after the record in the last call. */
  #inputs: readonly Tensor[] | null = null;

  /** Must be made right after a run of the executable; `result` is what this run returned, null if it was not handed out. */
  constructor(host: Host<R>, result: R | null) {
    this.#host = host;
    this.#result = result;
    host.executable.holder = this;
  }

  /** Whether `record` is the record of the last result that was copied. */
  holds(record: unknown): boolean {
    return this.#host.own.part === record;
  }
  /** Whether only numbers follow the record in the result. */
  get endsInNumbers(): boolean {
    const { executable, own } = this.#host;
    return executable.samples.slice(own.to).every((x) => x.shape.length === 0);
  }

  /**
   * One more call, with the record of the last call and `args` from index `from` on; false if this must be an ordinary call. If not
   * `goesOn`, which may look at the numbers after the record, it is the last one: there is no result then, but the record `before` it.
   */
  next(args: readonly unknown[], from = 0, goesOn = (): boolean => true): boolean {
    if (!this.#isHolding || ambient !== Provenance.empty || recorder !== null || gradDepth > 0 || batchDepth > 0)
      return false;
    const { executable, own, inputsOf, isStill } = this.#host;
    if (this.#result !== null && !own.isWhole(own.part, own.outputs)) return false;
    const inputs = this.#isSame(args, from) ? this.#inputs : inputsOf(args.slice(from));
    if (inputs === null || !isStill(args, from, this.#result !== null) || !this.#isHolding) return false;
    this.#inputs = inputs;
    // Until it has run to its end, the record in memory is half overwritten, and the next call must begin with the one that it is given.
    this.#isHolding = false;
    executable.holder = null;
    if (!executable.runOn(own.to, inputs, goesOn)) return true;
    this.#isHolding = true;
    executable.holder = this;
    this.#result = null;
    return true;
  }

  /** Whether these are the tensors of the last call: most loops hand in the same ones again. */
  #isSame(args: readonly unknown[], from: number): boolean {
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

  /** The same, but with the record that was passed to the last call, which did not go on. */
  before(): R {
    const { executable, own, resultOf, sets } = this.#host;
    return resultOf([...executable.inputs(own.to), ...executable.outputs(sets).slice(own.to)]);
  }

  /** The kth number after the record in the last call's result. */
  number(k: number): number {
    return this.#host.executable.number(this.#host.own.to + k);
  }

  release(): void {
    this.result();
    this.#isHolding = false;
  }

  /** Copy the record and stop being the program's holder. */
  end(): void {
    this.release();
    if (this.#host.executable.holder === this) this.#host.executable.holder = null;
  }
}
