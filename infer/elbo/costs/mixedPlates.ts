/**
 * Plates whose elements were brought together. A plate says that its elements are independent given what is outside; where a site and a
 * cost stand in one plate, and an op on the way mixed its elements, they are not. The gradient stays right, since every element then pays
 * for all; but it has more variance than that of a plate that is kept, and may not be what was meant. So it is said, once per plate.
 */
import type { Cost } from "../particles/pair.js";
import type { ScoreSite } from "./costs.js";
import { type Meeting, sharedPlates } from "./meetings.js";

const warned = new Set<string>();

/** Warn of a plate that holds both the cost and the site, whose elements do not meet. */
export function warnIfMixed(cost: Cost, site: ScoreSite, meetings: readonly Meeting[]): void {
  const { name, plates, elementDim, axes } = site;
  if (!cost.provenance.has(name) || meetings.length === axes.length) return;
  for (const [, dim] of sharedPlates(cost.plates, plates)) {
    const axis = dim + elementDim;
    if (!axes.includes(axis) || meetings.some(([, to]) => to === axis)) continue;
    const plate = plates.find((p) => p.dim === -dim)?.name as string;
    warnOfMixing(name, plate, cost.provenance.mixedBy(name, -axis), cost.site);
  }
}

/** Say once that an op brings the elements of a site's plate together on the way to another site in that plate. */
export function warnOfMixing(site: string, plate: string, op: string | null, to: string): void {
  const key = `${site}\u0000${plate}`;
  if (warned.has(key)) return;
  warned.add(key);
  console.warn(
    `pedigrad: site "${site}" in plate "${plate}": ${op === null ? "an op" : `"${op}"`} brings the plate's elements together on the way to site "${to}" in the same plate, so every element of "${site}" pays for all of "${to}". That is right, but noisier than a plate that is kept: if no element needs the others, compute it element by element; else leave the plate before, or use toEvent.`,
  );
}
