/**
 * Tensor, the type of all values: an immutable, strided float64 array with provenance. Booleans are stored as 0 and 1, indices as whole
 * numbers. Every op is a free function, and most are also methods: `x.exp()` is `exp(x)`.
 *
 * If a program reads a number from a tensor (`item`, `toArray`, `data`, its text, `x > 0`, `list[x]`), the current run notes this, because
 * everything that the run computes afterwards may depend on that tensor (provenance/ambient.ts).
 */
import { refuse } from "../../provenance/base/error.js";
import { MAX_DEPTH, refuseDepth } from "../../provenance/base/records.js";
import { enumeratedIn, noteRead, noteRefusal, PedigradError, Provenance } from "../../provenance/index.js";
import { addMethods, haveMethods, type Methods, pick, stackFor } from "../methods.js";
import { type Batch, refuseRead } from "./batch.js";
import { type Nested, numbersOf, standIns, type TensorLike } from "./convert.js";
import { type NestedNumbers, showNumbers, toFlat, toNested } from "./nested.js";
import type { Node } from "./node.js";
import { recorder } from "./recorder.js";
import { type Shape, showShape, sizeOf } from "./shape.js";
import { contiguous, type View } from "./view.js";

const SCALAR: Shape = [];

/** The strided data of a tensor, for kernels. A call is not noted as a read, so the result must not decide a branch. */
export let rawView: (x: Tensor) => View;
/** The strided data of several tensors; a call is not noted as a read either. */
export function rawViews(xs: readonly Tensor[]): View[] {
  const views = new Array<View>(xs.length);
  for (let i = 0; i < xs.length; i++) views[i] = rawView(xs[i] as Tensor);
  return views;
}
/** The number in a tensor of one element; a call is not noted as a read either. */
export let rawNumber: (x: Tensor) => number;
/** Whether a tensor has a shape but no numbers. Such tensors exist while jit compares a function with its recording (recorder.ts). */
export let isAbsent: (x: Tensor) => boolean;
/** A tensor with the same value and the same serial in a recording, but without a node. */
let copy: (x: Tensor, provenance: Provenance) => Tensor;

export interface Tensor extends Methods {}
/**
 * @example tensor([1, 2, 3]).mul(2).sum().item() // 12
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the constructor adds the methods
export class Tensor {
  /** How this tensor was made, if a gradient is being taken. */
  node: Node | null = null;
  /** The serial of this tensor in the recording that made it (recorder.ts); 0 for a constant. */
  recordingSerial = 0;
  // A plain number, a strided view, or null: an example of a batch, or absent. `rawView` replaces a plain number by a view.
  #content: number | View | null;

  /** Only the engine calls this constructor. Elsewhere, make tensors with `tensor`. */
  constructor(
    content: number | View | null,
    readonly shape: Shape,
    /** The sites this value depends on. */
    readonly provenance: Provenance,
    /** Whether this tensor has exactly one element; inside vmap, false. */
    readonly isNumber: boolean,
    /** Inside vmap: the batch. This tensor looks like one example of it. */
    readonly batch: Batch | null,
  ) {
    if (!haveMethods) addMethods(Tensor.prototype);
    this.#content = content;
  }

  static {
    isAbsent = (x) => x.#content === null && x.batch === null;
    rawView = (x) => {
      const content = x.#content;
      if (content === null) return refuseRaw(x, "view");
      if (typeof content === "object") return content;
      const view = contiguous(Float64Array.of(content), x.shape);
      x.#content = view;
      return view;
    };
    rawNumber = (x) => {
      const content = x.#content;
      if (typeof content === "number") return content;
      if (content === null) return refuseRaw(x, "number");
      return content.data[content.offset] as number;
    };
    copy = (x, provenance) => {
      const result = new Tensor(x.#content, x.shape, provenance, x.isNumber, x.batch);
      result.recordingSerial = x.recordingSerial;
      return result;
    };
  }

  /** The numbers as a new ndarray; writing into it does not change the tensor. */
  get data(): View {
    read(this, "data");
    return contiguous(toFlat(rawView(this)), this.shape);
  }
  /** The same as `data`. */
  get view(): View {
    return this.data;
  }
  /** The same as `item()`. */
  get number(): number {
    return this.item();
  }

  /** The number in a tensor of one element. */
  item(): number {
    if (sizeOf(this.shape) !== 1) refuseNotScalar(this);
    read(this, "item");
    return rawNumber(this);
  }

  /** The numbers as nested arrays, or a number for shape []. */
  toArray<T extends number | NestedNumbers = number | NestedNumbers>(): T {
    read(this, "toArray");
    return toNested(rawView(this)) as T;
  }

  /** The numbers, row-major, in a fresh Float64Array. */
  toFloat64Array(): Float64Array {
    read(this, "toFloat64Array");
    return toFlat(rawView(this));
  }

  toJSON(): number | NestedNumbers {
    return this.toArray();
  }

  /** `Tensor[2] [1,2]`; for a long tensor, only the ends of each axis. */
  toString(): string {
    read(this, "toString");
    return textOf(this);
  }
  /** How Node prints a tensor. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** JavaScript calls this to convert a tensor to a number (`z > 0`, `list[z]`, `+z`) or to text. */
  [Symbol.toPrimitive](hint: string): number | string {
    return hint === "string" && sizeOf(this.shape) !== 1 ? this.toString() : this.item();
  }

  /** The size of the first axis. */
  get length(): number {
    if (this.shape.length === 0)
      refuse(
        "not-iterable",
        "length",
        "a scalar tensor (shape []) has no first axis, so it has no length and cannot be iterated. Read its number with item().",
      );
    return this.shape[0] as number;
  }

  /** The number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** The slices along the first axis. */
  *[Symbol.iterator](): Iterator<Tensor> {
    for (let i = 0; i < this.length; i++) yield pick(this, i);
  }

  /** The same value with another provenance. */
  withProvenance(provenance: Provenance): this {
    if (provenance === this.provenance) return this;
    const result = copy(this, provenance);
    result.node = this.node;
    return result as this;
  }

  /** For the engine: the same value without its node. */
  withoutNode(): Tensor {
    return this.node === null ? this : copy(this, this.provenance);
  }
}

