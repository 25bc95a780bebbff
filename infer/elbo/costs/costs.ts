/**
 * The one rule behind all estimators (Schulman et al. 2015). An ELBO is a sum of costs: +log p for every site of the model,
 * -log q for every latent of the guide, and factors (in the guide -v). A cost is a tensor with plates, and its provenance
 * says which sampled sites it depends on. For each site d of the guide without a pathwise sampler,
 *
 *     cost_d    = Σ over costs c with d in their provenance of c, summed over every dim that c does not share with d
 *     gradient += Σ over d's plates of (cost_d - baseline_d) ∇ log q(d)
 *
 * where cost_d is held constant and log q(d) is first summed over dims that no plate declares. The cost is scaled and
 * masked; the score is neither.
 */
import { neg, reshape, type Tensor, tensor } from "../../../autodiff/index.js";
import { getProvenance } from "../../../provenance/index.js";
import type { PlateFrame } from "../../program/messages.js";
import { type SampleSite, sampleSites, type Trace } from "../../program/trace.js";
import type { Cost } from "../particles/pair.js";

/** A site whose gradient is taken by its score. */
export interface ScoreSite {
  readonly name: string;
  readonly site: SampleSite;
  /** Its plates' dims. */
  readonly plates: readonly PlateFrame[];
  /** log q, unscaled and unmasked, summed over undeclared dims. */
  readonly logq: Tensor;
}

/** Whether a guide site's gradient is taken by its score. */
export const isScoreSite = (site: SampleSite): boolean => !site.isObserved && !site.fn.hasRsample;

/** All terms of log p - log q, in order. */
export function costsOf(guide: Trace, model: Trace): Cost[] {
  const costs: Cost[] = [];
  const add = (site: SampleSite, side: Cost["side"], value: Tensor, isDifferentiated: boolean) =>
    costs.push({
      site: site.name,
      side,
      value,
      plates: site.plates,
      provenance: getProvenance(value),
      isDifferentiated,
    });
  for (const site of sampleSites(guide)) add(site, "guide", neg(site.scaledLogProb()), !isScoreSite(site));
  for (const site of sampleSites(model)) add(site, "model", site.scaledLogProb(), true);
  return costs;
}

/** The sites of the guide whose gradient is taken by their score. */
export const scoreSitesOf = (guide: Trace): ScoreSite[] =>
  [...sampleSites(guide)].filter(isScoreSite).map((site) => ({
    name: site.name,
    site,
    plates: site.plates,
    logq: sumToPlates(site.logProb(), site.plates, site.plates),
  }));

/**
 * `value` summed over every dim that is not a plate of both `plates` and `target`. Dims that remain keep their place, counted
 * from the right.
 */
export function sumToPlates(value: Tensor, plates: readonly PlateFrame[], target: readonly PlateFrame[]): Tensor {
  const rank = value.shape.length;
  const kept = new Set(
    plates.filter((p) => p.dim !== null && target.some((t) => t.name === p.name)).map((p) => rank + (p.dim as number)),
  );
  const summed = [...value.shape.keys()].filter((axis) => !kept.has(axis) && value.shape[axis] !== 1);
  const sum = summed.length === 0 ? value : value.sum(summed, { keepDims: true });
  const depth = Math.max(0, ...[...kept].map((axis) => rank - axis));
  return sum.shape.length === depth ? sum : reshape(sum, sum.shape.slice(rank - depth));
}

/** Whether score site `d` pays for cost `c`: what tells one estimator from another. */
export type Charged = (c: Cost, d: ScoreSite) => boolean;

/**
 * cost_d for every score site: `charged(c, d)` says whether d pays for c. Sets that are nested share their sums, so that a
 * guide in which every site depends on the one before costs one addition a site, not one a pair.
 */
export function chargedCosts(
  costs: readonly Cost[],
  sites: readonly ScoreSite[],
  charged: Charged,
): Map<string, Tensor> {
  const result = new Map<string, Tensor>();
  const bills = sites.map((site) => ({ site, items: costs.flatMap((cost, i) => (charged(cost, site) ? [i] : [])) }));
  bills.sort((a, b) => a.items.length - b.items.length);
  const done = new Map<string, { items: number[]; total: Tensor }>();
  for (const { site, items } of bills) {
    const group = site.plates.map((p) => p.name).join("\u0000");
    const before = done.get(group);
    const have = new Set(items);
    const shared = before?.items.every((i) => have.has(i)) ? before : null;
    const paid = new Set(shared?.items);
    let total = shared?.total ?? null;
    for (const i of items) {
      if (paid.has(i)) continue;
      const cost = costs[i] as Cost;
      const share = sumToPlates(cost.value, cost.plates, site.plates);
      total = total === null ? share : total.add(share);
    }
    const cost = total ?? tensor(0);
    result.set(site.name, cost);
    done.set(group, { items, total: cost });
  }
  return result;
}
