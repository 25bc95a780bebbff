/** The data types of an estimator: the task, the two traces of a particle, their costs, and the outcome. */
import type { Provenance, Tensor, Tree } from "../../../autodiff/index.js";
import type { InferOptions } from "../../program/inferOptions.js";
import type { Model, PlateFrame } from "../../program/messages.js";
import type { Trace } from "../../program/trace.js";

/** The two traces of a particle, and the options that their sites use, so that a step can skip work for unused options. */
export interface Pair {
  readonly guide: Trace;
  readonly model: Trace;
  /** The options that at least one site sets. */
  readonly usedOptions: ReadonlySet<keyof InferOptions>;
  /** The sites whose values host code of guide or model read (an `if`, `item()`) before a later sample statement. */
  readonly readSites: Provenance;
  /** Whether guide and model have the same latents, in the same shapes and plates, so that the checks of match.ts can be skipped. */
  readonly isMatched: boolean;
}

/** A pair with the additional runs that some gradients need. */
export interface PathPair extends Pair {
  /** A second run of the guide with constant parameters, so that its densities have gradients through the draws only (pathwise.ts). */
  readonly pathGuide?: Trace;
  /** The terms of log w for doubly reparameterised gradients (pathwise.ts). */
  readonly pathTerms?: PathTerms;
  /** The antithetic run, if sites ask for one (disarm.ts). */
  readonly antitheticPair?: PathPair;
}

/**
 * The state of the baselines, by site: the decaying average of the site's costs, or a record of this average and other
 * tensors that the baseline needs at the next step. In the first step all numbers are 0.
 */
export type Averages = Readonly<Record<string, Tree>>;

/** The inputs of one loss: a key, constrained parameters and mutable state by name, the two programs and their arguments. */
export interface Task {
  readonly key: Tensor;
  readonly values: Record<string, Tensor>;
  /** The state of the baselines after the previous step, by site. */
  readonly averages?: Averages;
  readonly model: Model;
  readonly guide: Model;
  readonly args: readonly unknown[];
  /** Whether `explain` measures the loss. If so, nothing warns of options that make a fit worse. */
  readonly isMeasured?: boolean;
}

/** The terms of log w = log p - log q, computed twice with different gradients. */
export interface PathTerms {
  /** The terms with a gradient through the draws only. */
  readonly throughDraws: readonly Cost[];
  /** The terms with a gradient through the parameters only. The terms -log q of the draws are not among them. */
  readonly throughParams: readonly Cost[];
}

/** One term of the ELBO, which comes from one site of the model or the guide. */
export interface Cost {
  readonly site: string;
  readonly side: "model" | "guide";
  /** +log p or -log q, scaled and masked. */
  readonly value: Tensor;
  readonly plates: readonly PlateFrame[];
  readonly provenance: Provenance;
  /** Whether the gradient of `value` counts. For -log q of a score site this gradient has mean 0 and is dropped. */
  readonly isDifferentiated: boolean;
  /** Whether this is a KL term in closed form instead of a log density at a draw. */
  readonly isClosedForm?: boolean;
  /** The value before it is summed over element axes inside the event; absent for a site without such axes. */
  readonly elements?: Elements;
}

/**
 * The terms whose sum over the last `dim` axes is a cost. The loss uses the sum. charge.ts uses the terms, so that an
 * element of a site is charged only with the terms that depend on this element.
 */
export interface Elements {
  readonly dim: number;
  readonly value: () => Tensor;
}

/** A loss, the state for the next step, and the parts of the loss by name, if the loss has several parts. */
export interface Outcome {
  /** The loss; its gradient is the estimator's gradient plus the gradient of the loss that trains the baselines. */
  readonly loss: Tensor;
  /** The loss with the estimator's gradient alone; present only if baselines train parameters of their own. */
  readonly lossOfGuide?: Tensor;
  /** The final values of the `mutable` statements of both programs, by name. */
  readonly mutableState: Record<string, Tensor>;
  /** The new state of the baselines, by site, for the next step. */
  readonly averages?: Averages;
  readonly terms?: Record<string, Tensor>;
}
