/**
 * How a value is tagged. Anything that carries a set can be tracked: all it needs is a `provenance` and `withProvenance`, which
 * makes the same value with another set. Arrays, records and Maps are walked; other leaves have no set.
 * Users tag values with it; inference tags its draws in infer/program/primitives.ts.
 */

import { MIX } from "./axes.js";
import { isRecord, requireDepth } from "./base/records.js";
import { Provenance, union } from "./set.js";

/** A value that carries a set: tensors do. */
export interface Tracked {
  readonly provenance: Provenance;
  withProvenance(provenance: Provenance): this;
}

const isTracked = (x: object): x is Tracked => "withProvenance" in x && "provenance" in x;

/** The same structure with `f` applied to every leaf that carries a set; an array or record in which nothing changed is returned itself. */
function mapTracked<T>(x: T, f: (leaf: Tracked) => Tracked): T {
  const walk = (node: unknown, depth: number): unknown => {
    if (typeof node !== "object" || node === null) return node;
    if (isTracked(node)) return f(node);
    requireDepth("provenance", depth);
    if (Array.isArray(node)) {
      const copy = node.map((item) => walk(item, depth + 1));
      return copy.some((item, i) => item !== node[i]) ? copy : node;
    }
    if (node instanceof Map) return new Map([...node].map(([key, value]) => [key, walk(value, depth + 1)]));
    if (!isRecord(node)) return node;
    let copy: Record<string, unknown> | null = null;
    for (const key of Object.keys(node)) {
      const value = walk(node[key], depth + 1);
      if (value === node[key]) continue;
      // The copy has all keys before one is assigned: so `__proto__` is a key like any other.
      copy ??= { __proto__: Object.getPrototypeOf(node), ...node } as Record<string, unknown>;
      copy[key] = value;
    }
    return copy ?? node;
  };
  return walk(x, 0) as T;
}

/**
 * The same value (nested values: every leaf), with the names in `tag` added to its set. Only the names of a set `tag` are used, because its
 * axes describe another value.
 */
export function trackProvenance<T>(x: T, tag: string | Provenance | Iterable<string>): T {
  const set = tag instanceof Provenance ? tag : typeof tag === "string" ? Provenance.of(tag) : Provenance.of(...tag);
  const names = set.moved(MIX, "trackProvenance");
  return mapTracked(x, (leaf) => leaf.withProvenance(union(leaf.provenance, names, "trackProvenance")));
}

/** The set of a value, or the union of the sets of all leaves of a nested value. */
export function getProvenance(x: unknown): Provenance {
  let set = Provenance.empty;
  mapTracked(x, (leaf) => {
    set = union(set, leaf.provenance);
    return leaf;
  });
  return set;
}

/** The same value (nested values: every leaf) with an empty set. */
export const detachProvenance = <T>(x: T): T => mapTracked(x, (leaf) => leaf.withProvenance(Provenance.empty));
