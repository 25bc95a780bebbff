/**
 * Which values of a program are views of other values. The result of a view op has no memory of its own: it is a strided view of the memory
 * of another value, its owner. Strides and offsets are computed as if the memory of every owner began at 0.
 */
import { type Shape, sizeOf } from "../../../core/shape.js";
import { rawView } from "../../../core/tensor.js";
import { broadcastView, contiguous, type View } from "../../../core/view.js";
import type { OpValue, Program, Value } from "../program/program.js";

const NOWHERE = /* @__PURE__ */ new Float64Array(0);

export class Views {
  readonly #views: View[] = [];
  readonly #owners: number[] = [];
  #readers: number[][] | null = null;

  constructor(readonly program: Program) {
    for (const value of program.values) this.#add(value);
  }

  #add(value: Value): void {
    const view = this.#viewOf(value);
    this.#owners.push(view === null ? this.#owners.length : this.owner((value as OpValue).inputs[0] as number));
    this.#views.push(view ?? this.#ownerView(value));
  }

  #viewOf(value: Value): View | null {
    if (value.kind !== "op" || value.op.view === undefined) return null;
    return value.op.view(value.params, this.view(value.inputs[0] as number)) ?? null;
  }

  #ownerView(value: Value): View {
    const isRepeated = value.kind === "constant" && isOneNumber(rawView(value.tensor));
    return broadcastView(contiguous(NOWHERE, isRepeated ? [] : value.shape), value.shape);
  }

  /** The op that makes value i. */
  op(i: number): OpValue {
    return this.program.values[i] as OpValue;
  }
  /** Value i as a view of the memory of its owner. */
  view(i: number): View {
    return this.#views[i] as View;
  }
  /** The value whose memory value i is a view of; i itself if it is not a view. */
  owner(i: number): number {
    return this.#owners[i] as number;
  }
  isView(i: number): boolean {
    return this.owner(i) !== i;
  }

  /** The distance between neighbouring elements of value i along each axis of a loop over `shape`. */
  strides(i: number, shape: Shape): number[] {
    const { stride } = broadcastView(this.view(i), shape);
    return shape.map((size, axis) => (size === 1 ? 0 : (stride[axis] as number)));
  }

  /** The ops that read the memory of value i, through any view. */
  readers(i: number): readonly number[] {
    this.#readers ??= this.#readersOfAll();
    return this.#readers[i] as number[];
  }
  #readersOfAll(): number[][] {
    const readers = this.program.values.map((): number[] => []);
    this.program.values.forEach((value, i) => {
      if (value.kind !== "op" || this.isView(i)) return;
      for (const x of value.inputs) readers[this.owner(x)]?.push(i);
    });
    return readers;
  }

  /** The number of elements in the memory of a value that is not a view. */
  size(i: number): number {
    const view = this.view(i);
    return isOneNumber(view) ? 1 : sizeOf(view.shape);
  }
}

/** Whether all elements of a view are one number in memory. */
export const isOneNumber = ({ shape, stride }: View): boolean =>
  stride.every((s, axis) => s === 0 || shape[axis] === 1);
