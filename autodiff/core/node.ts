/**
 * The graph of a gradient: which op made a tensor from which inputs. The inputs with respect to which a gradient is taken are its
 * *variables*, and each has a node. While the gradient is being taken, a tensor computed from a tensor with a node gets a node too; no
 * other tensor does. There is no tape: a graph is freed once nothing refers to the result of its last op.
 */
import type { Op } from "./op.js";
import type { Tensor } from "./tensor.js";

let nodeCount = 0;

export class Node {
  /** Larger than the serials of all nodes among the inputs, so that serials order the graph. */
  readonly serial = ++nodeCount;
  /** The serial of the newest variable that this node depends on; for the node of a variable, its own serial. */
  readonly newestVariable: number;
  /** For the node of a variable: the number of the backward pass that computes the variable's cotangent (grad.ts). */
  pass = 0;

  constructor(
    // biome-ignore lint/suspicious/noExplicitAny: a node pairs an op with parameters of its own type, whatever they are
    readonly op: Op<any>,
    readonly params: unknown,
    readonly inputs: readonly Tensor[],
    newestVariable?: number,
  ) {
    this.newestVariable = newestVariable ?? this.serial;
  }
}

/** How many gradients are being taken, one inside another. Ops record nodes while this is above 0. */
export let gradDepth = 0;

/** Runs `body` while ops record nodes. */
export function withNodes<T>(body: () => T): T {
  gradDepth++;
  try {
    return body();
  } finally {
    gradDepth--;
  }
}
