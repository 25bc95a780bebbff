/**
 * jit(f): f recorded once and run from then on as one generated function. The contract: f is pure in its arguments. That is
 * not taken on trust: the second call compares f with its recording, step by step, before it compiles, and later calls do so
 * again (work.ts says which); a difference throws, names what changed, and forgets the program.
 *
 * Tensors, typed arrays and ndarrays are inputs; other arguments are static, compared by value (symbols, functions and instances
 * of classes by identity), and part of the key together with the shapes.
 */
import { requireFunction } from "../../../provenance/base/options.js";
import { currentAmbient, inFreshRun, noteRead, PedigradError, type Provenance } from "../../../provenance/index.js";
import { batchDepth } from "../../core/batch.js";
import { gradDepth } from "../../core/node.js";
import { checking, listening, recorder } from "../../core/recorder.js";
import { absent, ofNumber, ofView, rawNumber, rawView, Tensor } from "../../core/tensor.js";
import { mapTree } from "../tree.js";
import { Executable } from "./compile/executable.js";
import { OutputSets } from "./outputSets.js";
import { programOf } from "./program/program.js";
import { Comparison, type Recording, Writer } from "./program/recording.js";
import { type Host, Resident } from "./resident.js";
import { Result } from "./result.js";
import { type ArgumentKey, isInput, match, type Returned, Signatures } from "./signature.js";
import { Work } from "./work.js";

/** Everything known about one key. */
interface Entry {
  readonly keys: readonly ArgumentKey[];
  /** The recording of f's first call; null before it. */
  known: Known | null;
}

interface Known {
  readonly recording: Recording;
  /** Its results. */
  readonly result: Result;
  readonly sets: OutputSets;
  /** The captured tensors that f has read. */
  readonly reads: Provenance;
  readonly work: Work;
  /** Its compiled form, from the second call on. */
  executable: Executable | null;
}

const KEPT = 16;

export interface Jitted<A extends unknown[], R> {
  (...args: A): R;
  /** The generated text for arguments like these. */
  source(...args: A): string;
  /**
   * Further calls of a function whose result begins with the record that it takes first, such as the one that it has just returned: the
   * record stays where it is. Null where that cannot be.
   */
  resident(record: A[0]): Resident<R> | null;
  /** Refuse, as a call would, where f is not the program any more that calls like this one have run. */
  check(...args: A): void;
}

/** f compiled: same results bit for bit, same gradients, one function call. */
export function jit<A extends unknown[], R>(f: (...args: A) => R, ...rest: readonly never[]): Jitted<A, R> {
  requireFunction("jit", f, rest);
  const compiler = new Compiler(f);
  // Inside another recording, a gradient or a batch, f's ops are simply part of the larger program. Where no code may be generated,
  // f itself runs: slower, and with the same bits.
  const call = (...args: A): R =>
    recorder !== null || gradDepth > 0 || batchDepth > 0 ? f(...args) : compiler.call(args);
  call.source = (...args: A): string => compiler.source(args);
  call.resident = (record: A[0]): Resident<R> | null => compiler.resident(record);
  call.check = (...args: A): void => compiler.check(args);
  return call;
}

class Compiler<A extends unknown[], R> {
  /** The most recently used first. */
  readonly #entries: Entry[] = [];
  readonly #signatures = new Signatures();
  /** The records of the last result: a loop hands them back, and they need not be looked at again. */
  #returned: readonly Returned[] = [];
  /** Further calls of such a loop. */
  #loop: Resident<R> | null = null;
  #dropped = 0;

  constructor(readonly f: (...args: A) => R) {}

