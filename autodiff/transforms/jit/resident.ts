/**
 * Calls of a compiled function whose result begins with the record that it takes first, as that of a step with the next state does: from
 * call to call the record stays in the arena, and it is copied only when somebody asks for it. Nothing else may run the program
 * meanwhile: the executable tells its holder first, which then copies what it had.
 */
import { ambient, Provenance } from "../../../provenance/index.js";
import { batchDepth } from "../../core/batch.js";
import { gradDepth } from "../../core/node.js";
import { recorder } from "../../core/recorder.js";
import type { Tensor } from "../../core/tensor.js";
import type { Executable, Holder } from "./compile/executable.js";

/** What the compiler knows and a resident asks. */
export interface Host<R> {
  readonly executable: Executable;
  /** How many leaves the record has. */
  readonly count: number;
  /** The inputs that follow the record; null for arguments of another kind. It counts a call, and compares f with its recording where that is due. */
  readonly inputsOf: (rest: readonly unknown[]) => Tensor[] | null;
  /** A result of these outputs. */
  readonly resultOf: (outputs: readonly Tensor[]) => R;
  /** Whether the record of the last result is as it was made. */
  readonly isWhole: () => boolean;
  readonly sets: readonly Provenance[];
}

export class Resident<R> implements Holder {
  readonly #host: Host<R>;
  #result: R | null = null;
  #isHolding = true;

  /** Made right after a run of the executable. */
  constructor(host: Host<R>) {
    this.#host = host;
    host.executable.holder = this;
  }

  /** One more call, of the record that the last one left and `rest`; false where it has to be an ordinary one. */
  next(rest: readonly unknown[]): boolean {
    if (!this.#isHolding || ambient !== Provenance.empty || recorder !== null || gradDepth > 0 || batchDepth > 0)
      return false;
    if (this.#result !== null && !this.#host.isWhole()) return false;
    const inputs = this.#host.inputsOf(rest);
    if (inputs === null || !this.#isHolding) return false;
    this.#host.executable.runOn(this.#host.count, inputs);
    this.#result = null;
    return true;
  }

  /** What the last call returned, copied. */
  result(): R {
    const { executable, resultOf, sets } = this.#host;
    this.#result ??= resultOf(executable.outputs(sets));
    return this.#result;
  }

  /** The same with the record that the last call was given. */
  before(): R {
    const { executable, count, resultOf, sets } = this.#host;
    return resultOf([...executable.inputs(count), ...executable.outputs(sets).slice(count)]);
  }

  /** The kth of the numbers that follow the record in what the last call returned. */
  number(k: number): number {
    return this.#host.executable.number(this.#host.count + k);
  }

  release(): void {
    this.result();
    this.#isHolding = false;
  }
}
