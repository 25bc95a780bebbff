/**
 * Runs guide and model with their discrete sites enumerated, and turns the log density of each site into a factor with
 * named axes. Both TraceEnumELBO and the posterior of discrete sites (inferDiscrete.ts) start from these factors.
 */
import { type Tensor, tensor } from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { refuseSite } from "../checks.js";
import { checkLatentsCovered } from "../elbo/particles/match.js";
import type { Pair, Task } from "../elbo/particles/pair.js";
import { pairOf, replayedRun, tracedRun } from "../elbo/particles/particles.js";
import { isSubsampled, refuseSubsampling } from "../elbo/particles/subsampling.js";
import type { Handler } from "../program/messages.js";
import { subsamplingScale } from "../program/subsamples.js";
import type { SampleSite } from "../program/trace.js";
import { Enumerator } from "./enumerator.js";
import { type Factor, factorOf, nameAlong, plateName } from "./factors.js";
import type { PlatedFactor } from "./sumProduct.js";
import { requireDeclaredDims, survey } from "./survey.js";

/** A pair in which each enumerated site takes all its values at once, along a separate dim. */
export interface EnumeratedPair extends Pair {
  /** How many dims, counted from the right, are plates. */
  readonly maxPlateNesting: number;
  readonly guideDims: Enumerator;
  readonly modelDims: Enumerator;
  /** The dim of every enumerated site of guide and model. */
  readonly dimOf: ReadonlyMap<string, number>;
}

/**
 * Run guide and model with each enumerated site along a separate dim. `nesting` is the option `maxPlateNesting` of the
 * estimator; `survey` finds how many dims the plates need.
 */
export function runEnumerated(
  key: Tensor,
  task: Task,
  nesting: number | undefined,
  ...handlers: Handler[]
): EnumeratedPair {
  const { depth, sites } = survey(key, task, handlers);
  const maxPlateNesting = Math.max(nesting ?? 0, depth);
  const guideDims = new Enumerator(maxPlateNesting);
  const guide = tracedRun(task.guide, random.foldIn(key, 0), task, ...handlers, guideDims);
  const modelDims = new Enumerator(maxPlateNesting, guideDims);
  const model = replayedRun(task.model, guide, () => random.foldIn(key, 1), task, ...handlers, modelDims);
  const dimOf = new Map([...guideDims.dimOf, ...modelDims.dimOf]);
  const pair = pairOf(guide, model, maxPlateNesting);
  sites.forEach(requireDeclaredDims);
  return { ...pair, maxPlateNesting, guideDims, modelDims, dimOf };
}

/** The names of the vectorised plates of a site, that is, of its plates that have a dim. */
export const platesOf = (site: SampleSite): Set<string> =>
  new Set(site.plates.filter((p) => p.dim !== null).map((p) => p.name));

/** The sites among these that only the model enumerates, with their vectorised plates. */
export const variablesIn = (sites: readonly SampleSite[], { modelDims }: EnumeratedPair): Map<string, Set<string>> =>
  new Map(sites.filter(({ name }) => modelDims.dimOf.has(name)).map((site) => [site.name, platesOf(site)]));

/** The scale size / subsampleSize of every vectorised plate around these sites, by name. */
export function plateScalesOf(sites: Iterable<SampleSite>): Map<string, number> {
  const scales = new Map<string, number>();
  for (const site of sites)
    for (const plate of site.plates) if (plate.dim !== null) scales.set(plate.name, subsamplingScale(plate));
  return scales;
}

/**
 * The scale of a site divided by the subsampling scales of its vectorised plates, as a factor, since the scale may vary
 * along the plates. Null if the quotient is 1.
 */
function residualScale(site: SampleSite, run: EnumeratedPair): Factor | null {
  const { name, scale, plates } = site;
  const plateScale = plates.reduce((product, p) => (p.dim === null ? product : product * subsamplingScale(p)), 1);
  if (scale === plateScale) return null;
  const factor = siteFactor(site, tensor(scale).div(plateScale), run);
  const enumerated = factor.names.find((axis) => run.modelDims.dimOf.has(axis));
  if (enumerated !== undefined)
    refuseSite(
      "scales",
      name,
      `the scale of site "${name}" depends on the enumerated site "${enumerated}". Use factor(name, logDensity).`,
    );
  return factor;
}

/** The log density of a model site as a factor, without scale. Masks of an enumerated site are ignored: its probabilities must sum to 1. */
export const modelFactor = (site: SampleSite, run: EnumeratedPair): PlatedFactor =>
  platedFactor(site, run.modelDims.dimOf.has(site.name) ? site.unmasked().logProb() : site.masked(site.logProb()), run);

