/** Tensors made from shapes and numbers alone. */
import { refuse } from "../../../provenance/base/error.js";
import * as kinds from "../../../provenance/base/kinds.js";
import { requireKind, show } from "../../../provenance/base/options.js";
import type { TensorLike } from "../../core/convert.js";
import { checkShape, type Shape } from "../../core/shape.js";
import { asTensor, ofView, type Tensor } from "../../core/tensor.js";
import { contiguous, emptyView } from "../../core/view.js";
import { equal } from "../elementwise/math.js";
import { broadcastFor, expandDims, reshape } from "../views/shape.js";

const fill = (op: string, shape: Shape, value: TensorLike): Tensor => broadcastFor(op, asTensor(op, value), shape);

export const zeros = (shape: Shape): Tensor => fill("zeros", shape, 0);
export const ones = (shape: Shape): Tensor => fill("ones", shape, 1);
/** `value`, a number or a tensor, broadcast to `shape`. */
export const full = (shape: Shape, value: TensorLike): Tensor => fill("full", shape, value);

/** The arrays that `arange` filled with 0, 1, … in order. */
const countingArrays = /* @__PURE__ */ new WeakSet<Float64Array>();
/** Whether `arange` filled this array with 0, 1, … in order. */
export const isCounting = (data: Float64Array): boolean => countingArrays.has(data);

/** start, start + step, … before stop; `arange(n)` counts from 0. */
export function arange(start: number, stop?: number, step = 1): Tensor {
  const [low, high] = stop === undefined ? [0, start] : [start, stop];
  if (!Number.isFinite(low) || !Number.isFinite(high) || !Number.isFinite(step) || step === 0)
    refuse(
      "bad-option",
      "arange",
      `start, stop and step must be finite numbers and step not 0, got start ${show(low)}, stop ${show(high)}, step ${show(step)}.`,
    );
  const n = Math.max(0, Math.ceil((high - low) / step));
  checkShape("arange", [n]);
  const view = emptyView([n]);
  for (let i = 0; i < n; i++) view.data[i] = low + i * step;
  if (low === 0 && step === 1) countingArrays.add(view.data);
  return ofView(view);
}

/** 0, 1, … along an axis of a tensor of shape `shape`; the other axes have size 1. */
export function arangeAlong(axis: number, shape: Shape): Tensor {
  const n = shape[axis] as number;
  return reshape(
    arange(n),
    shape.map((_, i) => (i === axis ? n : 1)),
  );
}

/** `n` evenly spaced numbers from start to stop, both included. */
export function linspace(start: number, stop: number, n = 50): Tensor {
  requireKind("linspace", "start", start, kinds.number);
  requireKind("linspace", "stop", stop, kinds.number);
  checkShape("linspace", [n]);
  const element = (i: number): number =>
    i === n - 1 && n > 1 ? stop : start + (i * (stop - start)) / Math.max(n - 1, 1);
  return ofView(
    contiguous(
      Float64Array.from({ length: n }, (_, i) => element(i)),
      [n],
    ),
  );
}

/** The identity matrix, n by m (square by default). */
export const eye = (n: number, m = n): Tensor => {
  checkShape("eye", [n, m]);
  return equal(expandDims(arange(n), 1), arange(m));
};
