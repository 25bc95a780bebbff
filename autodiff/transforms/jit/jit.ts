/**
 * jit(f): the first call records f, and later calls run one generated function. f must be pure: its result may depend on its arguments
 * only. This is checked: the second call compares f with its recording, op by op, before it compiles, and some later calls compare
 * again (work.ts says which). A difference throws an error that names what changed, and drops the program.
 *
 * Tensors, typed arrays and ndarrays among the arguments are inputs of the program. All other values are static: they are compared by value
 * (symbols, functions and instances of classes by identity). The static values and the shapes of the inputs are the key of a call, and
 * each key has its own program.
 */
import { requireFunction } from "../../../provenance/base/options.js";
import { isRecord } from "../../../provenance/base/records.js";
import { currentAmbient, inFreshRun, noteRead, PedigradError, type Provenance } from "../../../provenance/index.js";
import { batchDepth } from "../../core/batch.js";
import { gradDepth } from "../../core/node.js";
import { recorder, withCheckingRecorder, withRecorder } from "../../core/recorder.js";
import { absent, ofNumber, ofView, rawNumber, rawView, type Tensor } from "../../core/tensor.js";
import { Executable } from "./compile/executable.js";
import { OutputSets } from "./outputSets.js";
import { changedError, fromFirstDifference } from "./program/differences.js";
import { programOf } from "./program/program.js";
import { Comparison, type Recording, Writer } from "./program/recording.js";
import { Resident } from "./resident.js";
import { leadingRecord, type Maker, makerOf } from "./result.js";
import { type ArgumentKey, fillLeaves, type InputFor, isInput, type Signature, Signatures } from "./signature.js";
import { Work } from "./work.js";

/** All calls with one key (same shapes, same static arguments). */
interface Entry {
  readonly keys: readonly ArgumentKey[];
  /** The recording of f's first call; null before that call. */
  compilation: Compilation | null;
}

