/** What a loop is, and its result: one vector, in which each result of the body has a block with a part for each step. */
import { type Shape, sizeOf } from "../../core/shape.js";
import type { Tensor } from "../../core/tensor.js";
import { moveToFront, reshape } from "../../ops/views/shape.js";
import { slice } from "../../ops/views/slicing.js";
import type { Body } from "./body.js";

export interface Loop {
  readonly body: Body;
  /** Of the body's inputs the first are the carry, the next the x of a step; the rest is the same at every step. */
  readonly carries: number;
  readonly xs: number;
  readonly length: number;
  readonly reverse: boolean;
  /** Whether the carry after every step is kept, and not the last one alone. */
  readonly keeps: boolean;
  /** Axes of a batch, which lead in every result of the body. */
  readonly lead: Shape;
}

/** A result of the body in the vector: where it begins, how many numbers of it belong to a step, for how many steps. */
export interface Block {
  readonly start: number;
  readonly width: number;
  readonly steps: number;
}
export function layoutOf({ body, carries, keeps, length, lead }: Loop): { blocks: Block[]; size: number } {
  let size = 0;
  const blocks = body.outputs.map((shape, k) => {
    const width = sizeOf(shape.slice(lead.length));
    const steps = k < carries && !keeps ? 1 : length;
    const start = size;
    size += steps * width;
    return { start, width, steps };
  });
  return { blocks, size };
}

/** The vector taken apart: the results of the body, each along a new leading axis. */
export function blocksOf(vector: Tensor, params: Loop): Tensor[] {
  const { body, lead } = params;
  const { blocks } = layoutOf(params);
  return body.outputs.map((shape, k) => {
    const { start, width, steps } = blocks[k] as Block;
    const block = slice(vector, start, start + steps * width, { axis: -1 });
    return moveToFront(reshape(block, [...lead, steps, ...shape.slice(lead.length)]), lead.length);
  });
}

export const shapeOf = (params: Loop): number[] => [...params.lead, layoutOf(params).size];
