/**
 * All calls of a compiled function with one key. The first call records f. The second call compares f with its recording, compiles it, and
 * runs the compiled form, as all later calls do; some of these compare again (work.ts).
 */
import { refuse } from "../../../provenance/base/error.js";
import { isRecord } from "../../../provenance/base/records.js";
import {
  currentAmbient,
  inFreshRun,
  noteRead,
  type PedigradError,
  type Provenance,
} from "../../../provenance/index.js";
import { withCheckingRecorder, withRecorder } from "../../core/recorder.js";
import { absent, ofNumber, ofView, rawNumber, rawView, type Tensor } from "../../core/tensor.js";
import { Executable } from "./compile/executable.js";
import { OutputSets } from "./outputSets.js";
import { changedError, fromFirstDifference } from "./program/differences.js";
import { programOf } from "./program/program.js";
import { Comparison, type Recording, Writer } from "./program/recording.js";
import { type Copy, Resident } from "./resident.js";
import { leadingRecord, type Maker, makerOf } from "./result.js";
import { type ArgumentKey, fillLeaves, type InputFor, isInput, type Signature, type Signatures } from "./signature.js";
import { Work } from "./work.js";

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

export class Entry<A extends unknown[], R> {
  /** The recording of f's first call; null before that call, and after a comparison has failed. */
  #compilation: Compilation | null = null;

  constructor(
    readonly f: (...args: A) => R,
    readonly inputFor: InputFor | undefined,
    readonly signatures: Signatures,
    readonly keys: readonly ArgumentKey[],
  ) {}

  /** One call of the compiled function. `inputs` are the inputs in its arguments. */
  call(args: A, inputs: readonly Tensor[]): Copy<R> {
    const compilation = this.#compilation;
    if (compilation === null) return this.#record(args, inputs);
    const executable = this.#executableOf(compilation, args);
    const { sets, reads, maker } = compilation;
    if (reads.size > 0) noteRead(reads);
    const outputs = executable.run(inputs, sets.of(inputs));
    return { result: maker.make(outputs) as R, outputs };
  }

  source(args: A, inputs: readonly Tensor[]): string {
    if (this.#compilation === null) this.#record(args, inputs);
    return this.#executableOf(this.#compilation as unknown as Compilation, args).text;
  }

  check(args: A, onlySometimes: boolean): void {
    const compilation = this.#compilation;
    if (compilation !== null && (!onlySometimes || compilation.work.isWorthComparing()))
      this.#compare(compilation, args);
  }

  /** Whether all outputs after the record with which the result begins are numbers. */
  get endsInNumbers(): boolean {
    const compilation = this.#compilation;
    return compilation?.signature.leaves.slice(compilation.carryCount).every((x) => x.shape.length === 0) ?? false;
  }

  /**
   * A Resident that continues after the last call, which matched this entry and returned `copy`. Null if the result does not begin with a
   * record like f's first argument.
   */
  residentAfter(copy: Copy<R> | null): Resident<R> | null {
    const compilation = this.#compilation;
    if (compilation?.executable == null) return null;
    const { executable, carryCount, maker, sets, reads, work, signature } = compilation;
    const { ownSets } = sets;
    if (carryCount === 0 || reads.size > 0 || ownSets.slice(0, carryCount).some((set) => set.size > 0)) return null;
    executable.releaseHolder();
    const laterKeys = this.keys.slice(1);
    const host = {
      ...compilation,
      executable,
      inputsOf: (laterArgs: readonly unknown[]) => {
        const inputs = this.signatures.match(laterKeys, laterArgs);
        return inputs?.every((x) => x.provenance.size === 0) ? inputs : null;
      },
      isUnchanged: (args: readonly unknown[], from: number, record: unknown) => {
        if (this.#compilation === compilation && work.isDue()) {
          const recordOrSample = record ?? leadingRecord(maker.make(signature.leaves));
          this.#compare(compilation, [recordOrSample, ...args.slice(from)] as unknown as A);
        }
        return this.#compilation === compilation;
      },
      ownSets,
    };
    return new Resident<R>(host, copy);
  }

  /** The first call: runs f itself and records it. */
  #record(args: A, inputs: readonly Tensor[]): Copy<R> {
    const fresh = inputs.map((x) => (x.shape.length === 0 ? ofNumber(rawNumber(x)) : ofView(rawView(x))));
    const writer = new Writer(fresh);
    const { value, reads } = this.#run(args, fresh, (body) => withRecorder(writer, body));
    const signature = this.signatures.ofResult(value);
    const { leaves } = signature;
    const recording = writer.finish(leaves);
    const sets = new OutputSets(recording, leaves);
    const maker = makerOf(value);
    const record = leadingRecord(value);
    const leavesInRecord = isRecord(record) ? this.signatures.match(this.keys.slice(0, 1), [record]) : null;
    const carryCount = leavesInRecord?.length ?? 0;
    const work = new Work(recording);
    this.#compilation = { recording, signature, maker, carryCount, sets, reads, work, executable: null };
    const provenances = sets.of(inputs);
    const outputs = leaves.map((x, k) => x.withProvenance(provenances[k] as Provenance));
    return { result: maker.make(outputs) as R, outputs };
  }

  /** The compiled form, after a comparison if one is due. */
  #executableOf(compilation: Compilation, args: A): Executable {
    if (compilation.work.isDue()) this.#compare(compilation, args);
    compilation.executable ??= new Executable(
      programOf(compilation.recording),
      compilation.signature.leaves,
      compilation.carryCount,
    );
    return compilation.executable;
  }

  /** Runs f without numbers and compares it with its recording; at the first difference, drops the recording and throws. */
  #compare({ recording, signature, work }: Compilation, args: A): void {
    const changed = (difference: string): PedigradError => changedError(work.calls, difference);
    const fresh = recording.inputs.map((shape) => absent(shape));
    const comparison = new Comparison(fresh, recording, changed);
    try {
      const { value } = this.#run(args, fresh, (body) => withCheckingRecorder(comparison, body));
      const { text, leaves } = this.signatures.ofResult(value);
      comparison.throwRefusal();
      if (text !== signature.text)
        throw changed(
          `the result was ${fromFirstDifference(signature.text, text)}, now it is ${fromFirstDifference(text, signature.text)}`,
        );
      comparison.finish(leaves);
      work.noteComparison();
    } catch (error) {
      this.#compilation = null;
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
      refuse(
        "async-program",
        "jit",
        "the function returned a promise, but ops after an await would not be recorded. Make it a plain function; await before the call.",
      );
    return outcome;
  }
}
