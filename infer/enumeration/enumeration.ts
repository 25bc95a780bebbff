/**
 * A run of guide and model with discrete sites enumerated, taken apart into named factors: what both TraceEnumELBO and the
 * posterior of discrete sites (inferDiscrete.ts) start from.
 */

import { random, type Tensor, where } from "../../autodiff/index.js";
import { log } from "../../autodiff/kernels/formulas/scalarFormulas.js";
import { shareMasks } from "../elbo/particles/masks.js";
import { checkLatentsCovered, checkPair } from "../elbo/particles/match.js";
import type { Pair, Task } from "../elbo/particles/pair.js";
import { tracedRun } from "../elbo/particles/particles.js";
import { isSubsampled, refuseSubsampling } from "../elbo/particles/subsampling.js";
import { replay } from "../program/handlers.js";
import type { Messenger } from "../program/messages.js";
import { type SampleSite, sampleSites } from "../program/trace.js";
import { Enumerator } from "./enumerator.js";
import { type Factor, factorOf } from "./factors.js";
import type { Plated } from "./sumProduct.js";

export interface EnumeratedPair extends Pair {
  readonly maxPlateNesting: number;
  readonly guideDims: Enumerator;
  readonly modelDims: Enumerator;
}

/** Run guide and model with their enumerated sites along dims of their own; `nesting` is found by a run where not given. */
export function runEnumerated(
  key: Tensor,
  task: Task,
  nesting: number | undefined,
  ...around: Messenger[]
): EnumeratedPair {
  const maxPlateNesting = nesting ?? findPlateNesting(key, task, around);
  const guideDims = new Enumerator(maxPlateNesting);
  const guide = tracedRun(task.guide, random.foldIn(key, 0), task, ...around, guideDims);
  const modelDims = new Enumerator(maxPlateNesting, guideDims);
  const model = tracedRun(replay(task.model, guide), random.foldIn(key, 1), task, ...around, modelDims);
  checkPair(guide, model, maxPlateNesting);
  shareMasks(guide, model);
  return { guide, model, maxPlateNesting, guideDims, modelDims };
}

/** How deep the plates of guide and model nest, by a run that samples what would be enumerated. */
function findPlateNesting(key: Tensor, task: Task, around: readonly Messenger[]): number {
  const guide = tracedRun(task.guide, random.foldIn(key, 0), task, ...around);
  const model = tracedRun(replay(task.model, guide), random.foldIn(key, 1), task, ...around);
  let depth = 0;
  for (const site of [...sampleSites(guide), ...sampleSites(model)])
    for (const { dim } of site.plates) depth = Math.max(depth, -(dim ?? 0));
  return depth;
}

/** The vectorised plates of a site, by name. */
export const platesOf = (site: SampleSite): Set<string> =>
  new Set(site.plates.filter((p) => p.dim !== null).map((p) => p.name));

/** size / subsampleSize of every plate of these sites. */
export function plateScalesOf(sites: Iterable<SampleSite>): Map<string, number> {
  const scales = new Map<string, number>();
  for (const site of sites)
    for (const { name, dim, size, subsampleSize } of site.plates)
      if (dim !== null) scales.set(name, (size as number) / (subsampleSize as number));
  return scales;
}

/** A site's scale without that of its vectorised plates. */
export function residualScale({ scale, plates }: SampleSite): Tensor | number {
  const own = plates.reduce(
    (s, { dim, size, subsampleSize }) => (dim === null ? s : (s * (size as number)) / (subsampleSize as number)),
    1,
  );
  if (typeof scale === "number") return scale / own;
  return own === 1 ? scale : scale.div(own);
}

/** The log density of a model site as a factor in its plates: masked inside, not scaled. */
export function modelFactor(site: SampleSite, { modelDims, maxPlateNesting, guideDims }: EnumeratedPair): Plated {
  const { name, mask } = site;
  const logProb = site.logProb();
  // A masked variable counts for nothing: uniform over its support it sums to 1.
  const silent = modelDims.dimOf.has(name) ? -log(site.fn.enumerateSupport(false).shape[0] as number) : 0;
  const value = mask === null ? logProb : where(mask, logProb, silent);
  const enumerated = new Map([...guideDims.dimOf, ...modelDims.dimOf]);
  const factor = factorOf(site, value, maxPlateNesting, enumerated);
  return { factor, plates: platesOf(site), scale: residualScale(site), sites: [name] };
}

/** The log density of a guide site as a factor, neither masked nor scaled. */
export const guideFactor = (site: SampleSite, value: Tensor, { guideDims, maxPlateNesting }: EnumeratedPair): Factor =>
  factorOf(site, value, maxPlateNesting, guideDims.dimOf);

/**
 * Refuse an enumerated site of the model outside a subsampled plate in which something depends on it: its sum is over products of the
 * plate's elements, whose logarithm is not linear in them. `factors` are those of `sites`.
 */
export function refuseSubsampledProducts(
  op: string,
  sites: readonly SampleSite[],
  factors: readonly Plated[],
  { model, modelDims }: EnumeratedPair,
  canInsist = false,
): void {
  sites.forEach((site, i) => {
    const { names } = (factors[i] as Plated).factor;
    for (const plate of site.plates.filter(isSubsampled))
      for (const name of names) {
        if (!modelDims.dimOf.has(name)) continue;
        const { plates } = model.get(name) as SampleSite;
        if (plates.some((p) => p.name === plate.name)) continue;
        const why = `and site "${site.name}" in it depends on the enumerated site "${name}" outside, whose sum is over products of all elements`;
        refuseSubsampling(op, plate, why, `sample "${name}" in the guide`, canInsist);
      }
  });
}

/** Refuse latents of the model that are neither in the guide nor enumerated. */
export const checkCovered = ({ guide, model, modelDims }: EnumeratedPair): void =>
  checkLatentsCovered(guide, model, modelDims.dimOf);
