/** Nested records, arrays and Maps of tensors: the arguments and results of functions given to grad, vmap and jit. */
import { emptyRecord, isRecord, MAX_DEPTH, refuseDepth, requireNamedFields } from "../../provenance/base/records.js";
import type { TensorLike } from "../core/convert.js";
import { Tensor } from "../core/tensor.js";

/** A tensor, or nested records, arrays and Maps of tensors. */
// biome-ignore lint/suspicious/noExplicitAny: callers know the structure they passed in; results have the same structure
export type Tree = any;
/** Anything accepted as a tree. The leaves may be anything tensor-like. */
export type TreeLike = unknown;
type Numbers = readonly (number | boolean | Numbers)[];
/** A structure like X with a tensor at each leaf; the type `any` if X is not known. */
export type TensorsLike<X> = 0 extends 1 & X
  ? Tree
  : unknown extends X
    ? Tree
    : TensorLike extends X
      ? Tensor
      : X extends Exclude<TensorLike, readonly unknown[]> | Numbers
        ? Tensor
        : X extends Map<infer K, infer V>
          ? Map<K, TensorsLike<V>>
          : { [K in keyof X]: TensorsLike<X[K]> };

/** Whether x is a container of leaves: a plain array that is not itself a number array, a plain record, or a Map. */
export const isContainer = (x: unknown): boolean =>
  x instanceof Map || isRecord(x) || (Array.isArray(x) && !isNumberArray(x));
const isNumberArray = (x: unknown, depth = 0): boolean => {
  if (!Array.isArray(x)) return typeof x === "number" || typeof x === "boolean";
  if (depth > MAX_DEPTH) refuseDepth("tree");
  return x.length > 0 && x.every((item) => isNumberArray(item, depth + 1));
};

type Visit = (leaf: unknown, path: string) => unknown;

/** The same structure with f applied to every leaf. If f has a second parameter, it also gets the path of the leaf (`layers.0.b`). */
export function mapTree(x: unknown, f: Visit, path = "", depth = 0): Tree {
  if (x instanceof Tensor || !isContainer(x)) return f(x, path);
  if (depth > MAX_DEPTH) refuseDepth("tree");
  return mapItems(x, (item, key) => mapTree(item, f, childPath(f, path, key), depth + 1));
}

/** Combines trees of the same structure: each leaf of the result is f of the corresponding leaves. */
export function zipTrees(f: (...leaves: Tensor[]) => Tensor, first: Tree, ...others: Tree[]): Tree {
  if (first instanceof Tensor || !isContainer(first)) return f(first, ...others);
  return mapItems(first, (item, key) => zipTrees(f, item, ...others.map((tree) => itemOf(tree, key))));
}

const itemOf = (x: Tree, key: unknown): Tree => (x instanceof Map ? x.get(key) : x[key as string]);

/** A container like x with f applied to each item and its key. */
export function mapItems(x: unknown, f: (item: unknown, key: unknown) => Tree): Tree {
  if (Array.isArray(x)) {
    requireNamedFields("tree", x);
    return x.map(f);
  }
  if (x instanceof Map) return new Map([...x].map(([key, item]) => [key, f(item, key)]));
  const record = x as Record<string, unknown>;
  const copy = emptyRecord<unknown>();
  for (const key of Object.keys(record)) copy[key] = f(record[key], key);
  return copy;
}

// The path is built only if f has a second parameter, because building it can take longer than the call of f.
const childPath = (f: Visit, path: string, key: unknown): string =>
  f.length < 2 ? "" : path === "" ? `${key}` : `${path}.${key}`;

/** The leaves of a tree, in order. */
export function leavesOf(x: unknown): unknown[] {
  const leaves: unknown[] = [];
  mapTree(x, (leaf) => leaves.push(leaf));
  return leaves;
}
