/** The types that pass between the steps of an estimator: the task, the two traces of a particle, their costs, and the outcome. */
import type { Provenance, Tensor, Tree } from "../../../autodiff/index.js";
import type { InferOptions } from "../../program/inferOptions.js";
import type { Model, PlateFrame } from "../../program/messages.js";
import type { Trace } from "../../program/trace.js";

/** The two traces of a particle, and which options their sites use, so that a step skips work for options that no site uses. */
export interface Pair {
  readonly guide: Trace;
  readonly model: Trace;
  /** The options that at least one site sets. */
  readonly usedOptions: ReadonlySet<keyof InferOptions>;
  /** The sites whose values host code read before a later sample statement. */
  readonly readSites: Provenance;
  /** Whether both sides have the same latents, in the same shapes and plates, so that there is nothing to refuse (match.ts). */
  readonly isMatched: boolean;
}

/** A pair with the extra runs that pathwise gradients need (pathwise.ts), where an estimator takes such gradients. */
export interface PathPair extends Pair {
  /** The guide run again with parameters held constant, so that its densities have gradients through the draws only. */
  readonly pathGuide?: Trace;
  /** The terms of log w in two copies, for doubly reparameterised gradients. */
  readonly pathTerms?: PathTerms;
  /** The antithetic run, where sites ask for one (disarm.ts). */
  readonly antitheticPair?: PathPair;
}

/**
 * By site: the decaying average of its costs, or a record of this average and whatever else the site's baseline needs
 * at the next step. All numbers begin at 0.
 */
export type Averages = Readonly<Record<string, Tree>>;

/** The task of one loss: constrained parameters and mutable state by name, the two programs and their arguments. */
export interface Task {
  readonly key: Tensor;
  readonly values: Record<string, Tensor>;
  /** What the baselines returned after the previous step, by site. */
  readonly averages?: Averages;
  readonly model: Model;
  readonly guide: Model;
  readonly args: readonly unknown[];
}

/** The terms of log w = log p - log q in two copies. */
export interface PathTerms {
  /** With the gradient through z only. */
  readonly throughDraws: readonly Cost[];
  /** With the gradient through the parameters only, and without log q of the draws. */
  readonly throughParams: readonly Cost[];
}

/** One term of the ELBO. */
export interface Cost {
  readonly site: string;
  readonly side: "model" | "guide";
  /** +log p or -log q, scaled and masked. */
  readonly value: Tensor;
  readonly plates: readonly PlateFrame[];
  readonly provenance: Provenance;
  /** Whether the gradient of `value` counts. For -log q of a score site this gradient has mean 0 and is dropped. */
  readonly isDifferentiated: boolean;
  /** A whole KL term in closed form, instead of a sampled log density. */
  readonly isClosedForm?: boolean;
  /** The value before the event axes are summed; absent for a site without event axes to sum. */
  readonly elements?: Elements;
}

/**
 * The terms whose sum over the last `dim` axes is a cost. These terms decide which elements of a site pay for the cost
 * (charge.ts); the loss uses the sum.
 */
export interface Elements {
  readonly dim: number;
  readonly value: () => Tensor;
}

/**
 * A loss, the state for the next step, and the parts of the loss by name, if the estimator's loss has several parts.
 */
export interface Outcome {
  /** The loss; its gradient is the estimator's gradient plus that of the loss that trains the baselines. */
  readonly loss: Tensor;
  /** The loss with the estimator's gradient alone; present where baselines train parameters of their own. */
  readonly lossOfGuide?: Tensor;
  /** The final values of the `mutable` statements of both programs, by name. */
  readonly mutableState: Record<string, Tensor>;
  /** What the baselines return for the next step, by site. */
  readonly averages?: Averages;
  readonly terms?: Record<string, Tensor>;
}
