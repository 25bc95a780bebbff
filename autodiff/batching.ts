/**
 * Pieces that batching rules share. Inside a rule, a batched input carries its extra axis in front; these helpers line the
 * remaining axes up again.
 */
import { broadcastTo, expandDims, reshape } from "./shape.js";
import type { Tensor } from "./tensor.js";

/** Give batched inputs singleton axes behind the batch axis until their other axes align at the right. */
export function broadcastTogether(inputs: readonly Tensor[], batched: readonly boolean[]): Tensor[] {
  const rank = Math.max(...inputs.map((x, i) => x.shape.length - (batched[i] ? 1 : 0)));
  return inputs.map((x, i) => {
    const missing = rank - (x.shape.length - 1);
    if (!batched[i] || missing <= 0) return x;
    return reshape(x, [x.shape[0] as number, ...new Array<number>(missing).fill(1), ...x.shape.slice(1)]);
  });
}

/** Give every input the batch axis: those without repeat themselves along it. */
export const batchAll = (inputs: readonly Tensor[], batched: readonly boolean[], size: number): Tensor[] =>
  inputs.map((x, i) => (batched[i] ? x : broadcastTo(expandDims(x, 0), [size, ...x.shape])));
