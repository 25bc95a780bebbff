/** A compiled program: inputs are written into the arena, the generated function runs, outputs are copied out of the arena. */
import { canGenerateCode } from "../../../../provenance/base/codeGeneration.js";
import { Provenance } from "../../../../provenance/index.js";
import { copyInto } from "../../../core/copy.js";
import { ofNumber, ofView, rawNumber, rawView, type Tensor } from "../../../core/tensor.js";
import { contiguous, isContiguous, type View, viewOf } from "../../../core/view.js";
import type { Program } from "../program/program.js";
import { bindCarry } from "./carry.js";
import { type Generated, generate } from "./generate.js";
import { Layout } from "./layout.js";
import { membersOf } from "./schedule.js";

export class Executable {
  /** The generated text. */
  readonly text: string;
  readonly #run: () => void;
  /** The second part of a run, which writes over inputs. */
  readonly #finish: (() => void) | null;
  readonly #layout: Layout;
  /** The tensors whose numbers were last written to the places of the inputs. Single numbers are written in every run. */
  readonly #lastInputs: (Tensor | null)[];
  readonly #outputSize: number;
  /** The object that must be told before the next run, because it relies on the arena. */
  holder: Holder | null = null;
  #carry: (() => void) | null = null;
  /** The view of each output in the arena; null for an output that never changes. */
  readonly #sources: readonly (View | null)[];

  /**
   * `recordedOutputs` are the outputs of the recorded call. An output that never changes is not computed again: every run returns the
   * recorded tensor. `runWithCarry` may be asked to use the first `carryCount` outputs as the first inputs of the next run.
   */
  constructor(
    readonly program: Program,
    readonly recordedOutputs: readonly Tensor[],
    carryCount = 0,
  ) {
    const { layout, text, run, finish } = bindProgram(program, carryCount);
    this.#layout = layout;
    this.text = text;
    this.#run = run;
    this.#finish = finish;
    this.#lastInputs = new Array<Tensor | null>(program.inputCount).fill(null);
    this.#sources = program.outputs.map((i) => (program.values[i]?.kind === "constant" ? null : layout.view(i)));
    // Outputs that are numbers, or do not depend on the inputs, need no buffer.
    this.#outputSize = this.#sources.reduce(
      (sum, from) => sum + (from === null || from.shape.length === 0 ? 0 : from.size),
      0,
    );
  }

  /**
   * The outputs for these inputs, with the provenance `sets`. They are in new buffers, so a later run does not overwrite what the caller
   * keeps.
   */
  run(inputs: readonly Tensor[], sets: readonly Provenance[]): Tensor[] {
    this.releaseHolder();
    this.#load(inputs, 0);
    this.#run();
    if (this.#finish !== null) {
      for (const input of this.#layout.inPlace.inputs.values()) this.#lastInputs[input] = null;
      this.#finish();
    }
    return this.outputs(sets);
  }

  /** Tells the holder, if there is one, that it can no longer rely on the arena. */
  releaseHolder(): void {
    this.holder?.release();
    this.holder = null;
  }

  /**
   * Runs with the first `count` outputs of the last run, which are still in the arena, as the first inputs, and with `others` as the other
   * inputs. Calls `shouldContinue` before any input is overwritten; by then, all other outputs that are numbers have been computed. If
   * `shouldContinue` returns false, the run stops there, and the result is false.
   */
  runWithCarry(count: number, others: readonly Tensor[], shouldContinue: () => boolean): boolean {
    this.#carry ??= bindCarry(this.#layout, count);
    this.#carry();
    this.#lastInputs.fill(null, 0, count);
    this.#load(others, count);
    this.#run();
    if (!shouldContinue()) return false;
    this.#finish?.();
    return true;
  }

  /** The outputs of the last run, with the provenance `sets`. */
  outputs(sets: readonly Provenance[]): Tensor[] {
    const buffer = this.#outputSize === 0 ? null : new Float64Array(this.#outputSize);
    const outputs = new Array<Tensor>(this.recordedOutputs.length);
    let at = 0;
    for (let k = 0; k < outputs.length; k++) {
      const from = this.#sources[k] as View | null;
      if (from === null) outputs[k] = (this.recordedOutputs[k] as Tensor).withProvenance(sets[k] as Provenance);
      else {
        outputs[k] = this.#copyOut(from, sets[k] as Provenance, buffer, at);
        at += from.shape.length === 0 ? 0 : from.size;
      }
    }
    return outputs;
  }

  /** Copies of the first `count` inputs of the last run. Only valid if `shouldContinue` stopped that run before it overwrote them. */
  inputs(count: number): Tensor[] {
    return Array.from({ length: count }, (_, i) => {
      const from = this.#layout.view(i);
      return this.#copyOut(from, Provenance.empty, new Float64Array(from.size), 0);
    });
  }

  /** Output k of the last run, which is a number. */
  number(k: number): number {
    const from = this.#sources[k] as View | null;
    return from === null ? rawNumber(this.recordedOutputs[k] as Tensor) : (from.data[from.offset] as number);
  }

  #load(inputs: readonly Tensor[], first: number): void {
    for (let k = 0; k < inputs.length; k++) {
      const [x, i] = [inputs[k] as Tensor, first + k];
      const to = this.#layout.view(i);
      if (to.shape.length === 0) to.data[to.offset] = rawNumber(x);
      else if (x !== this.#lastInputs[i]) {
        this.#lastInputs[i] = x;
        copyInto(to, rawView(x));
      }
    }
  }

  /** A value of the arena as a new tensor, whose numbers are copied to `buffer` from `at` on. */
  #copyOut(from: View, set: Provenance, buffer: Float64Array | null, at: number): Tensor {
    if (from.shape.length === 0) return ofNumber(from.data[from.offset] as number, set);
    const to = buffer as Float64Array;
    const size = from.size;
    if (size < MIN_COPY_CALL && isContiguous(from)) {
      for (let i = 0; i < size; i++) to[at + i] = from.data[from.offset + i] as number;
      return ofView(viewOf(to, from.shape, from.stride, at), set);
    }
    const out = contiguous(to, from.shape, at);
    copyInto(out, from);
    return ofView(out, set);
  }
}

