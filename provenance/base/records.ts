/** Plain records: what counts as one, and how they are made and merged. Their keys are data, `__proto__` one like any other. */
import { PedigradError } from "./error.js";

/** Whether x is a plain record: an object literal, or one without a prototype. */
export const isRecord = (x: unknown): x is Record<string, unknown> => {
  if (typeof x !== "object" || x === null) return false;
  const prototype = Object.getPrototypeOf(x);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
};

/**
 * An empty record. Keys are data, `__proto__` one like any other: nothing is inherited that a name could meet. (An object
 * without any prototype would do the same, but V8 keeps those as slow dictionaries.)
 */
export const emptyRecord = <T>(): Record<string, T> => new (Bare as unknown as new () => Record<string, T>)();

function Bare(): void {}
Bare.prototype = Object.create(null, {
  // How Node prints one: as any record.
  [Symbol.for("nodejs.util.inspect.custom")]: {
    value(this: object) {
      return { ...this };
    },
  },
});

/** The entries of all records in one, later ones winning. */
export const mergeRecords = <T>(...records: readonly Record<string, T>[]): Record<string, T> =>
  Object.assign(emptyRecord<T>(), ...records);

// Real structures are a few levels deep; what goes on beyond this contains itself.
export const DEEPEST = 200;

/** Refuse what is nested that deep. */
export function requireDepth(op: string, depth: number): void {
  if (depth > DEEPEST)
    throw new PedigradError({
      code: "cyclic",
      op,
      message: `${op}: got lists or records nested more than ${DEEPEST} deep: does one of them contain itself?`,
    });
}

/** Refuse a record with fields that are named by symbols, which no walk over its names would find. */
export function requireNamedFields(op: string, record: object): void {
  const [symbol] = Object.getOwnPropertySymbols(record);
  if (symbol !== undefined)
    throw new PedigradError({
      code: "symbol-key",
      op,
      message: `${op}: got a record with the field ${String(symbol)}. Name the fields of arguments and results by strings.`,
    });
}
