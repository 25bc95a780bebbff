/**
 * The pedigree of a value: the set of random choices it depends on (Schulman et al. 2015, "Gradient estimation using
 * stochastic computation graphs"; Pyro's `ops/provenance.py` is the nearest relative). For each of them the set also knows along
 * which axes element meets element (axes.ts); a set that nobody has told of axes is a plain set of names.
 *
 * Sets are immutable and shared. Almost every union in a run has one argument that already is the answer, so `union`
 * looks for that first and allocates only when a genuinely new set is born. A set remembers its last union and its last move.
 */
import { type AxisMap, follow, KEEP, meet, placeOf, type Relation } from "./axes.js";

// The op that mixed each axis of a site, by `axis site`; null where none is known.
type Mixings = ReadonlyMap<string, string> | null;
const keyOf = (site: string, axis: number): string => `${axis} ${site}`;

/**
 * @example [...Provenance.union(Provenance.of("a"), Provenance.of("b"))] // ["a", "b"]
 */
export class Provenance implements Iterable<string> {
  // The sites with their relations, 0 where all axes are mixed.
  readonly #sites: ReadonlyMap<string, Relation>;
  // Most sets that join another one have a single site, and asking for it is faster than walking a set.
  readonly #first: string | undefined;
  readonly #mixings: Mixings;
  // The last partner and what came of it: loops and chains ask for the same union again and again.
  #partner: Provenance | null = null;
  #joined: Provenance | null = null;
  // The last op that moved the axes, and what came of it.
  #map: AxisMap = KEEP;
  #mover = "";
  #moved: Provenance | null = null;

  /** How many sites. */
  readonly size: number;
  /** Whether an axis of any site still meets one of the value. */
  readonly hasAxes: boolean;

  private constructor(sites: ReadonlyMap<string, Relation>, mixings: Mixings = null) {
    this.#sites = sites;
    this.#mixings = mixings;
    this.size = sites.size;
    [this.#first] = sites.keys();
    let hasAxes = false;
    for (const relation of sites.values()) hasAxes ||= relation !== 0;
    this.hasAxes = hasAxes;
  }

  /** The set of a value that depends on no random choice. */
  static readonly empty = new Provenance(new Map());

  /** The set of the given site names. */
  static of(...sites: string[]): Provenance {
    return sites.length === 0 ? Provenance.empty : new Provenance(new Map(sites.map((site) => [site, 0])));
  }

  /** The set of one site with the relation of the value to it. */
  static related(site: string, relation: Relation): Provenance {
    return new Provenance(new Map([[site, relation]]));
  }

  has(site: string): boolean {
    return this.#sites.has(site);
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#sites.keys();
  }

  /**
   * The axes of a site along which this value's element i depends on the site's elements i and on no others, each with the axis of
   * this value that it is, both negative: -1 => -2 says that the site's last axis is the last but one here. All other axes are mixed.
   */
  axesOf(site: string): ReadonlyMap<number, number> {
    const relation = this.#sites.get(site) ?? 0;
    const axes = new Map<number, number>();
    for (let j = 0; relation >>> (4 * j) !== 0; j++) {
      const place = placeOf(relation, j);
      if (place >= 0) axes.set(-1 - j, -1 - place);
    }
    return axes;
  }

  /** The op that mixed an element axis (negative) of a site on the way to this value; null where none is known. */
  mixedBy(site: string, axis: number): string | null {
    return this.#mixings?.get(keyOf(site, axis)) ?? null;
  }

  /** Whether every site of `other` is in this set. */
  includes(other: Provenance): boolean {
    if (other.size > this.size) return false;
    if (other.size === 1) return this.#sites.has(other.#first as string);
    for (const site of other.#sites.keys()) if (!this.#sites.has(site)) return false;
    return true;
  }

  /** Whether this set is its own union with `other`: it has all its sites, with no axis that `other` has mixed or elsewhere. */
  #absorbs(other: Provenance): boolean {
    if (!this.includes(other)) return false;
    if (!this.hasAxes) return true;
    for (const [site, theirs] of other.#sites) {
      const own = this.#sites.get(site) as Relation;
      if (own !== theirs && meet(own, theirs) !== own) return false;
    }
    return true;
  }

  /** The union, which is one of the two arguments whenever that already is the answer; `op` is what united them. */
  static union(a: Provenance, b: Provenance, op = "union"): Provenance {
    if (a === b || b.size === 0) return a;
    if (a.size === 0) return b;
    if (a.#partner === b) return a.#joined as Provenance;
    const joined = a.#absorbs(b) ? a : b.#absorbs(a) ? b : a.#joinedWith(b, op);
    a.#partner = b;
    a.#joined = joined;
    return joined;
  }

  #joinedWith(other: Provenance, op: string): Provenance {
    const sites = new Map(this.#sites);
    const lost: Loss[] = [];
    for (const [site, theirs] of other.#sites) {
      const own = sites.get(site) ?? theirs;
      const both = meet(own, theirs);
      sites.set(site, both);
      if (both !== own || both !== theirs) lost.push([site, own | theirs, both]);
    }
    return new Provenance(sites, withLosses(lost, op, this.#mixings, other.#mixings));
  }

  /** The set of the result of `op`, which takes the axes of this value where `map` says. */
  moved(map: AxisMap, op: string): Provenance {
    if (map === KEEP || !this.hasAxes) return this;
    if (this.#moved === null || this.#map !== map || this.#mover !== op) {
      this.#moved = this.#movedBy(map, op);
      this.#map = map;
      this.#mover = op;
    }
    return this.#moved;
  }

  #movedBy(map: AxisMap, op: string): Provenance {
    const sites = new Map<string, Relation>();
    const lost: Loss[] = [];
    let isSame = true;
    for (const [site, before] of this.#sites) {
      const after = follow(before, map);
      sites.set(site, after);
      if (after === before) continue;
      isSame = false;
      lost.push([site, before, after]);
    }
    return isSame ? this : new Provenance(sites, withLosses(lost, op, this.#mixings));
  }

  /** `{a, b}`: for messages and reports. */
  toString(): string {
    return `{${[...this.#sites.keys()].join(", ")}}`;
  }
}

/** A site with its relation before and after an op. */
type Loss = readonly [site: string, before: Relation, after: Relation];

/** The op that first mixed each axis, with the axes that `op` has mixed now. */
function withLosses(losses: readonly Loss[], op: string, ...known: readonly Mixings[]): Mixings {
  const mixings = new Map<string, string>();
  for (const before of known) for (const [key, by] of before ?? []) if (!mixings.has(key)) mixings.set(key, by);
  for (const [site, before, after] of losses)
    for (let j = 0; before >>> (4 * j) !== 0; j++) {
      const key = keyOf(site, -1 - j);
      if (placeOf(before, j) >= 0 && placeOf(after, j) < 0 && !mixings.has(key)) mixings.set(key, op);
    }
  return mixings.size === 0 ? null : mixings;
}

/** The union of two sets; returns one of its arguments whenever that already is the answer. */
export const union = Provenance.union;
