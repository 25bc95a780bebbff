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
import type { Returned } from "./signature.js";

/** What the compiler knows and a resident asks. */
export interface Host<R> {
  readonly executable: Executable;
  /** The record of the last result. */
  readonly own: Returned;
  /** The inputs that follow the record; null for arguments of another kind. */
  readonly inputsOf: (rest: readonly unknown[]) => readonly Tensor[] | null;
  /**
   * Whether f still is this program. It counts a call, and compares f with its recording where that is due; `isOwn` says that the record
   * is that of the last result, and not of an earlier one, which its owner may have changed.
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
  /** The inputs of the last call that follow the record. */
  #inputs: readonly Tensor[] | null = null;

  /** Made right after a run of the executable, which returned `result`; null if nobody has seen it. */
  constructor(host: Host<R>, result: R | null) {
    this.#host = host;
    this.#result = result;
    host.executable.holder = this;
  }

  /** Whether this is the record of the last result that was copied. */
  holds(record: unknown): boolean {
    return this.#host.own.part === record;
  }
  /** Whether nothing but numbers follows the record. */
  get endsInNumbers(): boolean {
    const { executable, own } = this.#host;
    return executable.samples.slice(own.to).every((x) => x.shape.length === 0);
  }

  /** One more call, of the record that the last one left and `args` from the place `from` on; false where it has to be an ordinary one. */
  next(args: readonly unknown[], from = 0): boolean {
    if (!this.#isHolding || ambient !== Provenance.empty || recorder !== null || gradDepth > 0 || batchDepth > 0)
      return false;
    const { executable, own, inputsOf, isStill } = this.#host;
    if (this.#result !== null && !own.isWhole(own.part, own.outputs)) return false;
    const inputs = this.#isSame(args, from) ? this.#inputs : inputsOf(args.slice(from));
    if (inputs === null || !isStill(args, from, this.#result !== null) || !this.#isHolding) return false;
    this.#inputs = inputs;
    executable.runOn(own.to, inputs);
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

  /** What the last call returned, copied. */
  result(): R {
    const { executable, resultOf, sets } = this.#host;
    this.#result ??= resultOf(executable.outputs(sets));
    return this.#result;
  }

  /** The same with the record that the last call was given. */
  before(): R {
    const { executable, own, resultOf, sets } = this.#host;
    return resultOf([...executable.inputs(own.to), ...executable.outputs(sets).slice(own.to)]);
  }

  /** The kth of the numbers that follow the record in what the last call returned. */
  number(k: number): number {
    return this.#host.executable.number(this.#host.own.to + k);
  }

  release(): void {
    this.result();
    this.#isHolding = false;
  }

  /** Hold the program no more. */
  end(): void {
    this.release();
    if (this.#host.executable.holder === this) this.#host.executable.holder = null;
  }
}
