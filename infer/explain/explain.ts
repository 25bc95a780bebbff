/**
 * Explains how an estimator treats each site of a model and a guide: how its gradient is taken, which costs it is charged
 * with, and its plates and shapes. The result can be printed as text, or converted to JSON and to a Mermaid diagram.
 */
import { PedigradError, type Tensor, type TensorLike } from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { isRecord, mergeRecords } from "../../provenance/base/records.js";
import { nearestName } from "../../provenance/base/spelling.js";
import { getProvenance } from "../../provenance/index.js";
import { didYouMean, refuseOption, requireKey, requireProgram } from "../checks.js";
import { scoreSite, scoreSitesOf } from "../elbo/costs/costs.js";
import type { Elbo } from "../elbo/elbo.js";
import type { Cost } from "../elbo/particles/pair.js";
import { report } from "../html.js";
import type { Model } from "../program/messages.js";
import { isDraw, isScoreSite, type SampleSite, sampleSites } from "../program/trace.js";
import { initialise } from "../svi/initialise.js";
import { type AxisMeeting, axisMeetings, formatAxes } from "./axisMeetings.js";
import { formatSpeed, type GradientVariance, gradientVariances, type Refusal } from "./gradientVariance.js";
import { distributionName } from "./modelGraph.js";
import { formatChoices, type SiteChoice, siteChoices } from "./siteChoices.js";

export interface ExplainedSite {
  readonly name: string;
  readonly side: "model" | "guide";
  readonly distribution: string;
  /** How the gradient is taken. Sites of the model are "observed" or "replayed" (their values come from the guide), and only add costs. */
  readonly gradient:
    | "pathwise"
    | "score function"
    | "disarm"
    | "straight through"
    | "closed form"
    | "enumerated"
    | "observed"
    | "replayed";
  readonly batchShape: readonly number[];
  readonly eventShape: readonly number[];
  /** The plates around the site, each written as `name(size, dim)`. */
  readonly plates: readonly string[];
  /** The sites on which the log density of this site depends. */
  readonly provenance: readonly string[];
  /** For a score-function site: the costs that it is charged with. */
  readonly charged?: readonly string[];
  /** For a score-function site: which of its axes meets which axis of each cost. */
  readonly axes?: readonly AxisMeeting[];
  /**
   * For a latent of the guide, with any kind of gradient: every cost that depends on the latent. `axes` gives, for each axis
   * of the latent, the axis of the cost that meets it, or the op that mixed it.
   */
  readonly dependents?: readonly { readonly cost: string; readonly axes: readonly AxisMeeting[] }[];
  /** The names of the baseline options that the site sets. */
  readonly baseline?: readonly string[];
  /** For an enumerated site: how it is enumerated, the number of its values, and the number of entries in its table of log densities. */
  readonly enumeration?: { readonly how: "parallel" | "sequential"; readonly values: number; readonly table: number };
}

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

const label = ({ side, site }: Pick<Cost, "side" | "site">): string =>
  side === "guide" ? `-log q(${site})` : `+log p(${site})`;

/** The costs of a site, each with the text of its axes (`formatAxes`). */
const formatCharges = ({ charged = [], axes = [] }: ExplainedSite): string[] =>
  charged.map((cost) => {
    const text = formatAxes(axes.filter((axis) => axis.cost === cost));
    return text === "" ? cost : `${cost} (${text})`;
  });

/** The report of `explain`. */
export class Explanation extends /* @__PURE__ */ report() {
  constructor(
    readonly estimator: string,
    readonly sites: readonly ExplainedSite[],
    /** The variance and time of each estimator's gradient, if `measureVariance` is set. */
    readonly variances: readonly GradientVariance[] = [],
    /** The estimators that do not apply, with the reasons. */
    readonly refusals: readonly Refusal[] = [],
    /** The variance and time of each kind of gradient at each site, if `measureVariance` is set. */
    readonly choices: readonly SiteChoice[] = [],
  ) {
    super();
  }

  /** The report as text: one line per site (two if the site is charged with costs), then the measurements. */
  override toString(): string {
    const lines = this.sites.map((site) => {
      const plates = site.plates.length > 0 ? `, plates ${site.plates.join(", ")}` : "";
      const shape = `batch [${site.batchShape}] event [${site.eventShape}]`;
      const depends = site.provenance.length > 0 ? `, depends on {${site.provenance.join(", ")}}` : "";
      const baseline = site.baseline ? `, baseline ${site.baseline.join(" + ")}` : "";
      const charged = site.charged ? `${baseline}\n      charged with: ${formatCharges(site).join("  ")}` : "";
      const enumeration = site.enumeration;
      const gradient = enumeration
        ? `${site.gradient} (${enumeration.how}, ${enumeration.values} values, a table of ${enumeration.table})`
        : site.gradient;
      return `  ${site.side} "${site.name}" ~ ${site.distribution}, ${gradient}, ${shape}${plates}${depends}${charged}`;
    });
    const measurements = this.variances.map((measured) => {
      const each = Object.entries(measured.variance).map(([name, v]) => `${name} ${v.toPrecision(3)}`);
      return `  ${measured.estimator}: ${each.join(", ")}; ${formatSpeed(measured)}`;
    });
    measurements.push(...this.refusals.map(({ estimator, why }) => `  ${estimator} does not apply: ${why}`));
    const heading = "gradient variance by parameter; time of a gradient; 1 / (variance · seconds):";
    const table = measurements.length > 0 ? [heading, ...measurements] : [];
    const choices = formatChoices(this.choices);
    const bySite =
      choices.length > 0 ? ["the same, summed over parameters, for each choice at one site:", ...choices] : [];
    return [`${this.estimator}:`, ...lines, ...table, ...bySite].join("\n");
  }

