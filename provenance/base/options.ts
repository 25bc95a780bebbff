/** Arguments and options that are in the wrong place or of the wrong kind, refused by name. */
import { PedigradError } from "./error.js";
import { isRecord } from "./records.js";
import { nearestName } from "./spelling.js";

/** Refuse an argument or an option; `message` says what was expected, and what came. */
export function refuseOption(op: string, param: string, message: string): never {
  throw new PedigradError({ code: "bad-option", op, param, message: `${op}: ${message}` });
}

/** Refuse what is no record of options, and options that are not `known`. */
export function requireOptions(op: string, options: unknown, known: readonly string[], site?: string): void {
  if (!isRecord(options))
    refuseOption(op, "options", `expected options ({ ${known[0]}: … }, or {} for none), got ${show(options)}.`);
  for (const option of Object.keys(options))
    if (!known.includes(option))
      throw new PedigradError({
        code: "unknown-option",
        op: site === undefined ? op : undefined,
        site,
        param: option,
        message: `${op}: unknown option "${option}". Expected one of ${known.join(", ")}.${didYouMean(option, known)}`,
      });
}

/** Refuse what is not the one function that `op` takes; its arguments belong to the function that `op` returns. */
export function requireFunction(op: string, f: unknown, rest: readonly unknown[] = []): void {
  if (typeof f !== "function") refuseOption(op, "f", `expected a function, got ${show(f)}.`);
  if (rest.length > 0)
    refuseOption(op, "f", `takes one function and gives another one, got ${show(rest[0])} as well. Call ${op}(f)(…).`);
}

/** ` Did you mean "…"?` where one of `names` is near, else nothing. */
export function didYouMean(name: string, names: Iterable<string>): string {
  const near = nearestName(name, names);
  return near === undefined ? "" : ` Did you mean "${near}"?`;
}

/** What came, in a word or two. */
export function show(x: unknown): string {
  if (Array.isArray(x)) return `an array of length ${x.length}`;
  if (typeof x === "function") return `the function ${x.name || "(nameless)"}`;
  if (typeof x !== "object" || x === null) return typeof x === "string" ? JSON.stringify(x) : String(x);
  if ("provenance" in x && "shape" in x) return `a tensor of shape [${x.shape}]`;
  return `a record with ${Object.keys(x).join(", ") || "nothing in it"}`;
}