/** A value of a site as a factor with the site's plates and scale. */
export const platedFactor = (site: SampleSite, value: Tensor, run: EnumeratedPair): PlatedFactor => ({
  factor: siteFactor(site, value, run),
  plates: platesOf(site),
  scale: residualScale(site, run),
  sites: [site.name],
});

/**
 * A value of a site, such as its log density, as a factor with named axes. A value that depends on an enumerated site is refused if an op
 * has reduced the axis of the enumerated site's values, or has mixed the elements of a plate that contains both sites.
 */
export function siteFactor(
  site: SampleSite,
  value: Tensor,
  { guide, model, maxPlateNesting, dimOf }: EnumeratedPair,
  elementDim = 0,
): Factor {
  const factor = factorOf(site, value, maxPlateNesting, dimOf, elementDim);
  for (const name of value.provenance) {
    if (!dimOf.has(name)) continue;
    const enumerated = (guide.get(name) ?? model.get(name)) as SampleSite;
    requireEnumeratedDim(site, factor, enumerated, dimOf.get(name) as number);
    requireUnmixedPlates(site, factor, enumerated);
  }
  return factor;
}

function requireEnumeratedDim(site: SampleSite, { names }: Factor, { name, fn }: SampleSite, dim: number): void {
  if (names.includes(name) || fn.enumerateSupport(false).shape[0] === 1) return;
  refuseSite(
    "enumerated-dim-lost",
    site.name,
    `site "${site.name}" depends on the enumerated site "${name}", but not along its dim ${dim}: an op between the two has summed over or indexed the axis that holds the values of "${name}". Give reductions an axis counted from the right (sum(-1), not sum()), or sample "${name}" instead of enumerating it.`,
  );
}

/** Refuse an op that mixes the elements of a plate, because the values of each element are summed out separately. */
function requireUnmixedPlates(site: SampleSite, factor: Factor, { name, fn, plates }: SampleSite): void {
  for (const plate of plates) {
    const { dim, subsampleSize } = plate;
    if (dim === null || (subsampleSize as number) < 2 || site.plates.every((p) => p.name !== plate.name)) continue;
    const axis = fn.elementDim - dim;
    if (nameAlong(factor, name, axis) === plateName(plate.name)) continue;
    const op = factor.value.provenance.mixedBy(name, -axis);
    refuseSite(
      "mixed-plate",
      name,
      `site "${name}" is enumerated in plate "${plate.name}", but ${op === null ? "an op" : `"${op}"`} mixes the plate's elements before site "${site.name}" in the same plate. Summing "${name}" out would need every combination of values of all elements. Sample "${name}" instead, make the plate sequential, or compute "${site.name}" element by element.`,
      { op: op ?? undefined },
    );
  }
}

/**
 * Refuse an enumerated site of the model outside a subsampled plate if a site in the plate depends on it. Each term of the
 * sum over the enumerated site's values is then a product over the plate's elements, and the logarithm of such a sum is
 * not linear in the elements. `factors` holds the factor of each site in `sites`, in the same order. `biasedSubsampling`
 * is the option that accepts the bias, or undefined if `op` has no such option. Sequential plates are refused in any case,
 * since they have no axis along which to take the product.
 */
export function refuseSubsampledProducts(
  op: string,
  sites: readonly SampleSite[],
  factors: readonly PlatedFactor[],
  { model, modelDims }: EnumeratedPair,
  biasedSubsampling?: boolean,
): void {
  sites.forEach((site, i) => {
    const { names } = (factors[i] as PlatedFactor).factor;
    for (const plate of site.plates.filter(isSubsampled)) {
      const canAcceptBias = biasedSubsampling !== undefined && plate.dim !== null;
      if (canAcceptBias && biasedSubsampling) continue;
      for (const name of names) {
        if (!modelDims.dimOf.has(name)) continue;
        const { plates } = model.get(name) as SampleSite;
        if (plates.some((p) => p.name === plate.name)) continue;
        const why = `and site "${site.name}" inside depends on the enumerated site "${name}" outside, whose sum runs over a product of all elements`;
        refuseSubsampling(op, plate, why, `sample "${name}" in the guide`, canAcceptBias);
      }
    }
  });
}

/** Refuse latents of the model that are neither in the guide nor enumerated. */
export const checkCovered = ({ guide, model, modelDims }: EnumeratedPair): void =>
  checkLatentsCovered(guide, model, modelDims.dimOf);
