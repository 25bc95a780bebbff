/**
 * The memory of a gradient: which op made a tensor from which inputs. A tensor made while a gradient is being taken, from
 * an input that has a node, gets a node; nothing else does. There is no tape: dropping the result drops its graph.
 */
import type { Op } from "./op.js";
import type { Tensor } from "./tensor.js";

let made = 0;

export class Node {
  /** Larger than that of every node it was made from. */
  readonly serial = ++made;
  /** Stamp of the traversal that last passed here, and whether it found a variable behind this node (see grad.ts). */
  visit = 0;
  leads = false;

  constructor(
    // biome-ignore lint/suspicious/noExplicitAny: a node pairs an op with parameters of its own type, whatever they are
    readonly op: Op<any>,
    readonly params: unknown,
    readonly inputs: readonly Tensor[],
  ) {}
}

/** How many gradients are being taken around this point: nodes are kept when it is above 0. */
export let gradDepth = 0;

/** Run `body` with nodes kept. */
export function recordingNodes<T>(body: () => T): T {
  gradDepth++;
  try {
    return body();
  } finally {
    gradDepth--;
  }
}