/** Below this size, a loop copies faster than a call of a copying function. */
const MIN_COPY_CALL = 32;

/** An object that relies on the values of the last run in the arena. */
export interface Holder {
  /** Copies the values that it needs, because another run is about to begin. */
  release(): void;
}

export interface BoundProgram {
  readonly layout: Layout;
  readonly text: string;
  readonly run: () => void;
  /** The second part of a run, which writes over inputs; null if there is none. */
  readonly finish: (() => void) | null;
}

/** A program with its arena. `run` reads the inputs from their places in the arena and writes all other values to their places. */
export function bindProgram(program: Program, carryCount = 0): BoundProgram {
  if (!canGenerateCode()) return interpretProgram(program);
  const { layout, code, simdRoutines } = link(program, carryCount);
  const { text, kernels, functions, routines } = code;
  const make = new Function("M", "kernels", "functions", "simd", text);
  const [run, finish = null] = make(layout.memory, kernels, functions, simdRoutines) as [() => void, (() => void)?];
  return { layout, text: simdRoutines === null ? text : `${text}\n/* SIMD code:\n${routines}\n*/\n`, run, finish };
}

/** Like `bindProgram`, where code generation is forbidden: `run` calls the kernels of all ops, one after the other. */
export function interpretProgram(program: Program): BoundProgram {
  const layout = new Layout(program, { fused: false });
  const opValues = layout.schedule.units.flatMap(membersOf);
  const kernels = opValues.map((i) => layout.boundKernel(i));
  const names = opValues.map((i) => layout.views.op(i).op.name);
  const run = (): void => {
    for (let k = 0; k < kernels.length; k++) (kernels[k] as () => void)();
  };
  return { layout, text: names.join("\n"), run, finish: null };
}

interface LinkedProgram {
  readonly layout: Layout;
  readonly code: Generated;
  /** The SIMD routines by name; null if the text calls none. */
  readonly simdRoutines: Record<string, () => void> | null;
}

/**
 * A program's text and the routines that it calls. If the platform refuses a SIMD module of this size, plain loops replace the SIMD code:
 * the main thread of a browser may throw a RangeError, and V8, because of its limits, a CompileError.
 */
function link(program: Program, carryCount: number, simd = true): LinkedProgram {
  const layout = new Layout(program, { simd, carryCount });
  const code = generate(layout);
  if (code.routines === "" || layout.simd === null) return { layout, code, simdRoutines: null };
  try {
    return { layout, code, simdRoutines: layout.simd.compile(code.routines) };
  } catch (error) {
    if (!(error instanceof RangeError) && (error as Error).name !== "CompileError") throw error;
    return link(program, carryCount, false);
  }
}
