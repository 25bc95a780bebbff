/**
 * The data of every tensor: a strided view, which is an ndarray of float64. ndarray compiles one constructor for each rank. Calling such a
 * constructor takes 15 ns, and calling ndarray's factory function 100 ns, so this file stores the constructors.
 */
import ndarray, { type NdArray } from "ndarray";
import { canGenerateCode } from "../../provenance/base/codeGeneration.js";
import { type Shape, sameShape, sizeOf } from "./shape.js";

export type View = NdArray<Float64Array>;
type Construct = new (data: Float64Array, ...shapeStrideOffset: number[]) => View;
const constructors: Construct[] = [];

/** A view over `data` with the given shape, strides (in elements) and offset. Nothing is copied. */
export function viewOf(data: Float64Array, shape: Shape, stride: readonly number[], offset = 0): View {
  const rank = shape.length;
  const Class = constructors[rank] ?? compile(rank);
  switch (rank) {
    case 0:
      return new Class(data, offset);
    case 1:
      return new Class(data, shape[0] as number, stride[0] as number, offset);
    case 2:
      return new Class(data, shape[0] as number, shape[1] as number, stride[0] as number, stride[1] as number, offset);
    default:
      return new Class(data, ...shape, ...stride, offset);
  }
}

function compile(rank: number): Construct {
  const Class = canGenerateCode()
    ? (ndarray(new Float64Array(1), new Array<number>(rank).fill(1)).constructor as Construct)
    : (plainClass(rank) as unknown as Construct);
  constructors[rank] = Class;
  return Class;
}

/**
 * A class of views for pages that forbid generated code, where ndarray's own constructors do not work. It has the documented members that
 * this library uses.
 */
function plainClass(rank: number) {
  return class PlainView {
    readonly shape: number[];
    readonly stride: number[];
    readonly offset: number;
    readonly dtype = "float64";
    readonly dimension = rank;

    constructor(
      readonly data: Float64Array,
      ...layout: number[]
    ) {
      this.shape = layout.slice(0, rank);
      this.stride = layout.slice(rank, 2 * rank);
      this.offset = layout[2 * rank] ?? 0;
    }
    get size(): number {
      return sizeOf(this.shape);
    }
    index(...indices: number[]): number {
      return indices.reduce((sum, i, axis) => sum + i * (this.stride[axis] as number), this.offset);
    }
    get(...indices: number[]): number {
      return this.data[this.index(...indices)] as number;
    }
    set(...indicesAndValue: number[]): number {
      const value = indicesAndValue.pop() as number;
      this.data[this.index(...indicesAndValue)] = value;
      return value;
    }
    transpose(...order: number[]): View {
      return withAxes(this as unknown as View, order);
    }
  };
}

/** The view whose axis i is axis `axes[i]` of `view`, or a new axis if `axes[i]` is -1. */
export const withAxes = ({ data, shape, stride, offset }: View, axes: readonly number[]): View =>
  viewOf(
    data,
    axes.map((axis) => shape[axis] ?? 1),
    axes.map((axis) => stride[axis] ?? 0),
    offset,
  );

/** Row-major strides of a shape. */
export function stridesOf(shape: Shape): number[] {
  const stride = new Array<number>(shape.length);
  for (let i = shape.length - 1, step = 1; i >= 0; i--) {
    stride[i] = step;
    step *= shape[i] as number;
  }
  return stride;
}

/** A contiguous view over `data`. */
export const contiguous = (data: Float64Array, shape: Shape, offset = 0): View =>
  viewOf(data, shape, stridesOf(shape), offset);

// V8 allocates an array of up to 64 bytes in its own heap. A larger array costs 200 to 400 ns less if it is part of a shared buffer than if
// it has a buffer of its own. Half of the difference is in allocation, half in garbage collection. Above a thousand numbers the difference
// is small, because most of the time goes into writing the numbers. These sizes count numbers, of 8 bytes each.
const MAX_ON_HEAP = 8;
const MAX_SHARED = 1024;
const MIN_BUFFER = 256;
const MAX_BUFFER = 4096;
// Pool k has a buffer for arrays of more than 2^k and at most 2^(k + 1) numbers.
const pools = /* @__PURE__ */ Array.from({ length: 10 }, () => ({ buffer: new Float64Array(0), used: 0 }));

/**
 * n zeros. An array of 9 to 1,024 numbers is part of a shared buffer, and keeps the whole buffer alive. The buffer takes 2 kB, or, for a
 * longer array, less than 16 times the size of the array.
 */
function zeros(n: number): Float64Array {
  if (n <= MAX_ON_HEAP || n > MAX_SHARED) return new Float64Array(n);
  const exponent = 31 - Math.clz32(n - 1);
  const pool = pools[exponent] as (typeof pools)[number];
  if (pool.used + n > pool.buffer.length) {
    pool.buffer = new Float64Array(Math.min(Math.max(16 << exponent, MIN_BUFFER), MAX_BUFFER));
    pool.used = 0;
  }
  pool.used += n;
  return pool.buffer.subarray(pool.used - n, pool.used);
}

// The strides of every contiguous vector, stored once.
const VECTOR_STRIDES: readonly number[] = [1];

/** A contiguous view over fresh zeros. */
export const emptyView = (shape: Shape): View =>
  viewOf(zeros(sizeOf(shape)), shape, shape.length === 1 ? VECTOR_STRIDES : stridesOf(shape));

/** Whether the elements of a view lie row-major without gaps. */
export function isContiguous(view: View): boolean {
  const { shape, stride } = view;
  for (let i = shape.length - 1, step = 1; i >= 0; i--) {
    if (shape[i] !== 1 && stride[i] !== step) return false;
    step *= shape[i] as number;
  }
  return true;
}

/** The view broadcast to `shape`: axes of size 1 and missing leading axes repeat with stride 0. Nothing is copied. */
export function broadcastView(view: View, shape: Shape): View {
  if (sameShape(view.shape, shape)) return view;
  const lead = shape.length - view.shape.length;
  const stride = shape.map((_, i) => (i < lead || view.shape[i - lead] === 1 ? 0 : (view.stride[i - lead] as number)));
  return viewOf(view.data, shape, stride, view.offset);
}
