/** The types that pass between the steps of an estimator: the task, the two traces of a particle, their costs, and the outcome. */
import type { Provenance, Tensor } from "../../../autodiff/index.js";
import type { InferOptions } from "../../program/inferOptions.js";
import type { Model, PlateFrame } from "../../program/messages.js";
import type { Trace } from "../../program/trace.js";

/** The two traces of a particle, and what their sites ask for: what no site asks for costs a step nothing. */
export interface Pair {
  readonly guide: Trace;
  readonly model: Trace;
  /** The options that some site gives. */
  readonly asks: ReadonlySet<keyof InferOptions>;
  /** The sites whose values host code had read before some statement. */
  readonly read: Provenance;
  /** Whether both sides have the same latents, in the same shapes and plates, so that there is nothing to refuse (match.ts). */
  readonly isMatched: boolean;
}

/** A pair with what gradients along the path need (pathwise.ts), where an estimator takes them. */
export interface PathPair extends Pair {
  /** The guide again, its densities along the path only. */
  readonly path?: Trace;
  /** The terms of log w in two copies, for doubly reparameterised gradients. */
  readonly paths?: Paths;
  /** The antithetic run, where sites ask for one (disarm.ts). */
  readonly twin?: PathPair;
}

/** The task of one loss: constrained parameters and mutable state by name, the two programs and their arguments. */
export interface Task {
  readonly key: Tensor;
  readonly values: Record<string, Tensor>;
  /** What decaying averages of baselines the step before has left, by site; each starts at 0. */
  readonly averages?: Readonly<Record<string, Tensor>>;
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

/** One term of the ELBO. */
export interface Cost {
  readonly site: string;
  readonly side: "model" | "guide";
  /** +log p or -log q, scaled and masked. */
  readonly value: Tensor;
  readonly plates: readonly PlateFrame[];
  readonly provenance: Provenance;
  /** Whether its own gradient counts: -log q of a score site drops it, its mean is 0. */
  readonly isDifferentiated: boolean;
  /** A whole KL term in closed form, instead of a sampled log density. */
  readonly isClosedForm?: boolean;
  /** The value before the axes of an event are summed; absent where there are none. */
  readonly elements?: Elements;
}

/** The terms whose sum over the last `dim` axes is a cost: they say who pays for it, the loss is not made of them. */
export interface Elements {
  readonly dim: number;
  readonly value: () => Tensor;
}

/** A loss, what the run left for the next step, and named parts of the loss where the estimator has several. */
export interface Outcome {
  /** Its value is the loss; its gradient is the estimator's, and that of the baselines' own loss. */
  readonly loss: Tensor;
  /** The loss with the estimator's gradient alone, where baselines train parameters of theirs. */
  readonly lossOfGuide?: Tensor;
  /** The final values of what the programs declare as `mutable`, by name. */
  readonly mutableState: Record<string, Tensor>;
  /** The decaying averages of baselines, by site. */
  readonly averages?: Record<string, Tensor>;
  readonly terms?: Record<string, Tensor>;
}
