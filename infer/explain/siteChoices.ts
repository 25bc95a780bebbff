/**
 * Measures every kind of gradient at each site, with all other sites unchanged, and recommends the best one. The kinds are the rows of the
 * table `CHOICES`; some have a baseline.
 */
import { refuse } from "../../provenance/base/error.js";
import { inferConfig } from "../program/handlers.js";
import { GRADIENTS, type GradientChoice, type InferOptions } from "../program/inferOptions.js";
import type { SampleSite } from "../program/trace.js";
import { type Experiment, formatSpeed, type GradientVariance, measure } from "./gradientVariance.js";

interface Choice {
  readonly gradient: GradientChoice;
  readonly baseline?: InferOptions["baseline"];
}

const CHOICES: Readonly<Record<string, Choice>> = {
  pathwise: { gradient: "pathwise" },
  score: { gradient: "score" },
  "score, decaying average": { gradient: "score", baseline: { useDecayingAvgBaseline: true } },
  "score, leave-one-out": { gradient: "score", baseline: { leaveOneOut: true } },
  disarm: { gradient: "disarm" },
  straightThrough: { gradient: "straightThrough" },
};

/** The variance and time of one choice at one site; `estimator` is the name of the choice. */
export interface SiteChoice extends GradientVariance {
  readonly site: string;
  /** The `infer` options of the guide's sample statement that make this choice. */
  readonly infer: InferOptions;
  readonly isBiased: boolean;
}

/** Measure every choice that applies at each of these sites of the guide. */
export function siteChoices(experiment: Experiment, sites: readonly SampleSite[]): SiteChoice[] {
  const { elbo, task } = experiment;
  const choices: SiteChoice[] = [];
  for (const { name } of sites)
    for (const [choice, { gradient, baseline }] of Object.entries(CHOICES)) {
      if (baseline?.leaveOneOut && elbo.numParticles < 2) continue;
      const infer: InferOptions = { gradient, ...(baseline && { baseline }) };
      const guide = inferConfig(task.guide, (site) => (site.name === name ? { baseline: undefined, ...infer } : {}));
      const result = measure(choice, { ...experiment, task: { ...task, guide } });
      // A choice that does not apply is refused: the distribution or the estimator has no such gradient, or another site rules it out.
      if ("variance" in result) choices.push({ ...result, site: name, infer, isBiased: GRADIENTS[gradient].isBiased });
    }
  return choices;
}

/** One line of text for each site and choice. */
export function formatChoices(choices: readonly SiteChoice[]): string[] {
  const best = bestChoices(choices);
  return choices.map((choice) => {
    const { site, estimator, total, isBiased } = choice;
    const note = isBiased ? " (biased)" : best.get(site) === choice ? " (recommended)" : "";
    return `  site "${site}", ${estimator}${note}: ${total.toPrecision(3)}; ${formatSpeed(choice)}`;
  });
}

/** For each site, the unbiased choice with the largest 1 / (variance · seconds). */
function bestChoices(choices: readonly SiteChoice[]): ReadonlyMap<string, SiteChoice> {
  const best = new Map<string, SiteChoice>();
  // If the clock does not advance, `perSecond` is infinite for every choice; then compare the variances.
  const isBetter = (a: SiteChoice, b: SiteChoice): boolean =>
    a.perSecond > b.perSecond || (a.perSecond === b.perSecond && a.total < b.total);
  for (const choice of choices) {
    const bestSoFar = best.get(choice.site);
    if (!choice.isBiased && (bestSoFar === undefined || isBetter(choice, bestSoFar))) best.set(choice.site, choice);
  }
  return best;
}

/**
 * A function for `inferConfig` that selects, at every measured site, the unbiased choice with the largest 1 / (variance · seconds):
 * `inferConfig(guide, recommend(explain(elbo, model, guide, { measureVariance: true })))`. An explanation without measurements is refused.
 */
export function recommend({
  choices,
}: {
  readonly choices: readonly SiteChoice[];
}): (site: { readonly name: string }) => InferOptions {
  if (choices.length === 0)
    refuse(
      "bad-option",
      "recommend",
      "the explanation contains no measurements. Call explain with { measureVariance: true }, under TraceELBO or TraceGraphELBO.",
    );
  const best = bestChoices(choices);
  return ({ name }) => best.get(name)?.infer ?? {};
}
