/**
 * A loop of calls that passes a record on, as training steps pass on their state: each result begins with the record, and the next call gets
 * it as its first argument. The record stays in the arena from call to call, and is copied only when the caller asks for it. If another call
 * is about to run the program, the executable tells its holder, a Resident, which then copies the record.
 */
import { ambient, Provenance } from "../../../provenance/index.js";
import { batchDepth } from "../../core/batch.js";
import { gradDepth } from "../../core/node.js";
import { recorder } from "../../core/recorder.js";
import type { Tensor } from "../../core/tensor.js";
import type { Executable, Holder } from "./compile/executable.js";
import { leadingRecord, type Maker } from "./result.js";

/** The parts of the compiler that a Resident needs. */
export interface Host {
  readonly executable: Executable;
  /** How many of the outputs are tensors of the record. */
  readonly carryCount: number;
  /** The inputs in the arguments after the record; null if these arguments do not match the entry, or have provenance. */
  readonly inputsOf: (laterArgs: readonly unknown[]) => readonly Tensor[] | null;
  /**
   * Whether f still does what was recorded. This counts a call, and compares f with its recording if a comparison is due. `record` is the
   * record of the last result, or null if the caller did not get that result.
   */
  readonly isUnchanged: (args: readonly unknown[], from: number, record: unknown) => boolean;
  readonly maker: Maker;
  /** The provenance of the outputs. */
  readonly ownSets: readonly Provenance[];
}

/** A result that was copied out of the arena, and the outputs in it. */
export interface Copy<R> {
  readonly result: R;
  readonly outputs: readonly Tensor[];
}

export class Resident<R> implements Holder {
  readonly #host: Host;
  /** The last result, and the outputs in it; null if the caller did not get it. */
  #copy: Copy<R> | null;
  #isHolding = true;
  /** The inputs after the record in the last call. */
  #inputs: readonly Tensor[] | null = null;

  /** A Resident must be made right after a run of the executable. `copy` has the result of that run; null if the caller did not get it. */
  constructor(host: Host, copy: Copy<R> | null) {
    this.#host = host;
    this.#copy = copy;
    host.executable.holder = this;
  }

  /**
   * One more call, with the record of the last call and `args` from index `from` on. (If `from` is 1, the first of `args` must be this
   * record.) Returns false if this must be an ordinary call. `shouldContinue` may read the numbers after the record; if it returns false,
   * this call is the last one, and only `resultBefore` may be called, not `result`.
   */
  next(args: readonly unknown[], from = 0, shouldContinue = (): boolean => true): boolean {
    if (!this.#isHolding || ambient !== Provenance.empty || recorder !== null || gradDepth > 0 || batchDepth > 0)
      return false;
    const { executable, carryCount, maker, inputsOf, isUnchanged } = this.#host;
    const copy = this.#copy;
    const record = copy && leadingRecord(copy.result);
    if (from === 1 && args[0] !== record) return false;
    if (copy !== null && !maker.isUnmodified(record, copy.outputs)) return false;
    const inputs = this.#hasSameTensors(args, from) ? this.#inputs : inputsOf(args.slice(from));
    if (inputs === null || !isUnchanged(args, from, record) || !this.#isHolding) return false;
    this.#inputs = inputs;
    // Until the program has run to its end, the record in memory may be half overwritten. If it stops early or throws, the next call must
    // start from the record passed to it as an argument.
    this.#isHolding = false;
    executable.holder = null;
    if (!executable.runWithCarry(carryCount, inputs, shouldContinue)) return true;
    this.#isHolding = true;
    executable.holder = this;
    this.#copy = null;
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
    if (this.#copy === null) {
      const { executable, maker, ownSets } = this.#host;
      const outputs = executable.outputs(ownSets);
      this.#copy = { result: maker.make(outputs) as R, outputs };
    }
    return this.#copy.result;
  }

  /** The last call's result, but with the record that was passed to that call. Only valid if `shouldContinue` stopped the call. */
  resultBefore(): R {
    const { executable, carryCount, maker, ownSets } = this.#host;
    return maker.make([...executable.inputs(carryCount), ...executable.outputs(ownSets).slice(carryCount)]) as R;
  }

  /** The kth number after the record in the last call's result. */
  number(k: number): number {
    return this.#host.executable.number(this.#host.carryCount + k);
  }

  release(): void {
    this.result();
    this.#isHolding = false;
  }
}
