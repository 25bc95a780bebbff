/** `explain` finds out how an estimator treats each site of a model and a guide: how its gradient is taken, and which costs it is charged with. */
import { PedigradError, type Tensor, type TensorLike } from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { isRecord, mergeRecords } from "../../provenance/base/records.js";
import { nearestName } from "../../provenance/base/spelling.js";
import { getProvenance } from "../../provenance/index.js";
import { didYouMean, refuseOption, requireKey, requireProgram } from "../checks.js";
import { type ScoreSite, scoreSite, scoreSitesOf } from "../elbo/costs/costs.js";
import type { Elbo } from "../elbo/elbo.js";
import type { Cost, Pair } from "../elbo/particles/pair.js";
import { checkOptions } from "../elbo/particles/siteOptions.js";
import type { Model, PlateFrame } from "../program/messages.js";
import { isDraw, isScoreSite, requireOutside, type SampleSite, sampleSites } from "../program/trace.js";
import { initialise } from "../svi/initialise.js";
import { axisMeetings } from "./axisMeetings.js";
import { type ExplainedSite, Explanation, label } from "./explanation.js";
import { gradientVariances } from "./gradientVariance.js";
import { distributionName } from "./modelGraph.js";
import { siteChoices } from "./siteChoices.js";

export interface ExplainOptions {
  /**
   * Measure the gradient's variance under each estimator that applies, with this number of draws; true means 1,000. By
   * default the variance is not measured.
   */
  measureVariance?: boolean | number | undefined;
  /** The constrained parameters to use, by name, such as `result.params`; by default the initial values. */
  params?: Record<string, TensorLike> | undefined;
  /** The key of the draws; `random.key(0)` by default. */
  key?: Tensor | undefined;
}

interface ExplainRequest {
  readonly args: readonly unknown[];
  readonly draws: number;
  readonly params: Record<string, TensorLike>;
  readonly key: Tensor;
}
const OPTIONS = ["measureVariance", "params", "key"];

/** Split the arguments of `explain` into the model's arguments and the options (the last argument, if it is a record of options). */
function splitArguments(args: readonly unknown[]): ExplainRequest {
  const last = args.at(-1);
  const names = isRecord(last) ? Object.keys(last) : [];
  const isOptions =
    names.includes("measureVariance") ||
    (names.length > 0 && names.every((n) => nearestName(n, OPTIONS) !== undefined));
  if (!isOptions) return { args, draws: 0, params: {}, key: random.key(0) };
  const unknown = names.find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined)
    throw new PedigradError({
      code: "unknown-option",
      op: "explain",
      param: unknown,
      message: `explain: unknown option "${unknown}".${didYouMean(unknown, OPTIONS)} If the record is an argument of the model, add the options after it: {measureVariance: false}.`,
    });
  const { measureVariance = false, params = {}, key = random.key(0) } = last as ExplainOptions;
  const draws = measureVariance === true ? 1000 : measureVariance === false ? 0 : measureVariance;
  if (!(Number.isInteger(draws) && (draws === 0 || draws > 1)))
    refuseOption(
      "explain",
      "measureVariance",
      `measureVariance must be true, false, or a number of draws of at least 2, got ${JSON.stringify(last)}.`,
    );
  requireKey("explain", key);
  return { args: args.slice(0, -1), draws, params, key };
}

/**
 * Run guide and model once, with their initial parameters or `params`, and report how `elbo` treats their sites. If the last argument is
 * a record with the key `measureVariance`, or with only the keys `params` and `key`, it contains options and is not passed to the model.
 * A record whose keys only resemble these names is refused as misspelt.
 */
