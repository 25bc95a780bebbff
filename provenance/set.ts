/**
 * The provenance of a value: the set of random choices it depends on (Schulman et al. 2015, "Gradient estimation using
 * stochastic computation graphs"; Pyro's `ops/provenance.py` is the nearest relative). For each of these sites the set
 * also records along which axes the value depends on the site element by element (axes.ts). Without such axes it is a
 * plain set of names.
 *
 * Sets are immutable and shared. Almost every union in a run has one argument that already is the answer, so `union`
 * looks for that first and allocates only when the union is a new set. A set remembers its last union and the last set
 * that `moved` made from it.
 */
import { type AxisMap, follow, KEEP, meet, placeOf, type Relation } from "./axes.js";
import { Roll } from "./roll.js";

// The op that mixed each axis of a site, by the key "axis site"; null where no axis was mixed.
type Mixings = ReadonlyMap<string, string> | null;
/** A set with more sites than this is extended in place where possible, not copied. */
const MANY = 8;
const keyOf = (site: string, axis: number): string => `${axis} ${site}`;

/**
 * @example [...Provenance.union(Provenance.of("a"), Provenance.of("b"))] // ["a", "b"]
 */
export class Provenance implements Iterable<string> {
  // The first `size` entries of the roll: the sites with their relations, 0 where all axes are mixed.
  readonly #roll: Roll;
  readonly #mixings: Mixings;
  // The last set united with this one, and the union: loops and chains ask for the same union again and again.
  #partner: Provenance | null = null;
  #joined: Provenance | null = null;
  // The last op that moved the axes, by its map and its name, and the resulting set.
  #map: AxisMap = KEEP;
  #mover = "";
  #moved: Provenance | null = null;

  /** How many sites. */
  readonly size: number;
  /** Whether the value is pointwise along an axis of any site. */
  readonly hasAxes: boolean;

  private constructor(roll: Roll, hasAxes: boolean, mixings: Mixings = null) {
    this.#roll = roll;
    this.#mixings = mixings;
    this.size = roll.names.length;
    this.hasAxes = hasAxes;
  }

  /** The set of a value that depends on no random choice. */
  static readonly empty = new Provenance(new Roll(), false);

  /** The set of the given site names. */
  static of(...sites: string[]): Provenance {
    if (sites.length === 0) return Provenance.empty;
    const roll = new Roll();
    for (const site of sites) if (roll.placeOf(site) < 0) roll.add(site, 0);
    return new Provenance(roll, false);
  }

  /** The set of one site with the relation of the value to it. */
  static related(site: string, relation: Relation): Provenance {
    const roll = new Roll();
    roll.add(site, relation);
    return new Provenance(roll, relation !== 0);
  }

  has(site: string): boolean {
    return this.#placeOf(site) >= 0;
  }