/** A tensor from a number; `shape` may be any shape with one element. */
export const ofNumber = (x: number, provenance = Provenance.empty, shape = SCALAR): Tensor =>
  new Tensor(x, shape, provenance, true, null);

/** A tensor over strided data, which is not copied. */
export const ofView = (view: View, provenance = Provenance.empty): Tensor =>
  new Tensor(view, view.shape.length === 0 ? SCALAR : view.shape, provenance, view.size === 1, null);

/**
 * The result of `f` on the numbers in one to three tensors of one element, as a tensor with the shape of the input that has the most axes.
 */
export function ofNumbers(f: (...xs: number[]) => number, xs: readonly Tensor[], provenance: Provenance): Tensor {
  let { shape } = xs[0] as Tensor;
  for (let i = 1; i < xs.length; i++) {
    const other = (xs[i] as Tensor).shape;
    if (other.length > shape.length) shape = other;
  }
  // A function written by a user may return a boolean. It becomes 0 or 1, as it would in a Float64Array.
  return new Tensor(+numberOf(f, xs), shape, provenance, true, null);
}

// The cases are written out because a spread would allocate, and most ops of most models run here.
function numberOf(f: (...xs: number[]) => number, xs: readonly Tensor[]): number {
  const a = rawNumber(xs[0] as Tensor);
  if (xs.length === 1) return f(a);
  const b = rawNumber(xs[1] as Tensor);
  return xs.length === 2 ? f(a, b) : f(a, b, rawNumber(xs[2] as Tensor));
}

/** A tensor that has a shape but no numbers. */
export const absent = (shape: Shape, provenance = Provenance.empty): Tensor =>
  new Tensor(null, shape, provenance, sizeOf(shape) === 1, null);

/** A tensor that looks like one example of a batch. */
export const ofBatch = (batch: Batch): Tensor =>
  new Tensor(null, batch.value.shape.slice(1), batch.value.provenance, false, batch);

function refuseRaw({ batch }: Tensor, op: string): never {
  if (batch !== null) refuseRead(batch, op);
  throw new PedigradError({
    code: "read-in-jit",
    op: "read",
    message:
      "jit: the function reads a value that depends on its inputs, which have no numbers while jit compares the function with its recording. Run it without jit.",
  });
}

function read(x: Tensor, op: string): void {
  if (x.batch !== null) refuseRead(x.batch, op);
  recorder?.read(x, op);
  noteRead(x.provenance);
}

function refuseNotScalar({ shape, provenance }: Tensor): never {
  const site = enumeratedIn(provenance);
  const error = new PedigradError({
    code: "not-scalar",
    op: "item",
    site,
    message: `item: the tensor has shape ${showShape(shape)}, not one element. ${
      site === undefined
        ? "Use toArray(), or index the tensor first. For a + b, write a.add(b)."
        : `It depends on site "${site}", which is enumerated: the tensor holds one result for each value of the site. Use where() instead of a branch and at() instead of an array index, or sample the site without infer.enumerate.`
    }`,
  });
  // A program that catches this error would take the same branch for all values of the site.
  if (site !== undefined) noteRefusal(provenance, error);
  throw error;
}

/** The text of `toString`, for the library's own messages: a call does not count as a read. */
export const textOf = (x: Tensor): string =>
  x.batch !== null || isAbsent(x)
    ? `Tensor${showShape(x.shape)} (${isAbsent(x) ? "not computed" : "batched"})`
    : `Tensor${showShape(x.shape)} ${showNumbers(toNested(rawView(x)), sizeOf(x.shape) > 1000 ? 3 : Infinity)}`;

/** Anything tensor-like as a tensor. A tensor is returned as it is. */
export const tensor = (x: TensorLike): Tensor => asTensor("tensor", x);
/** The same for an argument of `op`, which errors name. */
export const asTensor = (op: string, x: TensorLike): Tensor =>
  x instanceof Tensor ? x : typeof x === "number" ? ofNumber(x) : toTensor(op, x);

function toTensor(op: string, x: Exclude<TensorLike, Tensor>): Tensor {
  const input = standIns.get(x as object);
  if (input !== undefined) return input;
  if (Array.isArray(x) && hasObjectLeaf(op, x)) return stackFor(op, x);
  const numbers = numbersOf(op, x);
  return typeof numbers === "number" ? ofNumber(numbers) : ofView(numbers);
}

/** Whether nested arrays contain tensors, typed arrays or ndarrays. */
function hasObjectLeaf(op: string, x: Nested, depth = 0): boolean {
  if (!Array.isArray(x)) return typeof x === "object" && x !== null;
  if (depth > MAX_DEPTH) refuseDepth(op);
  return x.some((item) => hasObjectLeaf(op, item, depth + 1));
}