interface Compilation {
  readonly recording: Recording;
  /** The signature of the recorded result, whose leaves are the recorded outputs. */
  readonly signature: Signature;
  readonly maker: Maker;
  /** If the result begins with a record like f's first argument, the number of its tensors; else 0. */
  readonly carryCount: number;
  readonly sets: OutputSets;
  /** The provenance of the captured tensors that f has read. */
  readonly reads: Provenance;
  readonly work: Work;
  /** The compiled form of the recording; it exists from the second call on. */
  executable: Executable | null;
}

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
  readonly #entries: Entry[] = [];
  readonly #signatures = new Signatures();
  /** The entry of the last call, and the record with which its result began; null at first, and once a Resident has a newer record. */
  #last: { readonly entry: Entry; readonly record: unknown } | null = null;
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
    if (entry.compilation === null) return this.#note(entry, this.#record(entry, args, inputs));
    const executable = this.#executableOf(entry, entry.compilation, args);
    const { sets, reads, maker } = entry.compilation;
    if (reads.size > 0) noteRead(reads);
    const outputs = executable.run(inputs, sets.of(inputs));
    const result = maker.make(outputs) as R;
    if (last?.record === args[0]) this.#loop = this.#loopOf(entry, { result, outputs });
    return this.#note(entry, result);
  }

  /** Notes the result of a call, so that a loop that passes its record back is recognised. */
  #note(entry: Entry, result: R): R {
    this.#last = { entry, record: leadingRecord(result) };
    return result;
  }

  source(args: A): string {
    const { entry, inputs } = this.#findEntry(args);
    if (entry.compilation === null) this.#record(entry, args, inputs);
    return this.#executableOf(entry, entry.compilation as unknown as Compilation, args).text;
  }

  resident(record: A[0]): Resident<R> | null {
    const last = this.#last;
    if (last === null || last.record !== record) return null;
    const { compilation } = last.entry;
    // The caller reads the outputs after the record with `Resident.number`.
    const endsInNumbers = compilation?.signature.leaves
      .slice(compilation.carryCount)
      .every((x) => x.shape.length === 0);
    if (!endsInNumbers) return null;
    this.#last = null;
    this.#loop = null;
    return this.#loopOf(last.entry, null);
  }

  /**
   * A Resident that continues after the last call, which matched this entry and returned `copy`. Null if the result does not begin with a
   * record like f's first argument.
   */
  #loopOf(entry: Entry, copy: { result: R; outputs: readonly Tensor[] } | null): Resident<R> | null {
    const { compilation } = entry;
    if (compilation === null || compilation.executable === null) return null;
    const { executable, carryCount, maker, sets, reads, work, signature } = compilation;
    const { ownSets } = sets;
    if (carryCount === 0 || reads.size > 0 || ownSets.slice(0, carryCount).some((set) => set.size > 0)) return null;
    executable.releaseHolder();
    const laterKeys = entry.keys.slice(1);
    const host = {
      executable,
      carryCount,
      maker,
      inputsOf: (laterArgs: readonly unknown[]) => {
        const inputs = this.#signatures.match(laterKeys, laterArgs);
        return inputs?.every((x) => x.provenance.size === 0) ? inputs : null;
      },
      isUnchanged: (args: readonly unknown[], from: number, record: unknown) => {
        if (entry.compilation === compilation && work.isDue())
          this.#compare(entry, compilation, [
            record ?? leadingRecord(maker.make(signature.leaves)),
            ...args.slice(from),
          ] as unknown as A);
        return entry.compilation === compilation;
      },
      sets: ownSets,
    };
    return new Resident<R>(host, copy);
  }

  check(args: A, onlySometimes = false): void {
    const { entry } = this.#findEntry(args);
    const { compilation } = entry;
    if (compilation !== null && !(onlySometimes && !compilation.work.isWorthComparing()))
      this.#compare(entry, compilation, args);
  }

  #findEntry(args: A): { entry: Entry; inputs: Tensor[] } {
    for (let i = 0; i < this.#entries.length; i++) {
      const entry = this.#entries[i] as Entry;
      const inputs = this.#signatures.match(entry.keys, args);
      if (inputs === null) continue;
      if (i > 0) this.#entries.unshift(...this.#entries.splice(i, 1));
      return { entry, inputs };
    }
    const keys = args.map((arg) => this.#signatures.keyOf(arg));
    const inputs = this.#signatures.match(keys, args);
    if (inputs === null) throw changedError(1, "an argument changes when it is read");
    const entry: Entry = { keys, compilation: null };
    this.#entries.unshift(entry);
    if (this.#entries.length > MAX_ENTRIES) this.#dropOldest();
    return { entry, inputs };
  }

  #dropOldest(): void {
    this.#entries.pop();
    if (++this.#dropCount === 1)
      console.warn(
        `pedigrad: a compiled function was called with more than ${MAX_ENTRIES} different kinds of arguments, so its oldest compiled forms are dropped: a number or a shape among the arguments keeps changing. Pass the number as a tensor.`,
      );
  }

  /** The first call: runs f itself and records it. */
  #record(entry: Entry, args: A, inputs: readonly Tensor[]): R {
    const fresh = inputs.map((x) => (x.shape.length === 0 ? ofNumber(rawNumber(x)) : ofView(rawView(x))));
    const writer = new Writer(fresh);
    const { value, reads } = this.#run(args, fresh, (body) => withRecorder(writer, body));
    const signature = this.#signatures.ofResult(value);
    const { leaves } = signature;
    const recording = writer.finish(leaves);
    const sets = new OutputSets(recording, leaves);
    const maker = makerOf(value);
    const record = leadingRecord(value);
    const leavesInRecord = isRecord(record) ? this.#signatures.match(entry.keys.slice(0, 1), [record]) : null;
    const carryCount = leavesInRecord?.length ?? 0;
    const work = new Work(recording);
    entry.compilation = { recording, signature, maker, carryCount, sets, reads, work, executable: null };
    const provenances = sets.of(inputs);
    return maker.make(leaves.map((x, k) => x.withProvenance(provenances[k] as Provenance))) as R;
  }

  /** The compiled form, after a comparison if one is due. */
  #executableOf(entry: Entry, compilation: Compilation, args: A): Executable {
    if (compilation.work.isDue()) this.#compare(entry, compilation, args);
    compilation.executable ??= new Executable(
      programOf(compilation.recording),
      compilation.signature.leaves,
      compilation.carryCount,
    );
    return compilation.executable;
  }

  /** Runs f without numbers and compares it with its recording; at the first difference, drops the recording and throws. */
  #compare(entry: Entry, { recording, signature, work }: Compilation, args: A): void {
    const changed = (difference: string): PedigradError => changedError(work.calls, difference);
    const fresh = recording.inputs.map((shape) => absent(shape));
    const comparison = new Comparison(fresh, recording, changed);
    try {
      const { value } = this.#run(args, fresh, (body) => withCheckingRecorder(comparison, body));
      const { text, leaves } = this.#signatures.ofResult(value);
      comparison.throwRefusal();
      if (text !== signature.text)
        throw changed(
          `the result was ${fromFirstDifference(signature.text, text)}, now it is ${fromFirstDifference(text, signature.text)}`,
        );
      comparison.finish(leaves);
      work.noteComparison();
    } catch (error) {
      entry.compilation = null;
      throw error;
    }
  }

  /** Runs f on `inputs`. Returns its result, and the provenance of the values that it read. */
  #run(args: A, inputs: readonly Tensor[], wrap: (body: () => R) => R): { value: R; reads: Provenance } {
    const argsWithInputs = fillLeaves(args, inputs, isInput, this.inputFor) as A;
    const outcome = inFreshRun(() => {
      const value = wrap(() => this.f(...argsWithInputs));
      return { value, reads: currentAmbient() };
    });
    noteRead(outcome.reads);
    if (outcome.value instanceof Promise)
      throw new PedigradError({
        code: "async-program",
        op: "jit",
        message:
          "jit: the function returned a promise, but ops after an await would not be recorded. Make it a plain function: await the data before the call, and pass them as arguments.",
      });
    return outcome;
  }
}