  call(args: A): R {
    const record = args[0];
    if (this.#loop?.holds(record) && this.#loop.next(args, 1)) return this.#loop.result();
    this.#loop = null;
    const isLoop = this.#returned.some(({ part }) => part === record);
    const { entry, inputs } = this.#find(args);
    if (entry.known === null) return this.#record(entry, args, inputs);
    const executable = this.#upToDate(entry, entry.known, args);
    const { result, sets, reads } = entry.known;
    if (reads.size > 0) noteRead(reads);
    this.#returned = result.returned;
    const value = result.of(executable.run(inputs, sets.of(inputs))) as R;
    if (isLoop && reads.size === 0) this.#loop = this.#loopOf(entry, value);
    return value;
  }

  source(args: A): string {
    const { entry, inputs } = this.#find(args);
    if (entry.known === null) this.#record(entry, args, inputs);
    return this.#upToDate(entry, entry.known as unknown as Known, args).text;
  }

  resident(record: A[0]): Resident<R> | null {
    this.#loop?.end();
    this.#loop = null;
    const [entry] = this.#entries;
    const loop = entry === undefined ? null : this.#loopOf(entry, null);
    if (loop === null || (loop.holds(record) && loop.endsInNumbers)) return loop;
    loop.end();
    return null;
  }

  /** Calls after the last one, which was of this entry and returned `value`; null where that does not begin with the record that f takes first. */
  #loopOf(entry: Entry, value: R | null): Resident<R> | null {
    const { known } = entry;
    const executable = known?.executable;
    if (known == null || executable == null || executable.holder !== null) return null;
    const own = known.result.returned.find(({ from, text }) => from === 0 && text === entry.keys[0]);
    if (own === undefined || known.sets.own.slice(0, own.to).some((set) => set.size > 0)) return null;
    const others = entry.keys.slice(1);
    const host: Host<R> = {
      executable,
      own,
      inputsOf: (rest) => {
        const inputs = match(others, rest, [], this.#signatures);
        return inputs?.every((x) => x.provenance.size === 0) ? inputs : null;
      },
      isStill: (args, from, isOwn) => {
        if (entry.known === known && known.work.isDue()) {
          if (!isOwn) known.result.of(known.result.outputs);
          this.#compare(entry, known, [own.part, ...args.slice(from)] as unknown as A);
        }
        return entry.known === known;
      },
      resultOf: (outputs) => {
        this.#returned = known.result.returned;
        return known.result.of(outputs) as R;
      },
      sets: known.sets.own,
    };
    return new Resident(host, value);
  }

  check(args: A): void {
    const { entry } = this.#find(args);
    if (entry.known !== null) this.#compare(entry, entry.known, args);
  }

  #find(args: A): { entry: Entry; inputs: Tensor[] } {
    for (let i = 0; i < this.#entries.length; i++) {
      const entry = this.#entries[i] as Entry;
      const inputs = match(entry.keys, args, this.#returned, this.#signatures);
      if (inputs === null) continue;
      if (i > 0) this.#entries.unshift(...this.#entries.splice(i, 1));
      return { entry, inputs };
    }
    const keys = args.map((arg) => (arg instanceof Tensor ? arg.shape : this.#signatures.of(arg).text));
    const entry: Entry = { keys, known: null };
    this.#entries.unshift(entry);
    if (this.#entries.length > KEPT) this.#dropOldest();
    return { entry, inputs: match(keys, args, [], this.#signatures) as Tensor[] };
  }

  #dropOldest(): void {
    this.#entries.pop();
    if (++this.#dropped === 1)
      console.warn(
        `pedigrad: jit has seen more than ${KEPT} kinds of arguments for one function: a number or a shape among them keeps changing. Pass the number as a tensor.`,
      );
  }

  /** The first call: f itself, while it is written down. */
  #record(entry: Entry, args: A, inputs: readonly Tensor[]): R {
    const fresh = inputs.map((x) => (x.shape.length === 0 ? ofNumber(rawNumber(x)) : ofView(rawView(x))));
    const writer = new Writer(fresh);
    const { value, reads } = this.#run(args, fresh, (body) => listening(writer, body));
    const result = new Result(value, this.#signatures);
    const recording = writer.finish(result.outputs);
    const sets = new OutputSets(recording, result.outputs);
    entry.known = { recording, result, sets, reads, work: new Work(recording), executable: null };
    const found = sets.of(inputs);
    return result.of(result.outputs.map((x, k) => x.withProvenance(found[k] as Provenance))) as R;
  }

  /** The compiled form, after a comparison where one is due. */
  #upToDate(entry: Entry, known: Known, args: A): Executable {
    if (known.work.isDue()) this.#compare(entry, known, args);
    known.executable ??= new Executable(programOf(known.recording), known.result.outputs);
    return known.executable;
  }

  /** Walk through f beside its recording, without numbers; where they part, forget the recording and throw. */
  #compare(entry: Entry, { recording, result, work }: Known, args: A): void {
    const changed = (what: string): PedigradError => changedError(work.calls, what);
    const fresh = recording.inputs.map((shape) => absent(shape));
    const comparison = new Comparison(fresh, recording, changed);
    try {
      const { value } = this.#run(args, fresh, (body) => checking(comparison, body));
      const { text, leaves } = this.#signatures.ofResult(value);
      comparison.end();
      if (text !== result.text)
        throw changed(`it returned ${parted(result.text, text)}, now ${parted(text, result.text)}`);
      comparison.finish(leaves);
      work.compared();
    } catch (error) {
      entry.known = null;
      throw error;
    }
  }

  /** f with `inputs` in the places of its inputs, in a run of its own: what it returns, and what it has read. */
  #run(args: A, inputs: readonly Tensor[], around: (body: () => R) => R): { value: R; reads: Provenance } {
    let next = 0;
    const given = args.map((arg) => mapTree(arg, (leaf) => (isInput(leaf) ? inputs[next++] : leaf))) as A;
    const outcome = inFreshRun(() => {
      const value = around(() => this.f(...given));
      return { value, reads: currentAmbient() };
    });
    noteRead(outcome.reads);
    return outcome;
  }
}

const changedError = (call: number, what: string): PedigradError =>
  new PedigradError({
    code: "jit-changed",
    op: "jit",
    message: `jit: the program changed between calls: a number, an array or a branch that is not among its arguments is another one now. Pass the changing number as an argument, a tensor, or do not compile ({ jit: false } for SVI). Call ${call} did something else than the calls before it: ${what}.`,
  });

/** The part of a text that begins where it parts from another one. */
function parted(text: string, other: string): string {
  let at = 0;
  while (at < text.length && text[at] === other[at]) at++;
  return text.slice(Math.max(0, text.lastIndexOf(" ", at - 1)), at + 60) || "nothing";
}
