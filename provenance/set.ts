/**
 * The provenance of a value: the set of random choices (sites) it depends on (Schulman et al. 2015, "Gradient estimation
 * using stochastic computation graphs"; compare Pyro's `ops/provenance.py`). For each site, the set also has a *relation*
 * (axes.ts). The relation pairs an axis of the site with an axis of the value if elements with index i along the value's
 * axis depend only on elements with index i along the site's axis. All other axes of the site are *mixed*.
 *
 * Sets are immutable and shared. In a run, almost every union equals one of its two arguments, so `union` checks for
 * this first, and allocates only for a new set. A set caches its last union, and the last result of `moved`, which gives
 * the set after an op that moves axes.
 */
import { type AxisMap, KEEP, meet, type Relation, relationAfter, valueAxisOf } from "./axes.js";
import { SiteList } from "./siteList.js";

// For each mixed axis of a site, the name of the op that mixed it, under the key "axis site"; null if no axis was mixed.
type Mixings = ReadonlyMap<string, string> | null;
// A union extends the list of its first argument. But if the second set is larger, and has more than MIN_SHARED sites, the
// union extends the list of the second set, because adding the smaller set is faster.
const MIN_SHARED = 8;
const keyOf = (site: string, axis: number): string => `${axis} ${site}`;

/**
 * @example [...Provenance.union(Provenance.of("a"), Provenance.of("b"))] // ["a", "b"]
 */
export class Provenance implements Iterable<string> {
  // The set consists of the first `size` entries of this list. If a relation is 0, all axes of the site are mixed.
  readonly #list: SiteList;
  readonly #mixings: Mixings;
  // A cache of one union: the other argument, and the result. Loops compute the same union many times.
  #lastOther: Provenance | null = null;
  #lastUnion: Provenance | null = null;
  // A cache of one call of `moved`: the map, the name of the op, and the result.
  #lastMap: AxisMap = KEEP;
  #lastMapOp = "";
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
    const index = this.#list.indexOf(site);
    return index < this.size ? index : -1;
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
   * The axes of a site that correspond to axes of this value, as a Map from the site's axis to the value's axis: the
   * elements with index i along the value's axis depend only on the elements with index i along the site's axis. Axes
   * are negative: -1 => -2 says that the last axis of the site corresponds to the last but one axis of the value. Axes
   * of the site that are not in the Map are mixed.
   */
  axesOf(site: string): ReadonlyMap<number, number> {
    const index = this.#indexOf(site);
    const relation = index < 0 ? 0 : this.#relation(index);
    const axes = new Map<number, number>();
    for (let j = 0; relation >>> (4 * j) !== 0; j++) {
      const valueAxis = valueAxisOf(relation, j);
      if (valueAxis >= 0) axes.set(-1 - j, -1 - valueAxis);
    }
    return axes;
  }

  /**
   * The name of the op that mixed an axis of a site on the way to this value; null if no such op is known. `axis` is an
   * element axis of the site, negative because it is counted from the right.
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

  /** Whether the union with `other` equals this set, because `other` adds no site and mixes no further axis. */
  #absorbs(other: Provenance): boolean {
    if (other.size > this.size) return false;
    for (let i = 0; i < other.size; i++) {
      const index = this.#indexOf(other.#name(i));
      if (index < 0) return false;
      const [relation, otherRelation] = [this.#relation(index), other.#relation(i)];
      if (relation !== otherRelation && meet(relation, otherRelation) !== relation) return false;
    }
    return true;
  }

  /**
   * The union of two sets; returns one of the arguments if the union equals it. `op` is the name of the op whose inputs
   * have these sets: if the union mixes an axis, `mixedBy` returns this name.
   */
  static union(a: Provenance, b: Provenance, op = "union"): Provenance {
    if (a === b || b.size === 0) return a;
    if (a.size === 0) return b;
    return a.#lastOther === b ? (a.#lastUnion as Provenance) : a.#computeUnion(b, op);
  }

  #computeUnion(other: Provenance, op: string): Provenance {
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
      const index = this.#indexOf(site);
      if (index < 0) continue;
      const [relation, otherRelation] = [this.#relation(index), other.#relation(i)];
      const common = meet(relation, otherRelation);
      if (common !== relation || common !== otherRelation) changes.push([site, relation | otherRelation, common]);
      canExtend &&= common === relation;
    }
    // Other sets use the list too. So copy it if an earlier union has appended to it, or if this union changes a relation.
    const list = canExtend ? this.#list : this.#list.copy(this.size);
    for (const [site, , after] of changes) list.relations[list.indexOf(site)] = after;
    for (let i = 0; i < other.size; i++)
      if (list.indexOf(other.#name(i)) < 0) list.add(other.#name(i), other.#relation(i));
    const hasAxes = canExtend ? this.hasAxes || other.hasAxes : hasRelation(list);
    return new Provenance(list, hasAxes, addMixings(changes, op, this.#mixings, other.#mixings));
  }

  /** The provenance of an op's result, if this is the provenance of its input and the op moves the axes by `map`. */
  moved(map: AxisMap, op: string): Provenance {
    if (map === KEEP || !this.hasAxes) return this;
    if (this.#lastMoved === null || this.#lastMap !== map || this.#lastMapOp !== op) {
      this.#lastMoved = this.#movedBy(map, op);
      this.#lastMap = map;
      this.#lastMapOp = op;
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

/** The op that first mixed each axis: the entries of `a`, then of `b`, then `op` for every axis that `changes` mix. */
function addMixings(changes: readonly RelationChange[], op: string, a: Mixings, b: Mixings): Mixings {
  if (changes.length === 0 && (b === null || b === a)) return a;
  const mixings = new Map(a);
  for (const [key, mixingOp] of b ?? []) if (!mixings.has(key)) mixings.set(key, mixingOp);
  for (const [site, before, after] of changes)
    for (let j = 0; before >>> (4 * j) !== 0; j++) {
      const key = keyOf(site, -1 - j);
      if (valueAxisOf(before, j) >= 0 && valueAxisOf(after, j) < 0 && !mixings.has(key)) mixings.set(key, op);
    }
  return mixings.size === 0 ? null : mixings;
}

/** The union of two sets; returns one of the arguments if the union equals it. */
export const union = Provenance.union;
