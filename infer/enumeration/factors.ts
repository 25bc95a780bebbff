/**
 * The factors of a factor graph: tensors of log densities whose axes have names. Each axis is named after an enumerated site, a
 * plate, or an element axis of an event. Because the values are logarithms, the product of factors adds their values; axes with
 * the same name are aligned.
 */
import { PedigradError, type Tensor, transpose } from "../../autodiff/index.js";
import { quoted, refuseSite } from "../checks.js";
import type { SampleSite } from "../program/trace.js";

export interface Factor {
  /** One name per axis. */
  readonly names: readonly string[];
  readonly value: Tensor;
}

/** The value of a factor with its axes in the order `to`, and an axis of size 1 for every name that is not in the factor. */
function alignTo({ names, value }: Factor, to: readonly string[]): Tensor {
  const present = to.filter((name) => names.includes(name));
  const ordered = transpose(
    value,
    present.map((name) => names.indexOf(name)),
  );
  return ordered.reshape(to.map((name) => (names.includes(name) ? (value.shape[names.indexOf(name)] as number) : 1)));
}

/** A function from the values of two factors to the value of their product. */
export type Combine = (a: Tensor, b: Tensor) => Tensor;

/** The product of factors, with the union of their names. By default `combine` adds, since factors hold logarithms. */
export function multiply(factors: readonly Factor[], combine: Combine = (a, b) => a.add(b)): Factor {
  const names = [...new Set(factors.flatMap((f) => f.names))];
  requireTable(names, factors);
  const [first, ...rest] = factors.map((f) => alignTo(f, names));
  if (first === undefined) throw new PedigradError({ code: "empty", message: "multiply: needs at least one factor." });
  return { names, value: rest.reduce(combine, first) };
}

/** The largest number of entries of a table (512 MB) and of runs in sequential enumeration; larger numbers are refused. */
export const MAX_TABLE = 2 ** 26;

/** Refuse a product of factors whose table would be too large. */
function requireTable(names: readonly string[], factors: readonly Factor[]): void {
  const sizeOf = (name: string): number =>
    Math.max(...factors.map((f) => (f.names.includes(name) ? (f.value.shape[f.names.indexOf(name)] as number) : 1)));
  const entries = names.reduce((product, name) => product * sizeOf(name), 1);
  if (entries > MAX_TABLE)
    refuseTooLarge(
      names.filter((name) => !isPlateName(name)),
      entries,
    );
}

/**
 * Refuse a table that is too large. The table has an entry for each combination of the values of `sites`; `where` is
 * the site whose log density needs the table, if there is only one such site.
 */
export const refuseTooLarge = (sites: readonly string[], entries: number, where?: string): never =>
  refuseSite(
    "enumeration-too-large",
    where ?? sites[0],
    `${where === undefined ? "" : `site "${where}": `}the enumerated sites ${quoted(sites)} must be summed out together, which needs a table of ${entries.toPrecision(3)} entries (the limit is 2^26). Sample some of them in the guide, or give markov loops a shorter history.`,
  );

/** The factor after a reduction such as logsumexp or sum over the axes with the names `reducedNames`. */
export function reduceNames(
  { names, value }: Factor,
  reducedNames: readonly string[],
  reduce: (x: Tensor, axes: number[]) => Tensor,
): Factor {
  const axes = names.flatMap((name, i) => (reducedNames.includes(name) ? [i] : []));
  if (axes.length === 0) return { names, value };
  return { names: names.filter((name) => !reducedNames.includes(name)), value: reduce(value, axes) };
}

/** The name of a plate's axis, which cannot clash with the name of a site. */
export const plateName = (name: string): string => `plate\u0000${name}`;
export const isPlateName = (name: string): boolean => name.startsWith(plateName(""));

/** The name of an element axis of an event; `axis` counts from the right, from 1. */
export const elementName = (axis: number): string => `element\u0000${axis}`;
export const isElementName = (name: string): boolean => name.startsWith(elementName(0).slice(0, -1));

/**
 * The factor of a log density. The last `elementDim` axes are element axes of the event. Every other axis is named after the plate or the
 * enumerated site that has its dim. In a `markov` loop several enumerated sites can have the same dim; then the axis is named after the
 * site that is in the value's provenance.
 */
export function factorOf(
  site: SampleSite,
  value: Tensor,
  maxPlateNesting: number,
  dimOf: ReadonlyMap<string, number>,
  elementDim = 0,
): Factor {
  const rank = value.shape.length;
  const enumerated = enumeratedDims(site, value, dimOf);
  const names: string[] = [];
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const dim = axis - rank + elementDim;
    const size = value.shape[axis] as number;
    const plate = site.plates.find((p) => p.dim === dim);
    if (plate === undefined && size === 1) continue;
    const name =
      dim >= 0
        ? elementName(rank - axis)
        : plate !== undefined
          ? plateName(plate.name)
          : dim < -maxPlateNesting
            ? enumerated.get(dim)
            : undefined;
    // In the first run (survey.ts) every batch dim belonged to a plate, so this dim comes from an enumerated site.
    if (name === undefined)
      refuseSite(
        "enumerated-dim-lost",
        site.name,
        `site "${site.name}": an op has moved the values of an enumerated site to dim ${dim}. Index by all sites at once, T.at(z, w), and keep plate axes.`,
      );
    names.push(name);
    shape.push(size);
  }
  return { names, value: value.reshape(shape) };
}

/** The name of the factor's axis that meets an element axis of a site (counted from the right, from 1); null if no axis meets it. */
export function nameAlong({ names, value }: Factor, site: string, axis: number): string | null {
  const valueAxis = value.provenance.axesOf(site).get(-axis);
  return valueAxis === undefined ? null : (names.at(valueAxis) ?? null);
}

/** The enumerated sites that a value depends on, by dim. */
function enumeratedDims(site: SampleSite, value: Tensor, dimOf: ReadonlyMap<string, number>): Map<number, string> {
  const names = new Map<number, string>();
  for (const name of value.provenance) {
    const dim = dimOf.get(name);
    if (dim === undefined) continue;
    const sameDim = names.get(dim);
    if (sameDim !== undefined)
      refuseSite(
        "markov",
        site.name,
        `site "${site.name}" depends on the enumerated sites "${sameDim}" and "${name}" together, which share a dim because they are further apart than the history of their markov loop. Give markov a larger history.`,
      );
    names.set(dim, name);
  }
  return names;
}
