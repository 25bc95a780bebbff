/**
 * The value everything is made of: an immutable, strided float64 array with a pedigree. Booleans are 0 and 1, indices exact
 * integers. Every op is a free function; each is also a method here with the receiver first.
 *
 * Reading a number out of a tensor (`item`, `toArray`, `data`, `x > 0`, `list[x]`) tells the current run what its host code
 * now depends on (provenance/ambient.ts).
 */
import { noteRead, PedigradError, Provenance } from "../provenance/index.js";
import * as indexing from "./indexing.js";
import * as linalg from "./linalg.js";
import type { Node } from "./node.js";
import { recorder } from "./recorder.js";
import type { Axes, KeepDims } from "./reduce.js";
import * as reduce from "./reduce.js";
import * as shaping from "./shape.js";
import { SpecialMethods } from "./specialMethods.js";
import { type NestedNumbers, type TensorLike, toFlat, toNested, toTensor } from "./tensorLike.js";
import { type Shape, showShape, sizeOf, type View } from "./view.js";

/** What makes a tensor one example of a batch inside `vmap`: the whole batch, its axis in front, and the depth of the vmap. */
export interface Batch {
  readonly level: number;
  readonly value: Tensor;
}

export class Tensor extends SpecialMethods {
  readonly shape: Shape;
  /** The sites this value depends on. */
  readonly provenance: Provenance;
  /** How it was made, while a gradient is being taken. */
  node: Node | null = null;
  readonly batch: Batch | null;
  readonly #view: View | null;

  /** For the engine; make tensors with `tensor`. */
  constructor(view: View | Batch, provenance: Provenance = Provenance.empty) {
    super();
    this.provenance = provenance;
    if ("level" in view) {
      this.batch = view;
      this.#view = null;
      this.shape = view.value.shape.slice(1);
    } else {
      this.batch = null;
      this.#view = view;
      this.shape = view.shape;
    }
  }

  /** The strided data, for kernels: reading it leaves no trace in the run's ambient set. */
  get view(): View {
    return this.#view ?? unreadable("view");
  }

  #read(how: string): View {
    if (this.batch !== null) unreadable(how);
    recorder?.read(this, how);
    noteRead(this.provenance);
    return this.view;
  }

  /** The strided data as an ndarray. Do not write to it. */
  get data(): View {
    return this.#read("data");
  }

  /** The number in a tensor of one element. */
  item(): number {
    if (sizeOf(this.shape) !== 1)
      throw new PedigradError({
        code: "not-scalar",
        op: "item",
        message: `item: the tensor has shape ${showShape(this.shape)}, not one element. Use toArray(), or index it first.`,
      });
    const view = this.#read("item");
    return view.data[view.offset] as number;
  }

  /** The numbers as nested arrays, or a number for shape []. */
  toArray(): number | NestedNumbers {
    return toNested(this.#read("toArray"));
  }

  /** The numbers, row-major, in a fresh Float64Array. */
  toFloat64Array(): Float64Array {
    return toFlat(this.#read("toFloat64Array"));
  }

  toJSON(): number | NestedNumbers {
    return this.toArray();
  }

  override toString(): string {
    return this.batch !== null
      ? `Tensor${showShape(this.shape)} (batched)`
      : `Tensor${showShape(this.shape)} ${JSON.stringify(toNested(this.view))}`;
  }

  /** A number where JavaScript wants one: `z > 0`, `list[z]`, `+z`. */
  [Symbol.toPrimitive](hint: string): number | string {
    return hint === "string" && sizeOf(this.shape) !== 1 ? this.toString() : this.item();
  }

  /** The size of the first axis. */
  get length(): number {
    if (this.shape.length === 0)
      throw new PedigradError({
        code: "not-iterable",
        op: "length",
        message: "length: a scalar tensor has no first axis.",
      });
    return this.shape[0] as number;
  }

  /** The number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** The slices along the first axis. */
  *[Symbol.iterator](): Iterator<Tensor> {
    for (let i = 0; i < this.length; i++) yield shaping.pick(this, i);
  }

  /** The same value with another set. */
  withProvenance(provenance: Provenance): this {
    if (provenance === this.provenance) return this;
    const copy = new Tensor(this.batch ?? this.view, provenance) as this;
    copy.node = this.node;
    recorder?.alias(this, copy);
    return copy;
  }

  sum(axes?: Axes, options?: KeepDims): Tensor {
    return reduce.sum(this, axes, options);
  }
  mean(axes?: Axes, options?: KeepDims): Tensor {
    return reduce.mean(this, axes, options);
  }
  prod(axes?: Axes, options?: KeepDims): Tensor {
    return reduce.prod(this, axes, options);
  }
  max(axes?: Axes, options?: KeepDims): Tensor {
    return reduce.max(this, axes, options);
  }
  min(axes?: Axes, options?: KeepDims): Tensor {
    return reduce.min(this, axes, options);
  }
  logsumexp(axes?: Axes, options?: KeepDims): Tensor {
    return reduce.logsumexp(this, axes, options);
  }
  argmax(axis?: number, options?: KeepDims): Tensor {
    return reduce.argmax(this, axis, options);
  }
  argmin(axis?: number, options?: KeepDims): Tensor {
    return reduce.argmin(this, axis, options);
  }
  cumsum(axis?: number): Tensor {
    return reduce.cumsum(this, axis);
  }
  softmax(axis?: number): Tensor {
    return reduce.softmax(this, axis);
  }
  logSoftmax(axis?: number): Tensor {
    return reduce.logSoftmax(this, axis);
  }
  reshape(shape: Shape): Tensor {
    return shaping.reshape(this, shape);
  }
  transpose(axes?: readonly number[]): Tensor {
    return shaping.transpose(this, axes);
  }
  broadcastTo(shape: Shape): Tensor {
    return shaping.broadcastTo(this, shape);
  }
  expandDims(axis: number): Tensor {
    return shaping.expandDims(this, axis);
  }
  squeeze(axis?: number): Tensor {
    return shaping.squeeze(this, axis);
  }
  slice(start: number, end?: number, options?: shaping.SliceOptions): Tensor {
    return shaping.slice(this, start, end, options);
  }
  flip(axis?: number): Tensor {
    return shaping.flip(this, axis);
  }
  at(...indices: TensorLike[]): Tensor {
    return indexing.at(this, ...indices);
  }
  take(indices: TensorLike, axis?: number): Tensor {
    return indexing.take(this, indices, axis);
  }
  takeAlongAxis(indices: TensorLike, axis: number): Tensor {
    return indexing.takeAlongAxis(this, indices, axis);
  }
  scatterAdd(indices: TensorLike, updates: TensorLike, axis?: number): Tensor {
    return indexing.scatterAdd(this, indices, updates, axis);
  }
  matmul(b: TensorLike): Tensor {
    return linalg.matmul(this, b);
  }
}

function unreadable(how: string): never {
  throw new PedigradError({
    code: "read-in-vmap",
    op: how,
    message: `${how}: inside vmap a tensor stands for every element of a batch at once and has no single value to read. Use where() instead of a branch, at() instead of an array index, or loop over the axis without vmap.`,
  });
}

/** A tensor from anything tensor-like; a tensor is returned as it is. */
export const tensor = (x: TensorLike): Tensor => (x instanceof Tensor ? x : toTensor(x));

/** The same data seen as a tensor of its own, without its history. */
export const withoutNode = (x: Tensor): Tensor => {
  if (x.node === null) return x;
  const copy = new Tensor(x.batch ?? x.view, x.provenance);
  recorder?.alias(x, copy);
  return copy;
};
