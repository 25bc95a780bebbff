/**
 * jit(f): the first call records f, and later calls run one generated function. f must be pure: its result may depend on its arguments
 * only. This is checked: the second call compares f with its recording, op by op, before it compiles, and some later calls compare
 * again (work.ts says which). A difference throws an error that names what changed, and drops the program.
 *
 * Tensors, typed arrays and ndarrays among the arguments are inputs of the program. All other values are static: they are compared by value
 * (symbols, functions and instances of most classes by identity). The static values and the shapes of the inputs are the key of a call, and
 * each key has its own program.
 */
import { requireFunction } from "../../../provenance/base/options.js";
import { batchDepth } from "../../core/batch.js";
import { gradDepth } from "../../core/node.js";
import { recorder } from "../../core/recorder.js";
import { Tensor } from "../../core/tensor.js";
import { Entry } from "./entry.js";
import { changedError } from "./program/differences.js";
import type { Resident } from "./resident.js";
import { leadingRecord } from "./result.js";
import { type InputFor, Signatures } from "./signature.js";

const MAX_ENTRIES = 16;

export interface Jitted<A extends unknown[], R> {
  (...args: A): R;
  /** The generated text for arguments like these. */
  source(...args: A): string;
  /**
   * For a loop in which each result begins with a record, and the next call gets this record as its first argument. `record` is the record
   * that the last call returned. The Resident makes further calls and keeps the record in memory. Null if the function does not allow this.
   */
  resident(record: A[0]): Resident<R> | null;
  /** Compares f with its recording for arguments like these. Throws, as a call would, if f no longer does what was recorded. */
  check(...args: A): void;
  /** Like `check`, but after the first few times only if this takes no longer than the calls since the last comparison. */
  checkSometimes(...args: A): void;
}

/** f compiled into one function, with the same results bit for bit and the same gradients. */
export function jit<A extends unknown[], R>(f: (...args: A) => R, ...others: readonly never[]): Jitted<A, R> {
  requireFunction("jit", f, others);
  return jitWith(f);
}

/** Like `jit`. While f is recorded or compared, it gets `inputFor` of each input. */
export function jitWith<A extends unknown[], R>(f: (...args: A) => R, inputFor?: InputFor): Jitted<A, R> {
  const compiler = new Compiler(f, inputFor);
  // Inside another recording, a gradient or a batch, f itself runs: its ops become part of the larger program. Where code generation is
  // forbidden, a compiled program runs its kernels one after the other (compile/executable.ts), which takes longer but gives the same bits.
  const call = (...args: A): R =>
    recorder !== null || gradDepth > 0 || batchDepth > 0 ? f(...args) : compiler.call(args);
  call.source = (...args: A): string => compiler.source(args);
  call.resident = (record: A[0]): Resident<R> | null => compiler.resident(record);
  call.check = (...args: A): void => compiler.check(args);
  call.checkSometimes = (...args: A): void => compiler.check(args, true);
  return call;
}

class Compiler<A extends unknown[], R> {
  /** The entries, the most recently used first. */
  readonly #entries: Entry<A, R>[] = [];
  readonly #signatures = new Signatures();
  /** The entry of the last call, and the record with which its result began; null if it began with a tensor, or a Resident has a newer record. */
  #last: { readonly entry: Entry<A, R>; readonly record: unknown } | null = null;
  /** Makes the further calls of a loop that passes a record back. */
  #loop: Resident<R> | null = null;
  #dropCount = 0;

  constructor(
    readonly f: (...args: A) => R,
    readonly inputFor?: InputFor,
  ) {}

  call(args: A): R {
    const last = this.#last;
    if (last !== null && this.#loop?.next(args, 1)) return this.#note(last.entry, this.#loop.result());
    this.#loop = null;
    const { entry, inputs } = this.#findEntry(args);
    const copy = entry.call(args, inputs);
    if (last?.record === args[0]) this.#loop = entry.residentAfter(copy);
    return this.#note(entry, copy.result);
  }

  /** Notes the result of a call, so that a loop that passes its record back is recognised. */
  #note(entry: Entry<A, R>, result: R): R {
    const record = leadingRecord(result);
    this.#last = record instanceof Tensor ? null : { entry, record };
    return result;
  }

  source(args: A): string {
    const { entry, inputs } = this.#findEntry(args);
    return entry.source(args, inputs);
  }

  resident(record: A[0]): Resident<R> | null {
    const last = this.#last;
    // The caller reads the outputs after the record with `Resident.number`.
    if (last === null || last.record !== record || !last.entry.endsInNumbers) return null;
    this.#last = null;
    this.#loop = null;
    return last.entry.residentAfter(null);
  }

  check(args: A, onlySometimes = false): void {
    this.#findEntry(args).entry.check(args, onlySometimes);
  }

  #findEntry(args: A): { entry: Entry<A, R>; inputs: Tensor[] } {
    for (let i = 0; i < this.#entries.length; i++) {
      const entry = this.#entries[i] as Entry<A, R>;
      const inputs = this.#signatures.match(entry.keys, args);
      if (inputs === null) continue;
      if (i > 0) this.#entries.unshift(...this.#entries.splice(i, 1));
      return { entry, inputs };
    }
    const keys = args.map((arg) => this.#signatures.keyOf(arg));
    const inputs = this.#signatures.match(keys, args);
    if (inputs === null) throw changedError(1, "an argument changes when read");
    const entry = new Entry(this.f, this.inputFor, this.#signatures, keys);
    this.#entries.unshift(entry);
    if (this.#entries.length > MAX_ENTRIES) this.#dropOldest();
    return { entry, inputs };
  }

  #dropOldest(): void {
    this.#entries.pop();
    if (++this.#dropCount === 1)
      console.warn(
        `pedigrad: a compiled function was called with more than ${MAX_ENTRIES} kinds of arguments, so its oldest programs are dropped. If a number keeps changing, pass it as a tensor.`,
      );
  }
}
