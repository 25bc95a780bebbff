/**
 * A growing list of sites that several sets share. Each set consists of the first `size` entries of such a list. A union
 * that adds sites to a set appends them to the same list instead of copying it, so the unions of a long program take
 * linear instead of quadratic time.
 */
import type { Relation } from "./axes.js";

/** A list of at most this length is searched name by name; a longer list has a Map. */
const MAX_LINEAR_SEARCH = 8;

export class SiteList {
  readonly names: string[] = [];
  readonly relations: Relation[] = [];
  #indices: Map<string, number> | null = null;

  /** The index of a site; -1 if it is not in the list. */
  indexOf(site: string): number {
    const { names } = this;
    if (names.length <= MAX_LINEAR_SEARCH) return names.indexOf(site);
    this.#indices ??= new Map(names.map((name, i) => [name, i]));
    return this.#indices.get(site) ?? -1;
  }

  /** Append a site that is not in the list. */
  add(site: string, relation: Relation): void {
    this.#indices?.set(site, this.names.length);
    this.names.push(site);
    this.relations.push(relation);
  }

  /** A new list with the first `count` sites of this one. */
  copy(count: number): SiteList {
    const list = new SiteList();
    for (let i = 0; i < count; i++) list.add(this.names[i] as string, this.relations[i] as Relation);
    return list;
  }
}