  toJSON(): Pick<Explanation, "estimator" | "sites" | "variances" | "refusals" | "choices"> {
    return { ...this };
  }

  /** A Mermaid flowchart with an arrow from each sampled site to every cost that depends on it. */
  toMermaid(): string {
    const ids = new Map(this.sites.map((site, i) => [`${site.side}:${site.name}`, `s${i}`]));
    const quote = (text: string) => `"${text.replaceAll('"', "#quot;")}"`;
    const nodes = this.sites.map((site, i) => `  s${i}[${quote(label({ side: site.side, site: site.name }))}]`);
    const edges = this.sites.flatMap((site, i) =>
      site.provenance.flatMap((parent) => {
        const from = ids.get(`guide:${parent}`);
        return from === undefined || from === `s${i}` ? [] : [`  ${from} --> s${i}`];
      }),
    );
    return ["flowchart TD", ...nodes, ...edges].join("\n");
  }
}

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
  requireProgram("explain", "model", model);
  requireProgram("explain", "guide", guide);
  const { args, draws, params, key } = splitArguments(argsAndOptions);
  const { values, mutables } = initialise(key, { model, guide, elbo }, args, params);
  const task = { key, values: mergeRecords(values, mutables), model, guide, args, isMeasured: true };
  const pair = elbo.traces(task);
  const costs = elbo.costs(pair);
  const scoreSites = new Map(
    scoreSitesOf(pair.guide).flatMap((d) => (isEnumerated(d.site) ? [] : [[d.name, d] as const])),
  );
  const guideSites = [...sampleSites(pair.guide)];
  const latents = guideSites.filter((site) => isDraw(site) && !isEnumerated(site));
  const payers = costs.map((cost) => new Set(elbo.payers(cost, scoreSites)));
  /** The costs that depend on a drawn latent of the guide, and the costs that the latent is charged with. */
  const describeLatent = (site: SampleSite): Partial<ExplainedSite> => {
    const latent = scoreSite(site);
    const dependents = costs
      .filter(({ provenance }) => provenance.has(site.name))
      .map((cost) => ({ cost: label(cost), axes: axisMeetings(latent, [cost], label) }));
    const payer = scoreSites.get(site.name);
    if (payer === undefined) return { dependents };
    const charged = costs.filter((_, i) => payers[i]?.has(payer));
    const names = charged.map(label);
    if (!elbo.hasBaselines) return { charged: names, dependents };
    const { baseline } = site.infer;
    const axes = axisMeetings(payer, charged, label);
    return { charged: names, axes, dependents, ...(baseline && { baseline: Object.keys(baseline) }) };
  };
  const describe = (site: SampleSite, side: Cost["side"]): ExplainedSite => {
    const isClosedForm = costs.some((c) => c.isClosedForm && c.site === site.name);
    const isSummed = isEnumerated(site) && (side === "guide" || !pair.guide.has(site.name));
    return {
      name: site.name,
      side,
      distribution: distributionName(site.fn),
      gradient: gradientOf(site, side, isClosedForm),
      batchShape: site.fn.batchShape,
      eventShape: site.fn.eventShape,
      plates: site.plates.map(
        (p) =>
          `${p.name}(${p.subsampleSize === p.size ? p.size : `${p.subsampleSize} of ${p.size}`}, ${p.dim === null ? "sequential" : `dim ${p.dim}`})`,
      ),
      provenance: [...getProvenance(site.logProb())],
      ...(latents.includes(site) && describeLatent(site)),
      ...(isSummed && { enumeration: enumerationOf(site) }),
    };
  };
  const sites = [
    ...guideSites.map((site) => describe(site, "guide")),
    ...[...sampleSites(pair.model)].map((site) => describe(site, "model")),
  ];
  const hasDiscrete = guideSites.some(({ fn, isObserved }) => fn.hasEnumerateSupport && !isObserved);
  if (draws === 0) return new Explanation(elbo.name, sites);
  const { variances, refusals } = gradientVariances(elbo, task, values, draws, hasDiscrete);
  const choices = elbo.hasBaselines ? siteChoices(elbo, task, values, draws, latents) : [];
  return new Explanation(elbo.name, sites, variances, refusals, choices);
}
