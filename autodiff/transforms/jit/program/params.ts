/**
 * Comparing parameters of ops, and writing numbers as text. Numbers are compared to the last bit; lists, records and typed arrays by their
 * items; everything else by identity.
 */
import { isRecord } from "../../../../provenance/base/records.js";

/** Whether two parameters are the same. */
export function sameParams(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || ArrayBuffer.isView(a)) return sameItems(a as unknown as ArrayLike<unknown>, b);
  return isRecord(a) && isRecord(b) && sameFields(a, b);
}

// Loops over keys without making lists of keys, because such lists would be most of the memory that a comparison of two runs allocates.
function sameFields(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  let surplus = 0;
  for (const key in a) {
    if (!Object.hasOwn(b, key) || !sameParams(a[key], b[key])) return false;
    surplus++;
  }
  for (const _ in b) surplus--;
  return surplus === 0;
}

function sameItems(a: ArrayLike<unknown>, b: object): boolean {
  const items = b as ArrayLike<unknown>;
  if (b.constructor !== (a as object).constructor || a.length !== items.length) return false;
  for (let i = 0; i < a.length; i++) if (!sameParams(a[i], items[i])) return false;
  return true;
}

/** A text that is equal for equal parameters. */
export const paramsKey = (params: unknown): string =>
  params === null ? "" : (JSON.stringify(params) ?? typeof params);

/** A number as source text. */
export function literal(x: number): string {
  if (Object.is(x, -0)) return "(-0)";
  return x < 0 || Number.isNaN(x) ? `(${x})` : String(x);
}
