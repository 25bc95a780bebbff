/**
 * The sites that sets consist of, in the order of their arrival. A set is the beginning of a roll, so that one which adds sites to the end of
 * another, as sums and chains do step after step, writes them behind those that are there: the sums of a long program cost its length
 * and not its square.
 */
import type { Relation } from "./axes.js";

/** Up to here names are compared one by one. */
const FEW = 8;

export class Roll {
  readonly names: string[] = [];
  readonly relations: Relation[] = [];
  #places: Map<string, number> | null = null;

  /** Where a site stands; -1 where it does not. */
  placeOf(site: string): number {
    const { names } = this;
    if (names.length <= FEW) return names.indexOf(site);
    this.#places ??= new Map(names.map((name, i) => [name, i]));
    return this.#places.get(site) ?? -1;
  }

  /** Write a new site behind the others. */
  add(site: string, relation: Relation): void {
    this.#places?.set(site, this.names.length);
    this.names.push(site);
    this.relations.push(relation);
  }

  /** A roll of its own that begins with the first `count` sites of this one. */
  copy(count: number): Roll {
    const roll = new Roll();
    for (let i = 0; i < count; i++) roll.add(this.names[i] as string, this.relations[i] as Relation);
    return roll;
  }
}
