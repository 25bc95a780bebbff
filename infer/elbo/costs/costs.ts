/**
 * The rule behind all estimators (Schulman et al. 2015). An ELBO is a sum of costs: log p for every site of the model, -log q for every
 * latent of the guide, and the value v of every factor in the model (-v in the guide). A cost is a tensor. Its provenance says on which
 * sampled sites it depends, and along which axes. Each site d of the guide without a pathwise sampler (a *score site*) adds to the gradient
 *
 *     cost_d[i] = Σ over costs c that depend on d, Σ over the elements of c that depend on d[i]
 *     gradient += Σ over elements i of (cost_d[i] - baseline_d[i]) ∇ log q(d)[i]
 *
 * where cost_d counts as a constant, and baseline_d lowers the variance (baselines.ts). charge.ts finds the elements of c that depend on
 * d[i]. The cost is scaled and masked; the score ∇ log q(d) is not.
 */
import { neg, type Tensor, tensor } from "../../../autodiff/index.js";
import type { PlateFrame } from "../../program/messages.js";
import { isScoreSite, type SampleSite, sampleSites, type Trace } from "../../program/trace.js";
import { checkLatentsCovered } from "../particles/match.js";
import type { Cost, Pair } from "../particles/pair.js";
import { refuseMovingSupport } from "../particles/supports.js";
import { sumToAxes } from "./meetings.js";

/** A site that has a score-function gradient. */
export interface ScoreSite {
  readonly name: string;
  readonly site: SampleSite;
  readonly plates: readonly PlateFrame[];
  /** The number of event axes at the end of the site's elementwise log density, `site.elements()`. */
  readonly elementDim: number;
  /** The site's element axes (charge.ts), counted from the right, from 1. */
  readonly axes: readonly number[];
  /** log q of each element, neither scaled nor masked, summed over all axes that are not element axes. */
  readonly logq: Tensor;
}

/** The cost of a site: +log p in the model, -log q in the guide. */
export function costOf(site: SampleSite, side: Cost["side"], isDifferentiated: boolean): Cost {
  const signed = side === "guide" ? neg : (x: Tensor) => x;
  const value = signed(site.scaledLogProb());
  const { name, plates } = site;
  const cost: Cost = { site: name, side, value, plates, provenance: value.provenance, isDifferentiated };
  const dim = site.fn.elementDim;
  if (dim === 0) return cost;
  let elements: Tensor | null = null;
  const elementwise = (): Tensor => {
    elements ??= signed(site.scaledElements());
    return elements;
  };
  return { ...cost, elements: { dim, value: elementwise } };
}

/** The sum of all elements of all terms. */
export function sumOfAll(terms: Iterable<Tensor>): Tensor {
  let total = tensor(0);
  for (const term of terms) total = total.add(term.sum());
  return total;
}

/** All costs of a pair, as log densities at the draws (without closed forms), after checks of the pair. */
export function sampledCosts(pair: Pair): Cost[] {
  if (!pair.isMatched) checkLatentsCovered(pair.guide, pair.model);
  return costsOf(pair.guide, pair.model);
}

/** The cost of every site, first of the guide and then of the model. */
export function costsOf(guide: Trace, model: Trace): Cost[] {
  const costs: Cost[] = [];
  for (const site of sampleSites(guide))
    costs.push(costOf(site, "guide", !isScoreSite(site) || hasGradient(site.scale)));
  for (const site of sampleSites(model)) costs.push(costOf(site, "model", true));
  return costs;
}

/** Whether a scale depends on a param or a pathwise draw. If so, -log q, whose own gradient has mean 0, must be differentiated. */
const hasGradient = (scale: Tensor | number): boolean => typeof scale === "object" && scale.node !== null;

/** The sites of the guide that have a score-function gradient. */
export function scoreSitesOf(guide: Trace): ScoreSite[] {
  const sites = [...sampleSites(guide)].filter(isScoreSite);
  for (const site of sites) refuseMovingSupport(site, "the score function");
  return sites.map(scoreSite);
}

/** The `ScoreSite` of a latent of the guide; it also works for latents with a pathwise gradient. */
export function scoreSite(site: SampleSite): ScoreSite {
  const { name, plates, fn, value } = site;
  const { elementDim } = fn;
  const density = site.unmasked().elements();
  // The density of a uniform distribution does not depend on the value, so its provenance lacks the site. In this case,
  // take the element axes from the value.
  const [source, eventAxes] = density.provenance.has(name) ? [density, 0] : [value, fn.eventDim - elementDim];
  const ownAxes = source.provenance.axesOf(name);
  const axes = [...ownAxes].flatMap(([axis, place]) => (place === axis - eventAxes ? [-axis] : []));
  return { name, site, plates, elementDim, axes, logq: sumToAxes(density, axes) };
}
