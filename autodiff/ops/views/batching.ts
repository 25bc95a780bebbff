/** Helpers that batching rules share. Inside a rule, a batched input has its batch axis first; these helpers align the remaining axes. */
import type { Tensor } from "../../core/tensor.js";
import { broadcastTo, expandDims, padRank } from "./shape.js";

/** The inputs, with batched inputs padded so that the axes of all examples align at the right. */
export function broadcastTogether(inputs: readonly Tensor[], batched: readonly boolean[]): Tensor[] {
  const rank = Math.max(...inputs.map((x, i) => x.shape.length + (batched[i] ? 0 : 1)));
  return inputs.map((x, i) => (batched[i] ? padRank(x, rank) : x));
}

/** Gives every input a batch axis; an input that had none is repeated along it. */
export const batchAll = (inputs: readonly Tensor[], batched: readonly boolean[], size: number): Tensor[] =>
  inputs.map((x, i) => (batched[i] ? x : broadcastTo(expandDims(x, 0), [size, ...x.shape])));
