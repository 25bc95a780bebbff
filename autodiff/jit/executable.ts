/** A compiled program: inputs are written into the arena, the generated function runs, outputs are copied out of it. */
import { copyInto } from "../copy.js";
import { Tensor } from "../tensor.js";
import { contiguous, isContiguous, sizeOf } from "../view.js";
import { generate } from "./generate.js";
import { Layout } from "./layout.js";
import type { Program } from "./program.js";

export class Executable {
  /** The generated text. */
  readonly text: string;
  readonly #run: () => void;
  readonly #layout: Layout;
  readonly #last: (Tensor | null)[];
  readonly #outputSize: number;

  /** `samples` are the outputs of the recording: they say what the outputs depend on. */
  constructor(
    readonly program: Program,
    readonly samples: readonly Tensor[],
  ) {
    this.#layout = new Layout(program);
    const { memory, simd } = this.#layout;
    const { text, kernels, functions, routines } = generate(program, this.#layout);
    this.text = routines === "" ? text : `${text}\n/* SIMD code:\n${routines}\n*/\n`;
    const compiled = routines === "" ? null : simd?.compile(routines);
    const make = new Function("M", "kernels", "functions", "simd", text);
    this.#run = make(memory, kernels, functions, compiled) as () => void;
    this.#last = new Array<Tensor | null>(program.inputCount).fill(null);
    this.#outputSize = program.outputs.reduce(
      (sum, place, k) => sum + (this.#isKept(place, k) ? 0 : storage(samples[k] as Tensor)),
      0,
    );
  }

  /** Outputs that are numbers, or do not depend on the inputs, need no buffer. */
  #isKept(place: number, k: number): boolean {
    return this.program.values[place]?.kind === "constant" || (this.samples[k] as Tensor).shape.length === 0;
  }

  /** The outputs for these inputs, in buffers of their own: what the caller keeps is never overwritten. */
  run(inputs: readonly Tensor[]): Tensor[] {
    const { memory } = this.#layout;
    for (let i = 0; i < inputs.length; i++) {
      const x = inputs[i] as Tensor;
      if (x === this.#last[i]) continue;
      this.#last[i] = x;
      if (x.shape.length === 0) memory[this.#layout.offset(i)] = x.number;
      else copyInto(this.#layout.view(i), x.view);
    }
    this.#run();
    const buffer = this.#outputSize === 0 ? null : new Float64Array(this.#outputSize);
    let at = 0;
    return this.program.outputs.map((place, k) => {
      const sample = this.samples[k] as Tensor;
      if (this.program.values[place]?.kind === "constant") return sample;
      const view = this.#layout.view(place);
      if (sample.shape.length === 0) return new Tensor(memory[view.offset] as number, sample.provenance);
      const out = contiguous(buffer as Float64Array, sample.shape, at);
      at += sizeOf(sample.shape);
      if (isContiguous(view) && at - out.offset < 32)
        for (let i = 0; i < at - out.offset; i++) out.data[out.offset + i] = memory[view.offset + i] as number;
      else copyInto(out, view);
      return new Tensor(out, sample.provenance);
    });
  }
}

const storage = (x: Tensor): number => sizeOf(x.shape);
