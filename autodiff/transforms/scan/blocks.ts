/**
 * The parameters of a loop, and the layout of its result. The result is one vector, in which each result of the body has a block with one
 * part per step.
 */
import { type Shape, sizeOf } from "../../core/shape.js";
import type { Tensor } from "../../core/tensor.js";
import { moveToFront, reshape } from "../../ops/views/shape.js";
import { slice } from "../../ops/views/slicing.js";
import type { Body } from "./body.js";

/** The parameters of the op `scan`. */
export interface ScanParams {
  readonly body: Body;
  /** The body's first `carries` inputs are the carry, the next `xs` the x of a step; the rest are the same at every step. */
  readonly carries: number;
  readonly xs: number;
  readonly length: number;
  readonly reverse: boolean;
  /** Whether the result has the carry after every step. If not, it has only the carry after the last step. */
  readonly keepsCarries: boolean;
  /** The batch axes, which come first in every result of the body. */
  readonly lead: Shape;
}

/** Where a result of the body is in the vector: the start of its block, how many numbers it has per step, and the number of steps. */
export interface Block {
  readonly start: number;
  readonly width: number;
  readonly steps: number;
}
/** The blocks of the body's results, one after the other, and the size of the vector. */
export function layoutOf({ body, carries, keepsCarries, length, lead }: ScanParams): { blocks: Block[]; size: number } {
  let size = 0;
  const blocks = body.outputs.map((shape, k) => {
    const width = sizeOf(shape.slice(lead.length));
    const steps = k < carries && !keepsCarries ? 1 : length;
    const start = size;
    size += steps * width;
    return { start, width, steps };
  });
  return { blocks, size };
}

/** The results of the body, sliced out of the vector, each with the steps along a new leading axis. */
export function blocksOf(vector: Tensor, params: ScanParams): Tensor[] {
  const { body, lead } = params;
  const { blocks } = layoutOf(params);
  return body.outputs.map((shape, k) => {
    const { start, width, steps } = blocks[k] as Block;
    const block = slice(vector, start, start + steps * width, { axis: -1 });
    return moveToFront(reshape(block, [...lead, steps, ...shape.slice(lead.length)]), lead.length);
  });
}

export const shapeOf = (params: ScanParams): number[] => [...params.lead, layoutOf(params).size];
