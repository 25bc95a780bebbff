/**
 * A warning if an op mixed the elements of a plate. A plate declares that its elements are independent given the sites
 * outside. If a site and a cost are in the same plate, and an op between the two mixed the elements, the elements are
 * dependent. The gradient is still unbiased, because every element of the site then pays for the whole cost, but the
 * gradient has more variance, and the mixing may be a mistake. If the plate visits only some of its elements, the cost of
 * one element depends on which other elements are visited, so even the loss is biased. The warning appears once per site
 * and plate.
 */
import { warnOnce } from "../../../provenance/base/warnOnce.js";
import type { PlateFrame } from "../../program/messages.js";
import type { Cost } from "../particles/pair.js";
import { isSubsampled } from "../particles/subsampling.js";
import type { ScoreSite } from "./costs.js";
import { commonPlateDims, type Meeting } from "./meetings.js";

/** Warn of every plate that contains both the cost and the site, if the axes of the two do not meet along the plate's dim. */
export function warnIfMixed(cost: Cost, site: ScoreSite, meetings: readonly Meeting[]): void {
  const { name, plates, elementDim, axes } = site;
  if (!cost.provenance.has(name) || meetings.length === axes.length) return;
  for (const [, dim] of commonPlateDims(cost.plates, plates)) {
    const axis = dim + elementDim;
    if (!axes.includes(axis) || meetings.some(([, to]) => to === axis)) continue;
    const plate = plates.find((p) => p.dim === -dim) as PlateFrame;
    warnOfMixing(name, plate, cost.provenance.mixedBy(name, -axis), cost.site);
  }
}

/** Warn, once per site and plate, that `op` mixes the elements of the plate between the sites `site` and `to` in this plate. */
export function warnOfMixing(site: string, plate: PlateFrame, op: string | null, to: string): void {
  const { name, size, subsampleSize } = plate;
  warnOnce(`mixed ${site}\u0000${name}`, () => {
    const effect = isSubsampled(plate)
      ? `The plate visits only ${subsampleSize} of its ${size} elements, and the mixed values depend on which ones, so the loss and its gradient are biased`
      : "The gradient is unbiased, but has more variance";
    return `site "${site}" in plate "${name}": ${op === null ? "an op" : `"${op}"`} mixes the plate's elements between this site and site "${to}" in the same plate, so every element of "${site}" is charged with the whole cost of "${to}". ${effect}. If the elements do not need each other, compute "${to}" element by element. If they do, ${isSubsampled(plate) ? "visit the whole plate" : `put "${to}" outside the plate, or use toEvent`}.`;
  });
}
