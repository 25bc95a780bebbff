/**
 * Checks of arguments and options. An unknown option, or an option of the wrong kind, is refused with an error that names the option.
 */
import type { ErrorCode } from "./codes.js";
import { PedigradError } from "./error.js";
import type { Kind } from "./kinds.js";
import { isRecord } from "./records.js";
import { nearestName } from "./spelling.js";

/**
 * Refuse an argument or an option; `message` says what was expected and what was given. With `site`, the error names the
 * site instead of `op`.
 */
export function refuseOption(
  op: string,
  param: string,
  message: string,
  site?: string,
  code: ErrorCode = "bad-option",
): never {
  throw new PedigradError({ code, op: site === undefined ? op : undefined, site, param, message: `${op}: ${message}` });
}

/** Refuse an argument or option that is not of the given kind. */
export function requireKind(op: string, param: string, x: unknown, [is, words]: Kind, site?: string): void {
  if (!is(x)) refuseOption(op, param, `${param} must be ${words}, got ${show(x)}.`, site);
}

/** The names of the allowed options, or a record of their kinds by name. */
type Allowed = readonly string[] | Readonly<Record<string, Kind>>;

/**
 * Refuse `options` unless it is a record, all its keys are in `allowed`, and each value is of the kind that `allowed` gives
 * for its key.
 */
export function requireOptions(op: string, options: unknown, allowed: Allowed, site?: string): void {
  const kinds = Array.isArray(allowed) ? null : (allowed as Readonly<Record<string, Kind>>);
  const names = kinds === null ? (allowed as readonly string[]) : Object.keys(kinds);
  if (!isRecord(options))
    refuseOption(op, "options", `expected options ({ ${names[0]}: … }, or {} for none), got ${show(options)}.`, site);
  for (const option of Object.keys(options)) {
    if (!names.includes(option)) {
      const expected = `Expected one of ${names.join(", ")}.${didYouMean(option, names)}`;
      refuseOption(op, option, `unknown option "${option}". ${expected}`, site, "unknown-option");
    }
    if (kinds !== null && options[option] !== undefined)
      requireKind(op, option, options[option], kinds[option] as Kind, site);
  }
}

/** Refuse the arguments of `op` unless they are a single function. `others` are the arguments after `f`. */
export function requireFunction(op: string, f: unknown, others: readonly unknown[] = []): void {
  if (typeof f !== "function") refuseOption(op, "f", `expected a function, got ${show(f)}.`);
  if (others.length > 0)
    refuseOption(
      op,
      "f",
      `takes only a function and returns a function, but got ${show(others[0])} too. Call ${op}(f)(…).`,
    );
}

/** ` Did you mean "…"?` if one of `names` is close to `name`, else "". */
export function didYouMean(name: string, names: Iterable<string>): string {
  const near = nearestName(name, names);
  return near === undefined ? "" : ` Did you mean "${near}"?`;
}

/** A short description of a value, for error messages. */
export function show(x: unknown): string {
  if (Array.isArray(x)) return `an array of length ${x.length}`;
  if (typeof x === "function") return `the function ${x.name || "(nameless)"}`;
  if (typeof x !== "object" || x === null) return typeof x === "string" ? JSON.stringify(x) : String(x);
  if (x instanceof Promise) return "a promise";
  if ("provenance" in x && "shape" in x) return `a tensor of shape [${x.shape}]`;
  return `a record with ${Object.keys(x).join(", ") || "nothing in it"}`;
}
