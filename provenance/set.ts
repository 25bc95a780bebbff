/**
 * The provenance of a value: the set of random choices (sites) it depends on (Schulman et al. 2015, "Gradient estimation
 * using stochastic computation graphs"; compare Pyro's `ops/provenance.py`). For each site the set also records along
 * which axes the value depends on the site element by element (a relation, axes.ts).
 *
 * Sets are immutable and shared. Almost every union in a run equals one of its arguments, so `union` checks for that
 * first and allocates only if the union is a new set. A set caches its last union and its last result of `moved`.
 */
import { type AxisMap, KEEP, meet, type Relation, relationAfter, valueAxisOf } from "./axes.js";
import { SiteList } from "./siteList.js";

// The name of the op that mixed an axis of a site, under the key "axis site"; null if no axis was mixed.
type Mixings = ReadonlyMap<string, string> | null;
/** In a union whose longer set has more sites than this, the list of the longer set is extended, whatever the order of the arguments. */
const MIN_SHARED = 8;
const keyOf = (site: string, axis: number): string => `${axis} ${site}`;

/**
 * @example [...Provenance.union(Provenance.of("a"), Provenance.of("b"))] // ["a", "b"]
 */
export class Provenance implements Iterable<string> {
  // The set consists of the first `size` entries of this list. A relation of 0 says that all axes are mixed.
  readonly #list: SiteList;
  readonly #mixings: Mixings;
  // A cache of one union, since loops compute the same union many times: the other argument, and the result.
  #lastOther: Provenance | null = null;
  #lastUnion: Provenance | null = null;
  // A cache of one call of `moved`: its two arguments, and the result.
  #lastMap: AxisMap = KEEP;
  #lastMover = "";
  #lastMoved: Provenance | null = null;

  /** The number of sites. */
  readonly size: number;
  /** Whether the value is pointwise along an axis of any site. */
  readonly hasAxes: boolean;

  private constructor(list: SiteList, hasAxes: boolean, mixings: Mixings = null) {
    this.#list = list;
    this.#mixings = mixings;
    this.size = list.names.length;
    this.hasAxes = hasAxes;
  }

  /** The set of a value that depends on no random choice. */
  static readonly empty = new Provenance(new SiteList(), false);

  /** The set of the given site names. */
  static of(...sites: string[]): Provenance {
    if (sites.length === 0) return Provenance.empty;
    const list = new SiteList();
    for (const site of sites) if (list.indexOf(site) < 0) list.add(site, 0);
    return new Provenance(list, false);
  }

  /** The set of one site, with the given relation of the value to that site. */
  static related(site: string, relation: Relation): Provenance {
    const list = new SiteList();
    list.add(site, relation);
    return new Provenance(list, relation !== 0);
  }

  has(site: string): boolean {
    return this.#indexOf(site) >= 0;
  }

