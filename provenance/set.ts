/**
 * The pedigree of a value: the set of random choices it depends on (Schulman et al. 2015, "Gradient estimation using
 * stochastic computation graphs"; Pyro's `ops/provenance.py` is the nearest relative). First file in the reading order.
 *
 * Sets are immutable and shared. Almost every union in a run has one argument that already is the answer, so `union`
 * looks for that first and allocates only when a genuinely new set is born.
 */
export class Provenance implements Iterable<string> {
  readonly #sites: ReadonlySet<string>;
  // Most sets that join another one have a single site, and asking for it is faster than walking a set.
  readonly #first: string | undefined;
  // The last partner and what came of it: loops and chains ask for the same union again and again.
  #partner: Provenance | null = null;
  #joined: Provenance | null = null;

  /** How many sites. */
  readonly size: number;

  private constructor(sites: ReadonlySet<string>) {
    this.#sites = sites;
    this.size = sites.size;
    [this.#first] = sites;
  }

  /** The set of a value that depends on no random choice. */
  static readonly empty = new Provenance(new Set());

  /** The set of the given site names. */
  static of(...sites: string[]): Provenance {
    return sites.length === 0 ? Provenance.empty : new Provenance(new Set(sites));
  }

  has(site: string): boolean {
    return this.#sites.has(site);
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#sites[Symbol.iterator]();
  }

  /** Whether every site of `other` is in this set. */
  includes(other: Provenance): boolean {
    if (other.size > this.size) return false;
    if (other.size === 1) return this.#sites.has(other.#first as string);
    for (const site of other.#sites) if (!this.#sites.has(site)) return false;
    return true;
  }

  /** The union, which is one of the two arguments whenever that already is the answer. */
  static union(a: Provenance, b: Provenance): Provenance {
    if (a === b || b.size === 0) return a;
    if (a.size === 0) return b;
    if (a.#partner === b) return a.#joined as Provenance;
    const joined = a.includes(b) ? a : b.includes(a) ? b : new Provenance(new Set([...a.#sites, ...b.#sites]));
    a.#partner = b;
    a.#joined = joined;
    return joined;
  }

  /** `{a, b}`: for messages and reports. */
  toString(): string {
    return `{${[...this.#sites].join(", ")}}`;
  }
}

/** The union of two sets; returns one of its arguments whenever that already is the answer. */
export const union = Provenance.union;
