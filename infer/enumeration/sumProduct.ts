/**
 * Tensor variable elimination in plated factor graphs (Obermeyer et al. 2019): sums over enumerated variables and products over plates,
 * innermost plates first. The factors in the innermost plates fall into components: two factors that share a variable of these plates are
 * in one component. Summing these variables out of a component leaves one factor, which depends only on variables of outer plates. This
 * factor is multiplied over all plates that contain none of the outer variables, and the product replaces the component. `sum` may be
 * logsumexp (for the evidence), max (for the most probable assignment), or a logsumexp whose gradient is a random draw (for posterior
 * samples).
 */
import { tensor } from "../../autodiff/index.js";
import { areSame } from "../../distributions/core/parameters.js";
import { quoted, refuseSite } from "../checks.js";
import { eliminate, type SumOver } from "./eliminate.js";
import { type Factor, multiply, plateName, reduceNames } from "./factors.js";

/** A factor with the plates that it is in. */
export interface PlatedFactor {
  readonly factor: Factor;
  readonly plates: ReadonlySet<string>;
  /** The factor by which the log density is scaled in addition to the subsampling scales of its plates; null if it is 1. */
  readonly scale: Factor | null;
  /** The sites from which the factor was computed, for error messages. */
  readonly sites: readonly string[];
}

export interface Graph {
  readonly factors: readonly PlatedFactor[];
  /** The variables to sum out, with their plates. */
  readonly variables: ReadonlyMap<string, ReadonlySet<string>>;
  /** size / subsampleSize of each plate: a product over the visited elements is raised to this power. */
  readonly plateScales: ReadonlyMap<string, number>;
  /** The plates of each guide site. A factor that depends on a site enumerated in the guide cannot be multiplied over these plates. */
  readonly guidePlates: ReadonlyMap<string, ReadonlySet<string>>;
}

const isSubset = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean => [...a].every((x) => b.has(x));
const keyOf = (plates: ReadonlySet<string>): string => [...plates].sort().join("\u0000");

/** The factors that remain after every variable is summed out: independent terms, each with its own plates. */
export function sumProduct(graph: Graph, sum: SumOver): PlatedFactor[] {
  const { variables } = graph;
  const pending = [...graph.factors];
  const results: PlatedFactor[] = [];
  while (pending.length > 0) {
    const innermost = largest(pending.map((f) => f.plates));
    const innerFactors = pending.filter((f) => keyOf(f.plates) === keyOf(innermost));
    for (const f of innerFactors) pending.splice(pending.indexOf(f), 1);
    const inner = new Set(
      [...variables].filter(([, plates]) => keyOf(plates) === keyOf(innermost)).map(([name]) => name),
    );
    for (const component of componentsOf(innerFactors, inner)) {
      const contracted = contract(component, inner, sum);
      const outer = contracted.factor.names.filter((name) => variables.has(name));
      if (outer.length === 0) results.push(contracted);
      else pending.push(multiplyOut(contracted, outer, graph));
    }
  }
  return results;
}

/** A set with the most plates, so that no other set contains it properly. */
const largest = (sets: readonly ReadonlySet<string>[]): ReadonlySet<string> =>
  sets.reduce((best, set) => (set.size > best.size ? set : best));

/** Factors that share variables, the newest last. `within` is the group into which this group was merged, or null. */
interface Group {
  factors: PlatedFactor[];
  within: Group | null;
}

/** The connected components of the factors, where two factors are connected if they share a variable of `inner`. */
function componentsOf(factors: readonly PlatedFactor[], inner: ReadonlySet<string>): PlatedFactor[][] {
  const groupOf = new Map<string, Group>();
  const groups = new Set<Group>();
  for (const f of factors) {
    const group: Group = { factors: [f], within: null };
    for (const name of f.factor.names) {
      if (!inner.has(name)) continue;
      let connected = groupOf.get(name);
      while (connected?.within) connected = connected.within;
      groupOf.set(name, group);
      if (connected === undefined || connected === group) continue;
      groups.delete(connected);
      connected.within = group;
      for (const factor of group.factors) connected.factors.push(factor);
      group.factors = connected.factors;
    }
    groups.add(group);
  }
  return [...groups].map(({ factors }) => factors.reverse());
}

/** The product of one component, with the variables in `inner` summed out. */
function contract(component: readonly PlatedFactor[], inner: ReadonlySet<string>, sum: SumOver): PlatedFactor {
  const { plates, scale } = component[0] as PlatedFactor;
  const sites = component.flatMap((f) => f.sites);
  const factors = component.map((f) => f.factor);
  if (factors.some(({ names }) => names.some((name) => inner.has(name)))) requireOneScale(component);
  return { factor: multiply(eliminate(factors, inner, sum)), plates, scale, sites };
}

/** The product of a contracted component over the plates that do not contain `outer`, the variables that remain in the component. */
function multiplyOut(
  { factor, plates, scale, sites }: PlatedFactor,
  outer: readonly string[],
  { variables, plateScales, guidePlates }: Graph,
): PlatedFactor {
  const outerPlates = new Set(outer.flatMap((name) => [...(variables.get(name) as ReadonlySet<string>)]));
  if (!isSubset(outerPlates, plates) || outerPlates.size === plates.size)
    refuseSite(
      "intractable",
      sites[0],
      `sites ${quoted(sites)} couple the enumerated sites ${quoted(outer)} across plates {${[...plates].join(", ")}}: summing them out would need every combination of values of all elements. Make one plate sequential, move a site out of a plate, or sample one of the enumerated sites in the guide.`,
    );
  const productPlates = [...plates].filter((plate) => !outerPlates.has(plate));
  for (const name of factor.names) {
    const coupled = productPlates.find((plate) => guidePlates.get(name)?.has(plate));
    if (coupled !== undefined)
      refuseSite(
        "intractable",
        name,
        `site "${name}" is enumerated in the guide inside plate "${coupled}", but summing out the model's enumerated sites ${quoted(outer)} takes a product over that plate, and so would need every combination of its elements. Enumerate "${name}" in the model instead, or sample it.`,
      );
  }
  const plateOfScale = productPlates.find((plate) => scale?.names.includes(plateName(plate)));
  if (plateOfScale !== undefined)
    refuseSite(
      "scales",
      sites[0],
      `sites ${quoted(sites)} have a different scale for each element of plate "${plateOfScale}", but they are summed out together over that plate. Give all of them one scale, a single number.`,
    );
  const power = productPlates.reduce((product, plate) => product * (plateScales.get(plate) ?? 1), 1);
  const reduced = reduceNames(factor, productPlates.map(plateName), (x, axes) => x.sum(axes));
  const value = power === 1 ? reduced.value : reduced.value.mul(power);
  return { factor: { names: reduced.names, value }, plates: outerPlates, scale, sites };
}

/** Refuse different scales in one component, since a scale multiplies the logarithm of the whole sum. */
function requireOneScale(component: readonly PlatedFactor[]): void {
  const [first] = component as [PlatedFactor];
  const different = component.find(({ scale }) => !isSameScale(scale, first.scale));
  if (different === undefined) return;
  const show = ({ sites, scale }: PlatedFactor): string => `"${sites[0]}" (scale ${scale?.value ?? 1})`;
  refuseSite(
    "scales",
    different.sites[0],
    `sites ${show(first)} and ${show(different)} are summed out together, but have different scales. Put the same scale around both.`,
  );
}

const isSameScale = (a: Factor | null, b: Factor | null): boolean =>
  a === b || (`${a?.names ?? []}` === `${b?.names ?? []}` && areSame(a?.value ?? tensor(1), b?.value ?? tensor(1)));