  /** The index of a site in the list; -1 if the site is not in this set. */
  #indexOf(site: string): number {
    const place = this.#list.indexOf(site);
    return place < this.size ? place : -1;
  }
  #name(i: number): string {
    return this.#list.names[i] as string;
  }
  #relation(i: number): Relation {
    return this.#list.relations[i] as Relation;
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#names()[Symbol.iterator]();
  }
  #names(): string[] {
    return this.#list.names.slice(0, this.size);
  }

  /**
   * The axes of a site that correspond to axes of this value, as a Map from the site's axis to the value's axis. Along
   * such a pair, element i of the value depends only on the elements i of the site. Axes are negative: -1 => -2 says
   * that the last axis of the site corresponds to the last but one of the value. Axes that are not listed are mixed.
   */
  axesOf(site: string): ReadonlyMap<number, number> {
    const at = this.#indexOf(site);
    const relation = at < 0 ? 0 : this.#relation(at);
    const axes = new Map<number, number>();
    for (let j = 0; relation >>> (4 * j) !== 0; j++) {
      const place = valueAxisOf(relation, j);
      if (place >= 0) axes.set(-1 - j, -1 - place);
    }
    return axes;
  }

  /**
   * The name of the op that mixed the element axis `axis` (negative, counted from the right) of a site, among the ops
   * that this value was computed with; null if no such op is known.
   */
  mixedBy(site: string, axis: number): string | null {
    return this.#mixings?.get(keyOf(site, axis)) ?? null;
  }

  /** Whether every site of `other` is in this set. */
  includes(other: Provenance): boolean {
    if (other.size > this.size) return false;
    for (let i = 0; i < other.size; i++) if (!this.has(other.#name(i))) return false;
    return true;
  }

  /** Whether the union with `other` equals this set: it would add no site and mix no further axis. */
  #absorbs(other: Provenance): boolean {
    if (other.size > this.size) return false;
    for (let i = 0; i < other.size; i++) {
      const at = this.#indexOf(other.#name(i));
      if (at < 0) return false;
      const [own, theirs] = [this.#relation(at), other.#relation(i)];
      if (own !== theirs && meet(own, theirs) !== own) return false;
    }
    return true;
  }

  /**
   * The union of two sets; returns one of the arguments if the union equals it. `op` is the name of the op whose inputs
   * have these sets; `mixedBy` reports it.
   */
  static union(a: Provenance, b: Provenance, op = "union"): Provenance {
    if (a === b || b.size === 0) return a;
    if (a.size === 0) return b;
    return a.#lastOther === b ? (a.#lastUnion as Provenance) : a.#computeUnion(b, op);
  }

  #computeUnion(other: Provenance, op: string): Provenance {
    // Add the shorter set to the longer one; for small sets, keep the order of the arguments.
    const [base, added] = other.size > MIN_SHARED && other.size > this.size ? [other, this] : [this, other];
    this.#lastOther = other;
    this.#lastUnion = this.#absorbs(other) ? this : other.#absorbs(this) ? other : base.#extendedBy(added, op);
    return this.#lastUnion;
  }

  #extendedBy(other: Provenance, op: string): Provenance {
    const changes: RelationChange[] = [];
    let canExtend = this.#list.names.length === this.size;
    for (let i = 0; i < other.size; i++) {
      const site = other.#name(i);
      const at = this.#indexOf(site);
      if (at < 0) continue;
      const [own, theirs] = [this.#relation(at), other.#relation(i)];
      const both = meet(own, theirs);
      if (both !== own || both !== theirs) changes.push([site, own | theirs, both]);
      canExtend &&= both === own;
    }
    // Copy the list if an earlier union has already appended to it, or if the relation to one of its sites changes.
    const list = canExtend ? this.#list : this.#list.copy(this.size);
    for (const [site, , both] of changes) list.relations[list.indexOf(site)] = both;
    for (let i = 0; i < other.size; i++)
      if (list.indexOf(other.#name(i)) < 0) list.add(other.#name(i), other.#relation(i));
    const hasAxes = canExtend ? this.hasAxes || other.hasAxes : hasRelation(list);
    return new Provenance(list, hasAxes, addMixings(changes, op, this.#mixings, other.#mixings));
  }

  /** The provenance of the result of `op`, if this is the provenance of its input and `op` moves the axes by `map`. */
  moved(map: AxisMap, op: string): Provenance {
    if (map === KEEP || !this.hasAxes) return this;
    if (this.#lastMoved === null || this.#lastMap !== map || this.#lastMover !== op) {
      this.#lastMoved = this.#movedBy(map, op);
      this.#lastMap = map;
      this.#lastMover = op;
    }
    return this.#lastMoved;
  }

  #movedBy(map: AxisMap, op: string): Provenance {
    const list = this.#list.copy(this.size);
    const changes: RelationChange[] = [];
    for (const [i, before] of list.relations.entries()) {
      const after = relationAfter(before, map);
      if (after === before) continue;
      list.relations[i] = after;
      changes.push([this.#name(i), before, after]);
    }
    return changes.length === 0
      ? this
      : new Provenance(list, hasRelation(list), addMixings(changes, op, this.#mixings, null));
  }

  /** `{a, b}`, for error messages and reports. */
  toString(): string {
    return `{${this.#names().join(", ")}}`;
  }
}

/** A site with its relation before and after an op. */
type RelationChange = readonly [site: string, before: Relation, after: Relation];

const hasRelation = (list: SiteList): boolean => list.relations.some((relation) => relation !== 0);

/** The op that first mixed each axis: the entries of `known` and `others`, plus `op` for every axis that `changes` mix. */
function addMixings(changes: readonly RelationChange[], op: string, known: Mixings, others: Mixings): Mixings {
  if (changes.length === 0 && (others === null || others === known)) return known;
  const mixings = new Map(known);
  for (const [key, by] of others ?? []) if (!mixings.has(key)) mixings.set(key, by);
  for (const [site, before, after] of changes)
    for (let j = 0; before >>> (4 * j) !== 0; j++) {
      const key = keyOf(site, -1 - j);
      if (valueAxisOf(before, j) >= 0 && valueAxisOf(after, j) < 0 && !mixings.has(key)) mixings.set(key, op);
    }
  return mixings.size === 0 ? null : mixings;
}

/** The union of two sets; returns one of the arguments if the union equals it. */
export const union = Provenance.union;
