/**
 * The graph of a gradient: which op made a tensor from which inputs. While a gradient is being taken, a tensor made from an input that has
 * a node gets a node too; no other tensor does. There is no tape: once nothing refers to the result, its graph is freed too.
 */
import type { Op } from "./op.js";
import type { Tensor } from "./tensor.js";

let nodeCount = 0;

export class Node {
  /** A number larger than the serial of every node that this one was made from. It orders the graph. */
  readonly serial = ++nodeCount;
  /** The serial of the newest variable that this node depends on; for a variable, its own serial. */
  readonly newestVariable: number;
  /** For a variable: the number of the backward pass that computes its cotangent (grad.ts). */
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
