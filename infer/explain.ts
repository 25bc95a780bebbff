/**
 * What an estimator does with a model and a guide, told site by site: how each gradient is taken, which costs a site is
 * charged with, its plates and shapes. As an object, as text, as JSON, as a Mermaid graph.
 */
import { emptyRecord, random, type Tensor } from "../autodiff/index.js";
import { Derived, type Distribution } from "../distributions/index.js";
import { getProvenance } from "../provenance/index.js";
import { type Cost, isScoreSite, scoreSitesOf } from "./costs.js";
import type { Elbo } from "./elbo.js";
import { initialise } from "./initialise.js";
import { type Model, runPair, sharedPlates } from "./particles.js";
import { type SampleSite, sampleSites } from "./trace.js";

export interface ExplainedSite {
  readonly name: string;
  readonly side: "model" | "guide";
  readonly distribution: string;
  /** How its gradient is taken; "observed" and "replayed" sites of the model are costs only. */
  readonly gradient: "pathwise" | "score function" | "closed form" | "observed" | "replayed";
  readonly batchShape: readonly number[];
  readonly eventShape: readonly number[];
  /** `name(size, dim)` */
  readonly plates: readonly string[];
  /** Which sites its log density depends on. */
  readonly provenance: readonly string[];
  /** The costs a score-function site is charged with. */
  readonly charged?: readonly string[];
}

const label = ({ side, site }: Pick<Cost, "side" | "site">): string =>
  side === "guide" ? `-log q(${site})` : `+log p(${site})`;

/** The report of `explain`. */
export class Explanation {
  constructor(
    readonly estimator: string,
    readonly sites: readonly ExplainedSite[],
  ) {}

  /** A page of text, a site a line. */
  toString(): string {
    const lines = this.sites.map((site) => {
      const plates = site.plates.length > 0 ? `, plates ${site.plates.join(", ")}` : "";
      const shape = `batch [${site.batchShape}] event [${site.eventShape}]`;
      const depends = site.provenance.length > 0 ? `, depends on {${site.provenance.join(", ")}}` : "";
      const charged = site.charged ? `\n      charged with: ${site.charged.join("  ")}` : "";
      return `  ${site.side} "${site.name}" ~ ${site.distribution}, ${site.gradient}, ${shape}${plates}${depends}${charged}`;
    });
    return [`${this.estimator}:`, ...lines].join("\n");
  }

  toJSON(): { estimator: string; sites: readonly ExplainedSite[] } {
    return { estimator: this.estimator, sites: this.sites };
  }

  /** A Mermaid flowchart: from each sampled site to the costs that depend on it. */
  toMermaid(): string {
    const ids = new Map(this.sites.map((site, i) => [`${site.side}:${site.name}`, `s${i}`]));
    const quote = (text: string) => `"${text.replaceAll('"', "#quot;")}"`;
    const nodes = this.sites.map((site, i) => `  s${i}[${quote(`${label({ side: site.side, site: site.name })}`)}]`);
    const edges = this.sites.flatMap((site, i) =>
      site.provenance.flatMap((parent) => {
        const from = ids.get(`guide:${parent}`);
        return from === undefined || from === `s${i}` ? [] : [`  ${from} --> s${i}`];
      }),
    );
    return ["flowchart TD", ...nodes, ...edges].join("\n");
  }
}

/** `Independent(Normal)`: a family and what was made of it. */
const nameOf = (fn: Distribution): string => (fn instanceof Derived ? `${fn.family}(${nameOf(fn.base)})` : fn.family);

function gradientOf(site: SampleSite, side: Cost["side"], isClosedForm: boolean): ExplainedSite["gradient"] {
  if (site.isObserved) return "observed";
  if (isClosedForm) return "closed form";
  return side === "model" ? "replayed" : isScoreSite(site) ? "score function" : "pathwise";
}

/** Run guide and model once, with their initial parameters, and report what `elbo` makes of them. */
export function explain(elbo: Elbo, model: Model, guide: Model, ...args: unknown[]): Explanation {
  const key = random.key(0);
  const { values, mutables } = initialise(key, model, guide, args, {});
  const known: Record<string, Tensor> = Object.assign(emptyRecord(), values, mutables);
  const pair = runPair(key, { key, values: known, model, guide, args }, sharedPlates(key));
  const costs = elbo.costs(pair);
  const charged = new Map(
    scoreSitesOf(pair.guide).map((d) => [d.name, costs.filter((c) => elbo.charged(c, d))] as const),
  );
  const describe = (site: SampleSite, side: Cost["side"]): ExplainedSite => {
    const bill = side === "guide" ? charged.get(site.name) : undefined;
    const isClosedForm = costs.some((c) => c.isClosedForm && c.site === site.name);
    return {
      name: site.name,
      side,
      distribution: nameOf(site.fn),
      gradient: gradientOf(site, side, isClosedForm),
      batchShape: site.fn.batchShape,
      eventShape: site.fn.eventShape,
      plates: site.plates.map(
        (p) =>
          `${p.name}(${p.subsampleSize === p.size ? p.size : `${p.subsampleSize} of ${p.size}`}, ${p.dim === null ? "sequential" : `dim ${p.dim}`})`,
      ),
      provenance: [...getProvenance(site.logProb())],
      ...(bill && { charged: bill.map(label) }),
    };
  };
  return new Explanation(elbo.name, [
    ...[...sampleSites(pair.guide)].map((site) => describe(site, "guide")),
    ...[...sampleSites(pair.model)].map((site) => describe(site, "model")),
  ]);
}
