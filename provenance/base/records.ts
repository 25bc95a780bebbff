/** Plain records: which objects count as records, and how records are made and merged. Any string can be a key, even `__proto__`. */
import { refuse } from "./error.js";

/** Whether x is a plain record: an object literal, or one without a prototype. */
export const isRecord = (x: unknown): x is Record<string, unknown> => {
  if (typeof x !== "object" || x === null) return false;
  const prototype = Object.getPrototypeOf(x);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
};

/**
 * An empty record that inherits no property, so that any name, even `__proto__`, can be a key. (An object without a prototype
 * would do the same, but V8 keeps such objects as slow dictionaries.)
 */
export const emptyRecord = <T>(): Record<string, T> => new (EmptyRecord as unknown as new () => Record<string, T>)();

function EmptyRecord(): void {}
EmptyRecord.prototype = Object.create(null, {
  // Node prints such a record like an object literal.
  [Symbol.for("nodejs.util.inspect.custom")]: {
    value(this: object) {
      return { ...this };
    },
  },
});

/** The entries of all records in one; where a name occurs twice, the later record wins. */
export const mergeRecords = <T>(...records: readonly Record<string, T>[]): Record<string, T> =>
  Object.assign(emptyRecord<T>(), ...records);

// The deepest nesting that is allowed. Real structures have only a few levels; a deeper structure probably contains itself.
export const MAX_DEPTH = 200;

/** Refuse a structure that is nested more than `MAX_DEPTH` deep. */
export const refuseDepth = (op: string): never =>
  refuse("cyclic", op, `lists or records are nested more than ${MAX_DEPTH} deep. Does one of them contain itself?`);

/** Refuse symbols as keys, and fields of a list that are not items, because loops over names or items would miss them. */
export function requireNamedFields(op: string, x: object): void {
  const key = Object.getOwnPropertySymbols(x)[0] ?? (Array.isArray(x) ? Object.keys(x)[x.length] : undefined);
  if (key !== undefined)
    refuse(
      "symbol-key",
      op,
      `got a list or record with the key ${String(key)}. A list may have only items, and the keys of a record must be strings.`,
    );
}
