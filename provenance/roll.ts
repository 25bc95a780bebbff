/**
 * A growing list of sites that several sets share: each set is the first `size` entries of a roll. A union that adds
 * sites to a set appends them to the same roll instead of copying it, so the unions of a long program take time linear,
 * not quadratic, in its length.
 */
import type { Relation } from "./axes.js";

/** Rolls of at most this length are searched name by name. */
const FEW = 8;

export class Roll {
  readonly names: string[] = [];
  readonly relations: Relation[] = [];
  #places: Map<string, number> | null = null;

  /** The index of a site; -1 where the roll does not have it. */
  placeOf(site: string): number {
    const { names } = this;
    if (names.length <= FEW) return names.indexOf(site);
    this.#places ??= new Map(names.map((name, i) => [name, i]));
    return this.#places.get(site) ?? -1;
  }

  /** Append a new site. */
  add(site: string, relation: Relation): void {
    this.#places?.set(site, this.names.length);
    this.names.push(site);
    this.relations.push(relation);
  }

  /** A new roll with the first `count` sites of this one. */
  copy(count: number): Roll {
    const roll = new Roll();
    for (let i = 0; i < count; i++) roll.add(this.names[i] as string, this.relations[i] as Relation);
    return roll;
  }
}
