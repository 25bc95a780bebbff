/**
 * Functions that set or get the provenance of a value. A value has a provenance if it has a field `provenance` and a method
 * `withProvenance`, which returns the same value with another provenance. The functions search arrays, records and Maps
 * for such values; all other values count as constants. Inference gives its draws a provenance in
 * infer/program/primitives.ts.
 */

import { MIX } from "./axes.js";
import { isRecord, MAX_DEPTH, refuseDepth } from "./base/records.js";
import { Provenance, union } from "./set.js";

/** A value that has a provenance, such as a tensor. */
export interface Tracked {
  readonly provenance: Provenance;
  withProvenance(provenance: Provenance): this;
}

export const isTracked = (x: unknown): x is Tracked =>
  typeof x === "object" && x !== null && "withProvenance" in x && "provenance" in x;

/**
 * The same structure with `f` applied to every leaf that has a provenance. An array or record is copied only if one of
 * its leaves changes.
 */
function mapTracked<T>(x: T, f: (leaf: Tracked) => Tracked): T {
  const walk = (part: unknown, depth: number): unknown => {
    if (isTracked(part)) return f(part);
    if (typeof part !== "object" || part === null) return part;
    if (depth > MAX_DEPTH) refuseDepth("provenance");
    if (Array.isArray(part)) {
      const copy = part.map((item) => walk(item, depth + 1));
      return copy.some((item, i) => item !== part[i]) ? copy : part;
    }
    if (part instanceof Map) return new Map([...part].map(([key, value]) => [key, walk(value, depth + 1)]));
    if (!isRecord(part)) return part;
    let copy: Record<string, unknown> | null = null;
    for (const key of Object.keys(part)) {
      const value = walk(part[key], depth + 1);
      if (value === part[key]) continue;
      // The spread copies a key `__proto__` as an ordinary field, so that the assignment below does not set the prototype.
      copy ??= { __proto__: Object.getPrototypeOf(part), ...part } as Record<string, unknown>;
      copy[key] = value;
    }
    return copy ?? part;
  };
  return walk(x, 0) as T;
}

/**
 * The same value with the names in `tag` added to its provenance; in a nested value, to the provenance of every leaf. If
 * `tag` is itself a provenance, only its names are used, because its relations describe another value.
 */
export function trackProvenance<T>(x: T, tag: string | Provenance | Iterable<string>): T {
  const set = tag instanceof Provenance ? tag : typeof tag === "string" ? Provenance.of(tag) : Provenance.of(...tag);
  const names = set.moved(MIX, "trackProvenance");
  return mapTracked(x, (leaf) => leaf.withProvenance(union(leaf.provenance, names, "trackProvenance")));
}

/** The provenance of a value; for nested values, the union over all leaves. */
export function getProvenance(x: unknown): Provenance {
  let set = Provenance.empty;
  mapTracked(x, (leaf) => {
    set = union(set, leaf.provenance);
    return leaf;
  });
  return set;
}

const NONE = Provenance.empty;
/** The same value with an empty provenance; in a nested value, every leaf gets an empty provenance. */
export const detachProvenance = <T>(x: T): T =>
  mapTracked(x, (leaf) => (leaf.provenance === NONE ? leaf : leaf.withProvenance(NONE)));
