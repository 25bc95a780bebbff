/** What an estimator is asked for, and the two traces of a particle that it gets for it. */
import type { Tensor } from "../autodiff/index.js";
import type { Cost } from "./costs.js";
import type { Model } from "./messages.js";
import type { Trace } from "./trace.js";

/** The two traces of a particle. */
export interface Pair {
  readonly guide: Trace;
  readonly model: Trace;
  /** The guide again, its densities along the path only (pathwise.ts). */
  readonly path?: Trace;
  /** The terms of log w in two copies, for doubly reparameterised gradients (pathwise.ts). */
  readonly paths?: Paths;
}

/** What a loss is asked for: constrained parameters and mutable state by name, the two programs and their arguments. */
export interface Task {
  readonly key: Tensor;
  readonly values: Record<string, Tensor>;
  readonly model: Model;
  readonly guide: Model;
  readonly args: readonly unknown[];
}

/** The terms of log w = log p - log q in two copies. */
export interface Paths {
  /** With the gradient that comes through z. */
  readonly along: readonly Cost[];
  /** log p with the gradient of the model's parameters. */
  readonly theta: readonly Cost[];
}
