/**
 * Computes which elements of a site pay for which elements of a cost. An element of a site *pays* for a cost (is charged
 * with it) if the cost multiplies the element's ∇ log q (costs.ts). A score site d has *element axes*, along which its log
 * density is a sum of independent terms. If the provenance of a cost c says that c depends on d element by element along
 * a pair of axes, the two axes *meet*, and d[i] pays for c[i] only. Along an axis of d that meets no axis of c, every
 * element of d pays for all of c. Axes of c that meet no axis of d are summed:
 *
 *     cost_d[i] = Σ over costs c that d is charged with, Σ over the elements of c that depend on d[i]
 *
 * If two axes of d correspond to one axis of c, only the first of the two meets the axis of c.
 */
import { type Tensor, tensor } from "../../../autodiff/index.js";
import type { Provenance } from "../../../provenance/index.js";
import type { Cost } from "../particles/pair.js";
import type { ScoreSite } from "./costs.js";
import { commonPlateDims, type Meeting, sumToMeetings } from "./meetings.js";
import { warnIfMixed } from "./mixedPlates.js";

/** A function that returns the score sites that pay for a cost. TraceGraphELBO and TraceELBO differ only in this function. */
export type Payers = (c: Cost) => Iterable<ScoreSite>;

/** The sites among `sites` that are in the provenance of a cost. */
export function* sitesIn({ provenance }: Cost, sites: ReadonlyMap<string, ScoreSite>): Generator<ScoreSite> {
  if (provenance.size > sites.size) {
    for (const site of sites.values()) if (provenance.has(site.name)) yield site;
    return;
  }
  for (const name of provenance) {
    const site = sites.get(name);
    if (site !== undefined) yield site;
  }
}

/**
 * A cost as one score site pays for it: the value of the cost, before or after the sum over its event axes, and the pairs
 * of axes along which this value and the site meet.
 */
export interface AlignedCost {
  readonly value: Tensor;
  readonly meetings: readonly Meeting[];
}
const NO_MEETINGS: readonly Meeting[] = [];

/** The cost c, aligned with site d. If more axes meet before c is summed over its event axes, the value before this sum is used. */
export function alignedCost(c: Cost, d: ScoreSite): AlignedCost {
  const { value, provenance, elements } = c;
  if (d.axes.length === 0) return { value, meetings: NO_MEETINGS };
  // If c does not depend on d, every choice of meetings is unbiased. Use the plates that contain both c and d.
  if (!provenance.has(d.name)) return { value, meetings: plateMeetings(c, d) };
  const meetings = meetingsOf(provenance, d);
  if (elements === undefined || meetings.length === d.axes.length) return { value, meetings };
  const elementwise = elements.value();
  const all = meetingsOf(elementwise.provenance, d);
  return all.length > meetings.length ? { value: elementwise, meetings: all } : { value, meetings };
}

function meetingsOf(provenance: Provenance, { name, axes }: ScoreSite): Meeting[] {
  const valueAxes = provenance.axesOf(name);
  const meetings: Meeting[] = [];
  for (const axis of axes) {
    const valueAxis = valueAxes.get(-axis);
    if (valueAxis !== undefined && meetings.every(([from]) => from !== -valueAxis)) meetings.push([-valueAxis, axis]);
  }
  return meetings;
}

const plateMeetings = (c: Cost, d: ScoreSite): Meeting[] =>
  commonPlateDims(c.plates, d.plates)
    .map(([from, to]): Meeting => [from, to + d.elementDim])
    .filter(([from, to]) => d.axes.includes(to) && (c.value.shape.at(-from) ?? 1) > 1);

/**
 * cost_d for every score site d. If a site is charged with all costs of an earlier site and with further costs, only the
 * further costs are added to the sum of the earlier site. So in a chain of sites, each of which depends on the site before
 * it, the number of additions grows with the number of sites, not with its square. Two sites share a sum only if every
 * cost in the sum meets both sites along the same axes.
 */
export function chargedCosts(costs: readonly Cost[], sites: readonly ScoreSite[], payers: Payers): Map<string, Tensor> {
  const result = new Map<string, Tensor>();
  const charges = sites.map((site) => ({ site, shares: new Map<number, AlignedCost>() }));
  const sharesOf = new Map(charges.map(({ site, shares }) => [site, shares]));
  for (const [i, cost] of costs.entries())
    for (const site of payers(cost)) {
      const share = alignedCost(cost, site);
      warnIfMixed(cost, site, share.meetings);
      sharesOf.get(site)?.set(i, share);
    }
  charges.sort((a, b) => a.shares.size - b.shares.size);
  const earlierSums = new Map<string, { shares: ReadonlyMap<number, AlignedCost>; total: Tensor }>();
  for (const { site, shares } of charges) {
    const group = site.plates.map((p) => p.name).join("\u0000");
    const earlier = earlierSums.get(group);
    const isShared = earlier !== undefined && [...earlier.shares].every(([i, share]) => isSame(shares.get(i), share));
    let total = isShared ? earlier.total : null;
    for (const [i, { value, meetings }] of shares) {
      if (isShared && earlier.shares.has(i)) continue;
      const share = sumToMeetings(value, meetings);
      total = total === null ? share : total.add(share);
    }
    const cost = total ?? tensor(0);
    result.set(site.name, cost);
    earlierSums.set(group, { shares, total: cost });
  }
  return result;
}

const isSame = (a: AlignedCost | undefined, b: AlignedCost): boolean =>
  a !== undefined &&
  a.meetings.length === b.meetings.length &&
  a.meetings.every(([from, to], i) => from === b.meetings[i]?.[0] && to === b.meetings[i]?.[1]);
