/**
 * Tensors whose axes have names, in log space: the factors of a factor graph. A name is that of an enumerated site or of a
 * plate; factors are multiplied (added) by matching names.
 */
import { PedigradError, type Tensor, transpose } from "../autodiff/index.js";
import { type DimNames, refuseUndeclared } from "./enumerator.js";
import type { SampleSite } from "./trace.js";

export interface Factor {
  /** One name an axis. */
  readonly names: readonly string[];
  readonly value: Tensor;
}

/** The axes of a factor's value brought to the order `names`, size 1 where it lacks one. */
function aligned({ names, value }: Factor, to: readonly string[]): Tensor {
  const present = to.filter((name) => names.includes(name));
  const ordered = transpose(
    value,
    present.map((name) => names.indexOf(name)),
  );
  return ordered.reshape(to.map((name) => (names.includes(name) ? (value.shape[names.indexOf(name)] as number) : 1)));
}

/** The product of factors: their logarithms added, names united. */
export function multiply(
  factors: readonly Factor[],
  combine: (a: Tensor, b: Tensor) => Tensor = (a, b) => a.add(b),
): Factor {
  const names = [...new Set(factors.flatMap((f) => f.names))];
  const [first, ...rest] = factors.map((f) => aligned(f, names));
  if (first === undefined) throw new PedigradError({ code: "empty", message: "multiply: needs at least one factor." });
  return { names, value: rest.reduce(combine, first) };
}

/** A factor with some names taken out of it by a reduction such as logsumexp or sum. */
export function reduceNames(
  { names, value }: Factor,
  gone: readonly string[],
  reduce: (x: Tensor, axes: number[]) => Tensor,
): Factor {
  const axes = names.flatMap((name, i) => (gone.includes(name) ? [i] : []));
  if (axes.length === 0) return { names, value };
  return { names: names.filter((name) => !gone.includes(name)), value: reduce(value, axes) };
}

/** How a plate is named among enumerated sites. */
export const plateName = (name: string): string => `plate ${name}`;

/** A log density with names for its axes: plates by their dims, enumerated sites as of the site's statement. */
export function factorOf(
  site: SampleSite,
  value: Tensor,
  dims: DimNames,
  maxPlateNesting: number,
  enumerated: ReadonlyMap<string, number>,
): Factor {
  const rank = value.shape.length;
  const names: string[] = [];
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const dim = axis - rank;
    const size = value.shape[axis] as number;
    const plate = site.plates.find((p) => p.dim === dim);
    const name = plate !== undefined ? plateName(plate.name) : dims.get(dim);
    if (plate === undefined && size === 1) continue;
    if (name === undefined || (plate === undefined && dim >= -maxPlateNesting))
      return refuseUndeclared(site.name, value, dim);
    names.push(name);
    shape.push(size);
  }
  refuseForgotten(site, value, dims, enumerated);
  return { names, value: value.reshape(shape) };
}

/** A density that depends on an enumerated site whose dim may stand for another one by now. */
function refuseForgotten(
  site: SampleSite,
  value: Tensor,
  dims: DimNames,
  enumerated: ReadonlyMap<string, number>,
): void {
  const live = new Set(dims.values());
  for (const name of value.provenance)
    if (enumerated.has(name) && !live.has(name))
      throw new PedigradError({
        code: "markov",
        site: site.name,
        message: `site "${site.name}" depends on the enumerated site "${name}", which lies further back than its markov loop's history. Give markov a larger history.`,
      });
}
