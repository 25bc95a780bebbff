/**
 * Where every value of a program lives: a fixed place in one arena, or, for the result of a view op, strides over the place of
 * another value.
 */
import { copyInto } from "../../core/copy.js";
import { type Shape, sizeOf } from "../../core/shape.js";
import { rawNumber, rawView } from "../../core/tensor.js";
import { broadcastView, contiguous, isContiguous, type View } from "../../core/view.js";
import { allocate, type Simd } from "../../kernels/wasm/simd.js";
import type { Program, Value } from "./program.js";

/** How an operand is read in a loop over `shape`: one value again and again, in step with the loop, or by strides. */
export type Reading = "repeated" | "flat" | readonly number[];

export class Layout {
  /** The arena. */
  readonly memory: Float64Array;
  /** What makes SIMD code for the arena, where some array of the program is long enough to gain by it. */
  readonly simd: Simd | null;
  readonly #views: View[];
  readonly #owners: number[];

  constructor(
    readonly program: Program,
    { simd = true } = {},
  ) {
    const { values } = program;
    const offsets: number[] = [];
    let size = 0;
    for (const value of values) {
      offsets.push(size);
      size += storageOf(value);
    }
    this.simd = simd && values.some((x) => x.kind === "op" && isLong(sizeOf(x.shape))) ? allocate(size) : null;
    this.memory = this.simd?.numbers ?? new Float64Array(size);
    this.#owners = values.map((_, i) => i);
    this.#views = [];
    values.forEach((value, i) => {
      this.#views.push(this.#place(value, i, offsets[i] as number));
    });
  }

  #place(value: Value, i: number, offset: number): View {
    if (value.kind === "constant") {
      const isRepeated = isOneNumber(rawView(value.tensor));
      const shape = isRepeated ? [] : value.shape;
      const own = contiguous(this.memory, shape, offset);
      if (isRepeated) this.memory[offset] = rawNumber(value.tensor);
      else copyInto(own, rawView(value.tensor));
      return broadcastView(own, value.shape);
    }
    if (value.kind === "op" && value.op.view !== undefined) {
      const from = value.inputs[0] as number;
      const seen = value.op.view(value.params, this.view(from));
      if (seen !== undefined) {
        this.#owners[i] = this.owner(from);
        return seen;
      }
    }
    return contiguous(this.memory, value.shape, offset);
  }

  view(i: number): View {
    return this.#views[i] as View;
  }
  /** The value whose memory this one is seen in. */
  owner(i: number): number {
    return this.#owners[i] as number;
  }
  isView(i: number): boolean {
    return this.owner(i) !== i;
  }
  offset(i: number): number {
    return this.view(i).offset;
  }

  /** How value i is read in a loop over `shape`, with the strides along each axis where it is neither flat nor one number. */
  reading(i: number, shape: Shape): Reading {
    const view = this.view(i);
    if (sizeOf(view.shape) === 1) return "repeated";
    const seen = broadcastView(view, shape);
    if (seen.stride.every((s, axis) => s === 0 || shape[axis] === 1)) return "repeated";
    return isContiguous(seen) ? "flat" : seen.stride;
  }

  /** The kernel of step i with its buffers bound. */
  boundKernel(i: number): () => void {
    const value = this.program.values[i] as Extract<Value, { kind: "op" }>;
    const { op, params } = value;
    const out = this.view(i);
    const inputs = value.inputs.map((x) => this.view(x));
    return op.prepare?.(params, out, inputs) ?? (() => op.kernel(params, out, inputs));
  }
}

/** Whether all elements of a view are one number in memory. */
const isOneNumber = ({ shape, stride }: View): boolean => stride.every((s, axis) => s === 0 || shape[axis] === 1);

/** From this many elements on SIMD code is called. */
export const isLong = (size: number): boolean => size >= 64;

/** Arrays begin at even places and have room for one number more: SIMD code reads and writes in pairs. */
function storageOf(value: Value): number {
  const size = value.kind === "constant" && isOneNumber(rawView(value.tensor)) ? 1 : sizeOf(value.shape);
  return size + 2 - (size % 2);
}
