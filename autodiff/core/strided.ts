/**
 * A strided view of a Float64Array, with the members of the package ndarray: element [i, j, …] is at `offset` + i stride[0] + j stride[1] + ….
 * ndarray generates a class per rank. This one serves all ranks, needs no code generation, and is made as fast.
 */
import type { NdArray } from "ndarray";
import { type Shape, sizeOf } from "./shape.js";

/** An argument per axis; what is missing or null leaves its axis as it is. */
type PerAxis = readonly (number | null | undefined)[];

export class Strided implements NdArray<Float64Array> {
  readonly shape: number[];
  readonly stride: number[];

  /** Copies nothing. */
  constructor(
    readonly data: Float64Array,
    shape: Shape,
    stride: readonly number[],
    public offset: number,
  ) {
    this.shape = shape as number[];
    this.stride = stride as number[];
  }

  get dtype(): "float64" {
    return "float64";
  }
  get dimension(): number {
    return this.shape.length;
  }
  get size(): number {
    return sizeOf(this.shape);
  }
  /** The axes by stride, the smallest first. */
  get order(): number[] {
    const size = (axis: number): number => Math.abs(this.stride[axis] as number);
    return [...this.shape.keys()].sort((a, b) => size(a) - size(b));
  }

  /** Where an element is in `data`. */
  index(...at: number[]): number {
    let sum = this.offset;
    for (let axis = 0; axis < this.stride.length; axis++) sum += (at[axis] as number) * (this.stride[axis] as number);
    return sum;
  }
  get(...at: number[]): number {
    return this.data[this.index(...at)] as number;
  }
  /** Sets the element at the first arguments to the last. */
  set(...atAndValue: number[]): number {
    const value = atAndValue[this.shape.length] as number;
    this.data[this.index(...atAndValue)] = value;
    return value;
  }

  /** From these indices on. */
  lo(...start: number[]): Strided {
    return this.#along(start, (n, step, i) => (i < 0 ? [n, step, 0] : [n - i, step, i]));
  }
  /** Up to these sizes. */
  hi(...size: number[]): Strided {
    return this.#along(size, (n, step, i) => [i < 0 ? n : i, step, 0]);
  }
  /** Every n-th element; from the last one backwards for negative n. */
  step(...every: number[]): Strided {
    return this.#along(every, (n, step, k) => [Math.ceil(n / Math.abs(k)), step * k, k < 0 ? n - 1 : 0]);
  }
  /** The axes in this order. */
  transpose(...order: number[]): Strided {
    return this.#over([...this.shape.keys()].map((axis) => order[axis] ?? axis));
  }
  get T(): Strided {
    return this.#over([...this.shape.keys()].reverse());
  }
  /** The elements with these indices; the axes of indices are gone. */
  pick(...at: (number | null)[]): Strided {
    const first = this.#along(at, (n, step, i) => [n, step, Math.max(i, 0)]);
    return first.#over([...this.shape.keys()].filter((axis) => (at[axis] ?? -1) < 0));
  }

  /** The view whose axes are these of mine. */
  #over(axes: readonly number[]): Strided {
    const shape = axes.map((axis) => this.shape[axis] as number);
    const stride = axes.map((axis) => this.stride[axis] as number);
    return new Strided(this.data, shape, stride, this.offset);
  }
  /** The view whose axes have the sizes and strides that `change` gives, and begin after as many elements as it says. */
  #along(
    given: PerAxis,
    change: (size: number, stride: number, by: number) => readonly [size: number, stride: number, skipped: number],
  ): Strided {
    const view = this.#over([...this.shape.keys()]);
    given.slice(0, this.shape.length).forEach((by, axis) => {
      if (typeof by !== "number") return;
      const [n, step] = [this.shape[axis] as number, this.stride[axis] as number];
      const [size, stride, skipped] = change(n, step, Math.trunc(by));
      view.shape[axis] = size;
      view.stride[axis] = stride;
      view.offset += skipped * step;
    });
    return view;
  }
}
