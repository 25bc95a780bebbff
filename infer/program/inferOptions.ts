/**
 * The `infer` options of a sample statement, which say how the gradient of its site is taken. The gradients to choose
 * from are the rows of the table `GRADIENTS`; by default a site is pathwise if its distribution has a pathwise sampler,
 * and has a score-function gradient otherwise.
 */
import type { Tensor, TensorLike } from "../../autodiff/index.js";
import type { Derived, Distribution } from "../../distributions/index.js";
import { StraightThrough } from "../../distributions/wrappers/straightThrough.js";
import * as kinds from "../../provenance/base/kinds.js";
import { type Kind, refuseSite, requireOptions } from "../checks.js";

/**
 * The baseline of a score-function site: a number that is subtracted from the site's cost to reduce the variance of the
 * gradient. It may not depend on the site itself. Several baselines of one site are added.
 */
export interface BaselineOptions {
  /** Subtract a decaying average of past costs. */
  useDecayingAvgBaseline?: boolean | undefined;
  /** The decay of the decaying average, in [0, 1); 0.90 by default. */
  baselineBeta?: number | undefined;
  /** Subtract a function of `nnBaselineInput`, trained to predict the cost. */
  nnBaseline?: ((input: Tensor) => Tensor) | undefined;
  /** The input of `nnBaseline`; no gradient passes through it. */
  nnBaselineInput?: TensorLike | undefined;
  /** Subtract this value. If it depends on parameters, they are trained to predict the cost. */
  baselineValue?: TensorLike | undefined;
  /** Subtract the mean cost of the other particles. */
  leaveOneOut?: boolean | undefined;
}

export interface InferOptions {
  /** Subtract a baseline from the cost of this site, which must have a score-function gradient. */
  baseline?: BaselineOptions | undefined;
  /** Sum the site out instead of sampling it (TraceEnumELBO). */
  enumerate?: "parallel" | "sequential" | null | undefined;
  /**
   * How the gradient of a sampled site of the guide is taken; by default pathwise if its distribution has a pathwise
   * sampler, else by the score function.
   */
  gradient?: GradientChoice | undefined;
  /** Whether this is a site of the guide that the model does not have. */
  isAuxiliary?: boolean | undefined;
  /** Take this site's KL term in closed form. */
  kl?: "analytic" | undefined;
  /**
   * At a site of the guide: apply the model's mask to the guide's log density too, unless the mask makes the prior flat. For guides that do
   * not know the model's masks (autoguides). At a site of the model: the mask does not make the prior flat.
   */
  sharesMask?: boolean | undefined;
}

const INFER = {
  baseline: kinds.any,
  enumerate: [(x) => x === null || x === "parallel" || x === "sequential", '"parallel" or "sequential"'],
  gradient: [
    (x) => Object.hasOwn(GRADIENTS, x as string),
    'one of "pathwise", "score", "disarm" and "straightThrough"',
  ],
  isAuxiliary: kinds.flag,
  kl: [(x) => x === "analytic", '"analytic"'],
  sharesMask: kinds.flag,
} satisfies Record<keyof InferOptions, Kind>;
const BASELINE = {
  useDecayingAvgBaseline: kinds.flag,
  baselineBeta: [(x) => typeof x === "number" && x >= 0 && x < 1, "a finite number in [0, 1)"],
  nnBaseline: kinds.function,
  nnBaselineInput: kinds.any,
  baselineValue: kinds.any,
  leaveOneOut: kinds.flag,
} satisfies Record<keyof BaselineOptions, Kind>;

/** Refuse misspelt and contradictory options; the error names `site`. */
export function checkInferOptions(site: string, infer: InferOptions): InferOptions {
  const refuse = (param: string, message: string): never =>
    refuseSite("bad-option", site, `sample site "${site}": ${message}`, { param });
  requireOptions(`sample site "${site}": infer`, infer, INFER, site);
  const { baseline } = infer;
  if (baseline === undefined) return infer;
  requireOptions(`sample site "${site}": baseline`, baseline, BASELINE, site);
  const { useDecayingAvgBaseline, baselineBeta, nnBaseline, nnBaselineInput, baselineValue } = baseline;
  if (baselineBeta !== undefined && useDecayingAvgBaseline === undefined)
    refuse("baselineBeta", "baselineBeta is set without useDecayingAvgBaseline. Add useDecayingAvgBaseline: true.");
  if (nnBaselineInput !== undefined && nnBaseline === undefined)
    refuse("nnBaselineInput", "nnBaselineInput is set without nnBaseline. Give the network that takes this input.");
  if (nnBaseline !== undefined && baselineValue !== undefined)
    refuse("nnBaseline", "got both nnBaseline and baselineValue. Give only one of them.");
  if (nnBaseline !== undefined && nnBaselineInput === undefined)
    refuse(
      "nnBaselineInput",
      "nnBaseline is set without nnBaselineInput. Give the tensor from which the network predicts the cost.",
    );
  return infer;
}

/** Whether the options ask for a baseline of some kind. An option that is false means none. */
export const asksForBaseline = ({ baseline: b = {} }: InferOptions): boolean =>
  Boolean(b.useDecayingAvgBaseline || b.leaveOneOut || b.nnBaseline) || b.baselineValue !== undefined;

export type GradientChoice = "pathwise" | "score" | "disarm" | "straightThrough";

interface GradientRule {
  /** The distribution `fn` with draws that have this gradient; null if `fn` does not allow it. */
  readonly apply: (fn: Distribution) => Distribution | null;
  /** The property of a distribution that this gradient needs, in words for error messages. */
  readonly requirement: string;
  readonly isBiased: boolean;
}

/** The distribution before `toEvent`, `expand`, `mask` and `nonreparameterized` were applied to it. */
export function familyOf(fn: Distribution): Distribution {
  const isShaped = ["Expanded", "Masked", "Independent", "NonReparameterized"].includes(fn.family);
  return isShaped ? familyOf((fn as Derived).base) : fn;
}

export const GRADIENTS: Readonly<Record<GradientChoice, GradientRule>> = {
  pathwise: { apply: (fn) => (fn.hasRsample ? fn : null), requirement: "a pathwise sampler", isBiased: false },
  score: { apply: (fn) => fn.nonreparameterized(), requirement: "a density", isBiased: false },
  disarm: {
    apply: (fn) => (familyOf(fn).family === "Bernoulli" ? fn : null),
    requirement: "a Bernoulli distribution",
    isBiased: false,
  },
  straightThrough: {
    apply: (fn) => (["Bernoulli", "OneHotCategorical"].includes(familyOf(fn).family) ? new StraightThrough(fn) : null),
    // A draw gets the gradient of the mean, so the mean must lie between the values.
    requirement: "a Bernoulli or OneHotCategorical distribution",
    isBiased: true,
  },
};

/** The distribution `fn` with draws that have the gradient `choice`. */
export function withGradient(site: string, fn: Distribution, choice: GradientChoice): Distribution {
  const { apply, requirement } = GRADIENTS[choice];
  return (
    apply(fn) ??
    refuseSite(
      "bad-option",
      site,
      `sample site "${site}": gradient: "${choice}" needs ${requirement}, got ${fn.label}. Use gradient: "score", or another distribution.`,
      { param: "gradient" },
    )
  );
}
