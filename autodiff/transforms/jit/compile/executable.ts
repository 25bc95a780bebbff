/** A compiled program: inputs are written into the arena, the generated function runs, outputs are copied out of it. */
import type { Provenance } from "../../../../provenance/index.js";
import { copyInto } from "../../../core/copy.js";
import { sizeOf } from "../../../core/shape.js";
import { rawNumber, rawView, Tensor } from "../../../core/tensor.js";
import { contiguous, isContiguous, type View } from "../../../core/view.js";
import type { Program } from "../program/program.js";
import { type Generated, generate } from "./generate.js";
import { Layout } from "./layout.js";

export class Executable {
  /** The generated text. */
  readonly text: string;
  readonly #run: () => void;
  readonly #layout: Layout;
  readonly #last: (Tensor | null)[];
  readonly #outputSize: number;
  /** Where each output is found; null for one that never changes. */
  readonly #sources: readonly (View | null)[];

  /** `samples` are the outputs of the recording: those that never change are returned again. */
  constructor(
    readonly program: Program,
    readonly samples: readonly Tensor[],
  ) {
    const { layout, text, run } = bound(program);
    this.#layout = layout;
    this.text = text;
    this.#run = run;
    this.#last = new Array<Tensor | null>(program.inputCount).fill(null);
    this.#sources = program.outputs.map((place) => (this.#isConstant(place) ? null : this.#layout.view(place)));
    this.#outputSize = program.outputs.reduce(
      (sum, place, k) => sum + (this.#isKept(place, k) ? 0 : (samples[k] as Tensor).size),
      0,
    );
  }

  /** Outputs that are numbers, or do not depend on the inputs, need no buffer. */
  #isKept(place: number, k: number): boolean {
    return this.#isConstant(place) || (this.samples[k] as Tensor).shape.length === 0;
  }
  #isConstant(place: number): boolean {
    return this.program.values[place]?.kind === "constant";
  }

  /** The outputs for these inputs, with these sets, in buffers of their own: what the caller keeps is never overwritten. */
  run(inputs: readonly Tensor[], sets: readonly Provenance[]): Tensor[] {
    const { memory } = this.#layout;
    for (let i = 0; i < inputs.length; i++) {
      const x = inputs[i] as Tensor;
      if (x === this.#last[i]) continue;
      this.#last[i] = x;
      if (x.shape.length === 0) memory[this.#layout.offset(i)] = rawNumber(x);
      else copyInto(this.#layout.view(i), rawView(x));
    }
    this.#run();
    const buffer = this.#outputSize === 0 ? null : new Float64Array(this.#outputSize);
    const outputs = new Array<Tensor>(this.samples.length);
    let at = 0;
    for (let k = 0; k < outputs.length; k++) {
      const sample = this.samples[k] as Tensor;
      const from = this.#sources[k] as View | null;
      const set = sets[k] as Provenance;
      if (from === null) outputs[k] = sample.withProvenance(set);
      else if (sample.shape.length === 0) outputs[k] = new Tensor(memory[from.offset] as number, set);
      else {
        const out = contiguous(buffer as Float64Array, sample.shape, at);
        const size = sizeOf(sample.shape);
        if (size < 32 && isContiguous(from))
          for (let i = 0; i < size; i++) out.data[at + i] = memory[from.offset + i] as number;
        else copyInto(out, from);
        at += size;
        outputs[k] = new Tensor(out, set);
      }
    }
    return outputs;
  }
}

/** A program with its arena: `run` takes the inputs from their views and leaves the values in theirs. */
export function bound(program: Program): { layout: Layout; text: string; run: () => void } {
  const { layout, generated, loops } = link(program);
  const { text, kernels, functions, routines } = generated;
  const make = new Function("M", "kernels", "functions", "simd", text);
  return {
    layout,
    text: loops === null ? text : `${text}\n/* SIMD code:\n${routines}\n*/\n`,
    run: make(layout.memory, kernels, functions, loops) as () => void,
  };
}

interface Linked {
  readonly layout: Layout;
  readonly generated: Generated;
  /** The SIMD routines by name, where the text calls any. */
  readonly loops: Record<string, () => void> | null;
}

/**
 * A program's text and what it calls. Where the platform refuses a module of that size, as a browser's main thread may with a
 * RangeError and V8's limits with a CompileError, plain loops do.
 */
function link(program: Program): Linked {
  const layout = new Layout(program);
  const generated = generate(program, layout);
  if (generated.routines === "" || layout.simd === null) return { layout, generated, loops: null };
  try {
    return { layout, generated, loops: layout.simd.compile(generated.routines) };
  } catch (error) {
    if (!(error instanceof RangeError) && (error as Error).name !== "CompileError") throw error;
    const plain = new Layout(program, { simd: false });
    return { layout: plain, generated: generate(program, plain), loops: null };
  }
}
