/**
 * The memory of a gradient: which op made a tensor from which inputs. A tensor made while a gradient is being taken, from
 * an input that has a node, gets a node; nothing else does. There is no tape: dropping the result drops its graph.
 */
import type { Op } from "./op.js";
import type { Tensor } from "./tensor.js";

let made = 0;

export class Node {
  /** Larger than that of every node it was made from: the order of the graph. */
  readonly serial = ++made;
  /** The serial of the newest variable it depends on; its own, for a variable. */
  readonly newest: number;
  /** Stamp of the pass that wants the cotangent of this variable (see grad.ts). */
  wanted = 0;

  constructor(
    // biome-ignore lint/suspicious/noExplicitAny: a node pairs an op with parameters of its own type, whatever they are
    readonly op: Op<any>,
    readonly params: unknown,
    readonly inputs: readonly Tensor[],
    newest?: number,
  ) {
    this.newest = newest ?? this.serial;
  }
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
