/** Where every value of a program lives: a place in one arena, or strides over the place of another value. */
import { copyInto } from "../../../core/copy.js";
import { sizeOf } from "../../../core/shape.js";
import { rawNumber, rawView } from "../../../core/tensor.js";
import { contiguous, type View, viewOf } from "../../../core/view.js";
import { allocate, type Simd } from "../../../kernels/wasm/simd.js";
import type { OpValue, Program, Value } from "../program/program.js";
import { placesOf } from "./arena.js";
import { schedule, type Unit } from "./schedule.js";
import { isOneNumber, Views } from "./views.js";

export class Layout {
  /** The arena. */
  readonly memory: Float64Array;
  /** The assembler of SIMD code for the arena, where some array of the program is long enough to gain by it. */
  readonly simd: Simd | null;
  readonly units: readonly Unit[];
  readonly views: Views;
  readonly #offsets: readonly number[];
  readonly #views: (View | undefined)[] = [];

  constructor(
    readonly program: Program,
    { simd = true, fused = true } = {},
  ) {
    const { values } = program;
    this.views = new Views(program);
    this.units = schedule(program, this.views, fused);
    const { offsets, size } = placesOf(program, this.units, this.views);
    this.#offsets = offsets;
    this.simd = simd && values.some((x) => x.kind === "op" && isLong(sizeOf(x.shape))) ? allocate(size) : null;
    this.memory = this.simd?.numbers ?? new Float64Array(size);
    values.forEach((value, i) => {
      if (value.kind === "constant") this.#fill(value, offsets[i] as number);
    });
  }

  #fill({ tensor, shape }: Extract<Value, { kind: "constant" }>, offset: number): void {
    const from = rawView(tensor);
    if (isOneNumber(from)) this.memory[offset] = rawNumber(tensor);
    else copyInto(contiguous(this.memory, shape, offset), from);
  }

  /** Value i in the arena. */
  view(i: number): View {
    const known = this.#views[i];
    if (known !== undefined) return known;
    const { shape, stride, offset } = this.views.view(i);
    const view = viewOf(this.memory, shape, stride, (this.#offsets[this.views.owner(i)] as number) + offset);
    this.#views[i] = view;
    return view;
  }
  offset(i: number): number {
    return this.view(i).offset;
  }

  /** The kernel of step i with its buffers bound. */
  boundKernel(i: number): () => void {
    const { op, params, inputs: from } = this.program.values[i] as OpValue;
    const out = this.view(i);
    const inputs = from.map((x) => this.view(x));
    return op.prepare?.(params, out, inputs) ?? (() => op.kernel(params, out, inputs));
  }
}

/** From this many elements on SIMD code is called. */
export const isLong = (size: number): boolean => size >= 64;
