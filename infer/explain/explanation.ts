/**
 * The report of `explain`: how an estimator treats each site, and the variance of its gradients, if measured. It can be printed as text, or
 * converted to JSON and to a Mermaid diagram.
 */
import type { Cost } from "../elbo/particles/pair.js";
import { report } from "../html.js";
import { type AxisMeeting, formatAxes } from "./axisMeetings.js";
import { formatSpeed, type GradientVariance, type Refusal } from "./gradientVariance.js";
import { formatChoices, type SiteChoice } from "./siteChoices.js";

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

/** A cost in words. */
export const label = ({ side, site }: Pick<Cost, "side" | "site">): string =>
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
      const charged = site.charged?.length ? `${baseline}\n      charged with: ${formatCharges(site).join("  ")}` : "";
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
    const table = (heading: string, rows: readonly string[]) => (rows.length > 0 ? [heading, ...rows] : []);
    return [
      `${this.estimator}:`,
      ...lines,
      ...table("gradient variance by parameter; time of a gradient; 1 / (variance · seconds):", measurements),
      ...table("the same, summed over parameters, for each choice at one site:", formatChoices(this.choices)),
    ].join("\n");
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
