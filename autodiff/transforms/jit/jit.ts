/**
 * jit(f): f recorded once and run from then on as one generated function. The contract: f is pure in its arguments. That is
 * not taken on trust: the second call records again and compiles only if both recordings are the same program with the same
 * captured constants, and calls 4, 8, 16, … record once more; a difference throws and names what changed.
 *
 * Tensors, typed arrays and ndarrays are inputs; other arguments are static, compared by value (functions and instances of
 * classes by identity), and part of the key together with the shapes.
 */
import { MIX } from "../../../provenance/axes.js";
import { PedigradError } from "../../../provenance/index.js";
import { batchDepth } from "../../core/batch.js";
import { gradDepth } from "../../core/node.js";
import { listening, recorder } from "../../core/recorder.js";
import { rawNumber, rawView, Tensor } from "../../core/tensor.js";
import { mapTree } from "../tree.js";
import { Executable } from "./executable.js";
import { difference, type Program, ProgramRecorder } from "./program.js";
import { Result } from "./result.js";
import { type ArgumentKey, isInput, match, type Returned, Signatures } from "./signature.js";

/** What is known about one key: how often it ran, its program, its compiled form. */
interface Entry {
  readonly keys: readonly ArgumentKey[];
  calls: number;
  program: Program | null;
  executable: Executable | null;
  /** What it returns. */
  result: Result | null;
}

const KEPT = 16;
const isPowerOfTwo = (n: number): boolean => (n & (n - 1)) === 0;

export interface Jitted<A extends unknown[], R> {
  (...args: A): R;
  /** The generated text for arguments like these. */
  source(...args: A): string;
}

/** f compiled: same results bit for bit, same gradients, one function call. */
export function jit<A extends unknown[], R>(f: (...args: A) => R): Jitted<A, R> {
  const compiler = new Compiler(f);
  // Inside another recording, a gradient or a batch, f's ops are simply part of the larger program.
  const call = (...args: A): R =>
    recorder !== null || gradDepth > 0 || batchDepth > 0 ? f(...args) : compiler.call(args);
  call.source = (...args: A): string => compiler.source(args);
  return call;
}

class Compiler<A extends unknown[], R> {
  /** The most recently used first. */
  readonly #entries: Entry[] = [];
  readonly #signatures = new Signatures();
  /** The records of the last result: a loop hands them back, and they need not be looked at again. */
  #returned: readonly Returned[] = [];
  #dropped = 0;

  constructor(readonly f: (...args: A) => R) {}

  call(args: A): R {
    const { entry, inputs } = this.#find(args);
    entry.calls++;
    if (entry.executable === null || isPowerOfTwo(entry.calls)) return this.#record(entry, args, inputs);
    const result = entry.result as Result;
    this.#returned = result.returned;
    return result.of(entry.executable.run(inputs)) as R;
  }

  source(args: A): string {
    const { entry, inputs } = this.#find(args);
    while (entry.executable === null) {
      entry.calls++;
      this.#record(entry, args, inputs);
    }
    return entry.executable.text;
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
    const entry: Entry = { keys, calls: 0, program: null, executable: null, result: null };
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

  /** Run f eagerly while the recorder listens; compile at the second of two equal recordings. */
  #record(entry: Entry, args: A, inputs: readonly Tensor[]): R {
    // What a compiled function mixes, only its recording would know.
    const fresh = inputs.map(
      (x) => new Tensor(x.shape.length === 0 ? rawNumber(x) : rawView(x), x.provenance.moved(MIX, "jit")),
    );
    const listener = new ProgramRecorder(fresh);
    let next = 0;
    const given = args.map((arg) => mapTree(arg, (leaf) => (isInput(leaf) ? fresh[next++] : leaf))) as A;
    const value = listening(listener, () => this.f(...given));
    entry.result = new Result(value, this.#signatures);
    const { outputs } = entry.result;
    const program = listener.finish(outputs);
    const changed = entry.program === null ? null : difference(entry.program, program);
    if (changed !== null)
      throw new PedigradError({
        code: "jit-changed",
        op: "jit",
        message: `jit: the program changed between calls: a number, an array or a branch that is not among its arguments is another one now. Pass the changing number as an argument, a tensor, or do not compile ({ jit: false } for SVI). Call ${entry.calls} did something else than the calls before it: ${changed}.`,
      });
    if (entry.program !== null) entry.executable ??= new Executable(program, outputs);
    entry.program ??= program;
    return value;
  }
}