export function explain(elbo: Elbo, model: Model, guide: Model, ...argsAndOptions: unknown[]): Explanation {
  requireOutside("explain");
  requireProgram("explain", "model", model);
  requireProgram("explain", "guide", guide);
  const { args, draws, params, key } = splitArguments(argsAndOptions);
  const { values, mutables } = initialise(key, { model, guide, elbo }, args, params);
  const task = { key, values: mergeRecords(values, mutables), model, guide, args, isMeasured: true };
  const pair = elbo.traces(task);
  checkOptions(elbo, pair, task.isMeasured);
  const guideSites = [...sampleSites(pair.guide)];
  const latents = guideSites.filter((site) => isDraw(site) && !isEnumerated(site));
  const sites = describeSites(elbo, pair, latents);
  if (draws === 0) return new Explanation(elbo.name, sites);
  const hasDiscrete = guideSites.some(({ fn, isObserved }) => fn.hasEnumerateSupport && !isObserved);
  const experiment = { elbo, task, params: values, draws };
  const { variances, refusals } = gradientVariances(experiment, hasDiscrete);
  const choices = elbo.hasBaselines ? siteChoices(experiment, latents) : [];
  return new Explanation(elbo.name, sites, variances, refusals, choices);
}

/** All sites of a run, first of the guide and then of the model. `latents` are the sites of the guide that are drawn. */
function describeSites(elbo: Elbo, pair: Pair, latents: readonly SampleSite[]): ExplainedSite[] {
  const costs = elbo.costs(pair);
  const scoreSites = new Map(
    scoreSitesOf(pair.guide).flatMap((d) => (isEnumerated(d.site) ? [] : [[d.name, d] as const])),
  );
  const describe = (site: SampleSite, side: Cost["side"]): ExplainedSite => {
    const { name, fn, plates } = site;
    const isClosedForm = costs.some((c) => c.isClosedForm && c.site === name);
    const isSummed = isEnumerated(site) && (side === "guide" || !pair.guide.has(name));
    return {
      name,
      side,
      distribution: distributionName(fn),
      gradient: gradientOf(site, side, isClosedForm),
      batchShape: fn.batchShape,
      eventShape: fn.eventShape,
      plates: plates.map(formatPlate),
      provenance: [...getProvenance(site.logProb())],
      ...(latents.includes(site) && describeLatent(elbo, site, costs, scoreSites)),
      ...(isSummed && { enumeration: enumerationOf(site) }),
    };
  };
  return (["guide", "model"] as const).flatMap((side) =>
    [...sampleSites(pair[side])].map((site) => describe(site, side)),
  );
}

/** The costs that depend on a latent of the guide, and, for a score site, the costs that it is charged with. */
function describeLatent(
  elbo: Elbo,
  site: SampleSite,
  costs: readonly Cost[],
  scoreSites: ReadonlyMap<string, ScoreSite>,
): Partial<ExplainedSite> {
  const { name, infer } = site;
  const latent = scoreSite(site);
  const dependents = costs
    .filter(({ provenance }) => provenance.has(name))
    .map((cost) => ({ cost: label(cost), axes: axisMeetings(latent, [cost], label) }));
  const payer = scoreSites.get(name);
  if (payer === undefined) return { dependents };
  const charges = costs.filter((cost) => [...elbo.payers(cost, scoreSites)].includes(payer));
  const charged = charges.map(label);
  if (!elbo.hasBaselines) return { charged, dependents };
  const axes = axisMeetings(payer, charges, label);
  return { charged, axes, dependents, ...(infer.baseline && { baseline: Object.keys(infer.baseline) }) };
}

const formatPlate = ({ name, size, subsampleSize, dim }: PlateFrame): string =>
  `${name}(${subsampleSize === size ? size : `${subsampleSize} of ${size}`}, ${dim === null ? "sequential" : `dim ${dim}`})`;

function gradientOf(site: SampleSite, side: Cost["side"], isClosedForm: boolean): ExplainedSite["gradient"] {
  if (site.isObserved) return "observed";
  if (isClosedForm) return "closed form";
  if (isEnumerated(site)) return "enumerated";
  if (side === "model") return "replayed";
  if (site.infer.gradient === "disarm") return "disarm";
  if (site.infer.gradient === "straightThrough") return "straight through";
  return isScoreSite(site) ? "score function" : "pathwise";
}
const isEnumerated = ({ infer, isObserved }: SampleSite): boolean => infer.enumerate != null && !isObserved;

const enumerationOf = (site: SampleSite): NonNullable<ExplainedSite["enumeration"]> => ({
  how: site.infer.enumerate as "parallel" | "sequential",
  values: site.fn.enumerateSupport(false).shape[0] as number,
  table: site.logProb().size,
});
