/**
 * A warning where an op mixed the elements of a plate. A plate declares its elements independent given everything
 * outside. They are not independent if a site and a cost are in the same plate and an op between the two mixed the
 * elements. The gradient is still right, since every element then pays for the whole cost, but it has more variance
 * than with separate elements, and the mixing may be a mistake. The warning appears once per site and plate.
 */
import type { Cost } from "../particles/pair.js";
import type { ScoreSite } from "./costs.js";
import { commonPlateDims, type Meeting } from "./meetings.js";

const warned = new Set<string>();

/** Warn of every plate that the cost and the site are both in but along which their elements do not meet. */
export function warnIfMixed(cost: Cost, site: ScoreSite, meetings: readonly Meeting[]): void {
  const { name, plates, elementDim, axes } = site;
  if (!cost.provenance.has(name) || meetings.length === axes.length) return;
  for (const [, dim] of commonPlateDims(cost.plates, plates)) {
    const axis = dim + elementDim;
    if (!axes.includes(axis) || meetings.some(([, to]) => to === axis)) continue;
    const plate = plates.find((p) => p.dim === -dim)?.name as string;
    warnOfMixing(name, plate, cost.provenance.mixedBy(name, -axis), cost.site);
  }
}

/** Warn, once per site and plate, that `op` mixes the plate's elements between `site` and the site `to` in the same plate. */
export function warnOfMixing(site: string, plate: string, op: string | null, to: string): void {
  const key = `${site}\u0000${plate}`;
  if (warned.has(key)) return;
  warned.add(key);
  console.warn(
    `pedigrad: site "${site}" in plate "${plate}": ${op === null ? "an op" : `"${op}"`} mixes the plate's elements between this site and site "${to}" in the same plate, so every element of "${site}" is charged with the whole cost of "${to}". The gradient is unbiased, but has more variance. If the elements do not need each other, compute "${to}" element by element. If they do, put "${to}" outside the plate, or use toEvent.`,
  );
}
