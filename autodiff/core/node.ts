/**
 * The graph of a gradient: which op made a tensor from which inputs. Only a tensor that is made from an input with a node, while a
 * gradient is being taken, gets a node itself. There is no tape: dropping the result drops its graph.
 */
import type { Op } from "./op.js";
import type { Tensor } from "./tensor.js";

let made = 0;

export class Node {
  /** Larger than the serial of every node that this one was made from: the order of the graph. */
  readonly serial = ++made;
  /** The serial of the newest variable that this node depends on; for a variable, its own serial. */
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

/** How many gradients are being taken, one inside the other; nodes are kept while this is above 0. */
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
