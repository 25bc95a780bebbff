/** Helpers that batching rules share. Inside a rule, a batched input has its batch axis first; these helpers align the remaining axes. */
import { insertAxes } from "../../../provenance/axes.js";
import type { Tensor } from "../../core/tensor.js";
import { broadcastTo, expandDims, reshapeAs } from "./shape.js";

/** A batched input with axes of size 1 inserted after its batch axis until it has `rank` axes. */
export function padRank(x: Tensor, rank: number): Tensor {
  const [size, ...inner] = x.shape as [number, ...number[]];
  const missing = Math.max(rank - x.shape.length, 0);
  const shape = [size, ...new Array<number>(missing).fill(1), ...inner];
  return reshapeAs(x, shape, insertAxes(inner.length, missing));
}

/** The inputs, with batched inputs padded so that the axes of all examples align at the right. */
export function broadcastTogether(inputs: readonly Tensor[], batched: readonly boolean[]): Tensor[] {
  const rank = Math.max(...inputs.map((x, i) => x.shape.length + (batched[i] ? 0 : 1)));
  return inputs.map((x, i) => (batched[i] ? padRank(x, rank) : x));
}

/** Gives every input a batch axis; an input that had none is repeated along it. */
export const batchAll = (inputs: readonly Tensor[], batched: readonly boolean[], size: number): Tensor[] =>
  inputs.map((x, i) => (batched[i] ? x : broadcastTo(expandDims(x, 0), [size, ...x.shape])));
