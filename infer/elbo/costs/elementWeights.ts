/**
 * Importance weights element by element. If a plate contains every site of guide and model, and no op mixes its elements, the weight p / q
 * of a particle is a product of independent weights, one for each element. Then RenyiELBO and ReweightedWakeSleep use a bound, or
 * normalised weights, for each element, which have less variance. Subsampling scales the results, not the weights.
 */
import { type Tensor, tensor, zeros } from "../../../autodiff/index.js";
import type { PlateFrame } from "../../program/messages.js";
import { subsamplingScale } from "../../program/subsamples.js";
import { sampleSites, type Trace } from "../../program/trace.js";
import type { Cost, Pair } from "../particles/pair.js";
import { refuseSubsampling, subsampledPlate } from "../particles/subsampling.js";
import { commonPlateDims, sumToMeetings } from "./meetings.js";

interface CommonPlates {
  readonly plates: readonly PlateFrame[];
  /** The product of their subsampling scales. */
  readonly scale: number;
}

/**
 * The plates that contain every site along the same dim, and whose elements no op mixes on the way to a cost. Refuse other subsampled
 * plates, unless the estimator accepts their bias.
 */
export function commonPlates(
  { name, biasedSubsampling }: { readonly name: string; readonly biasedSubsampling: boolean },
  pair: Pair,
  costs: readonly Cost[],
): CommonPlates {
  const [first, ...rest] = [...sampleSites(pair.guide), ...sampleSites(pair.model)].map((site) => site.plates);
  const isIn = (plate: PlateFrame) => (plates: readonly PlateFrame[]) =>
    plates.some((other) => other.name === plate.name && other.dim === plate.dim);
  const plates = (first ?? []).filter(
    (plate) => plate.dim !== null && rest.every(isIn(plate)) && findMixing(plate, pair.guide, costs) === null,
  );
  if (!biasedSubsampling) refuseNonlinear(name, pair, costs, plates);
  return { plates, scale: plates.reduce((product, plate) => product * subsamplingScale(plate), 1) };
}

/** The sum of the terms, each divided by `scale`: one number for each element of the common plates; zeros of size 1 without terms. */
export function sumPerElement(
  terms: readonly Pick<Cost, "value" | "plates">[],
  common: CommonPlates,
  scale = 1,
): Tensor {
  if (terms.length === 0) return zeros(new Array(Math.max(0, ...common.plates.map((p) => -(p.dim as number)))).fill(1));
  return terms
    .map(({ value, plates }) =>
      sumToMeetings(scale === 1 ? value : value.div(scale), commonPlateDims(plates, common.plates)),
    )
    .reduce((a, b) => a.add(b), tensor(0));
}

/** Refuse a subsampled plate that is not common: the scaled sum over its elements would be inside a logarithm or a weight. */
function refuseNonlinear(estimator: string, pair: Pair, costs: readonly Cost[], common: readonly PlateFrame[]): void {
  const sites = [...sampleSites(pair.guide), ...sampleSites(pair.model)];
  const plate = subsampledPlate(sites, ({ name }) => common.some((p) => p.name === name));
  if (plate === null) return;
  const outside = sites.find(({ plates }) => !plates.some(({ name, dim }) => name === plate.name && dim !== null));
  const mixed = findMixing(plate, pair.guide, costs);
  const why =
    outside !== undefined
      ? `and site "${outside.name}" is not in it`
      : mixed !== null
        ? `and ${mixed.op === null ? "an op" : `"${mixed.op}"`} mixes its elements before site "${mixed.to}"`
        : "and is a for loop";
  refuseSubsampling(
    estimator,
    plate,
    `${why}: the weight of a particle is a product over its elements`,
    "use TraceELBO",
  );
}

/**
 * An op that mixes the elements of a latent along the plate (null if unknown), and a site whose term depends on the op's
 * result. Null if no term depends on mixed elements.
 */
function findMixing(plate: PlateFrame, guide: Trace, costs: readonly Cost[]): { op: string | null; to: string } | null {
  const { dim, subsampleSize } = plate;
  if (dim === null || subsampleSize === 1) return null;
  for (const { name, fn, isObserved } of sampleSites(guide))
    for (const { site, provenance } of isObserved ? [] : costs) {
      const axis = dim - fn.elementDim;
      if (provenance.has(name) && provenance.axesOf(name).get(axis) !== dim)
        return { op: provenance.mixedBy(name, axis), to: site };
    }
  return null;
}