  /** The index of a site in the roll; -1 where this set does not have the site. */
  #placeOf(site: string): number {
    const place = this.#roll.placeOf(site);
    return place < this.size ? place : -1;
  }
  #name(i: number): string {
    return this.#roll.names[i] as string;
  }
  #relation(i: number): Relation {
    return this.#roll.relations[i] as Relation;
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#names()[Symbol.iterator]();
  }
  #names(): string[] {
    return this.#roll.names.slice(0, this.size);
  }

  /**
   * The axes of a site along which this value's element i depends only on the site's elements i, each with the
   * corresponding axis of this value. Both axes are negative: -1 => -2 says that the site's last axis corresponds to
   * this value's last but one. All other axes are mixed.
   */
  axesOf(site: string): ReadonlyMap<number, number> {
    const at = this.#placeOf(site);
    const relation = at < 0 ? 0 : this.#relation(at);
    const axes = new Map<number, number>();
    for (let j = 0; relation >>> (4 * j) !== 0; j++) {
      const place = placeOf(relation, j);
      if (place >= 0) axes.set(-1 - j, -1 - place);
    }
    return axes;
  }

  /**
   * The op that mixed the element axis `axis` (negative, counted from the right) of a site on the way to this value; null if no such op is
   * known.
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

  /**
   * Whether the union with `other` is this set: this set has all sites of `other`, and the union would mix no axis that this set keeps.
   */
  #absorbs(other: Provenance): boolean {
    if (other.size > this.size) return false;
    for (let i = 0; i < other.size; i++) {
      const at = this.#placeOf(other.#name(i));
      if (at < 0) return false;
      const [own, theirs] = [this.#relation(at), other.#relation(i)];
      if (own !== theirs && meet(own, theirs) !== own) return false;
    }
    return true;
  }

  /**
   * The union; returns one of its arguments whenever that already is the answer. `op` is the name of the op that takes
   * both values, for `mixedBy`.
   */
  static union(a: Provenance, b: Provenance, op = "union"): Provenance {
    if (a === b || b.size === 0) return a;
    if (a.size === 0) return b;
    return a.#partner === b ? (a.#joined as Provenance) : a.#unitedWith(b, op);
  }

  #unitedWith(other: Provenance, op: string): Provenance {
    // Append the shorter set to the longer one; small sets keep the order of the arguments.
    const [base, added] = other.size > MANY && other.size > this.size ? [other, this] : [this, other];
    this.#partner = other;
    this.#joined = this.#absorbs(other) ? this : other.#absorbs(this) ? other : base.#joinedWith(added, op);
    return this.#joined;
  }

  #joinedWith(other: Provenance, op: string): Provenance {
    const changes: RelationChange[] = [];
    let canExtend = this.#roll.names.length === this.size;
    for (let i = 0; i < other.size; i++) {
      const site = other.#name(i);
      const at = this.#placeOf(site);
      if (at < 0) continue;
      const [own, theirs] = [this.#relation(at), other.#relation(i)];
      const both = meet(own, theirs);
      if (both !== own || both !== theirs) changes.push([site, own | theirs, both]);
      canExtend &&= both === own;
    }
    // Copy where an earlier union has already extended the roll, or where a relation changes.
    const roll = canExtend ? this.#roll : this.#roll.copy(this.size);
    for (const [site, , both] of changes) roll.relations[roll.placeOf(site)] = both;
    for (let i = 0; i < other.size; i++)
      if (roll.placeOf(other.#name(i)) < 0) roll.add(other.#name(i), other.#relation(i));
    const hasAxes = canExtend ? this.hasAxes || other.hasAxes : hasRelation(roll);
    return new Provenance(roll, hasAxes, addMixings(changes, op, this.#mixings, other.#mixings));
  }

  /** The set of the result of `op`, which moves the axes of this value as `map` says. */
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
    const roll = this.#roll.copy(this.size);
    const changes: RelationChange[] = [];
    for (const [i, before] of roll.relations.entries()) {
      const after = follow(before, map);
      if (after === before) continue;
      roll.relations[i] = after;
      changes.push([this.#name(i), before, after]);
    }
    return changes.length === 0
      ? this
      : new Provenance(roll, hasRelation(roll), addMixings(changes, op, this.#mixings, null));
  }

  /** `{a, b}`: for messages and reports. */
  toString(): string {
    return `{${this.#names().join(", ")}}`;
  }
}

/** A site with its relation before and after an op. */
type RelationChange = readonly [site: string, before: Relation, after: Relation];

const hasRelation = (roll: Roll): boolean => roll.relations.some((relation) => relation !== 0);

/**
 * The op that first mixed each axis: the entries of `known` and of `others`, and `op` for the axes that `op` has just
 * mixed.
 */
function addMixings(changes: readonly RelationChange[], op: string, known: Mixings, others: Mixings): Mixings {
  if (changes.length === 0 && (others === null || others === known)) return known;
  const mixings = new Map(known);
  for (const [key, by] of others ?? []) if (!mixings.has(key)) mixings.set(key, by);
  for (const [site, before, after] of changes)
    for (let j = 0; before >>> (4 * j) !== 0; j++) {
      const key = keyOf(site, -1 - j);
      if (placeOf(before, j) >= 0 && placeOf(after, j) < 0 && !mixings.has(key)) mixings.set(key, op);
    }
  return mixings.size === 0 ? null : mixings;
}

/** The union of two sets; returns one of its arguments whenever that already is the answer. */
export const union = Provenance.union;
