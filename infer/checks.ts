/** What callers mistake most often, refused in one place: a forgotten key, data where options belong, a class for a guide, a misspelt name. */
import { PedigradError, Tensor } from "../autodiff/index.js";
import { isRecord } from "../provenance/base/records.js";
import { nearestName } from "../provenance/base/spelling.js";

/** Refuse what is no key, in the name of the function `op`. */
export function requireKey(op: string, key: unknown, place = "first"): asserts key is Tensor {
  if (key instanceof Tensor) return;
  throw new PedigradError({
    code: "no-key",
    op,
    param: "key",
    message: `${op}: the ${place} argument must be a key such as random.key(0), got ${show(key)}.`,
  });
}

/** Refuse an argument or an option; `message` says what was expected, and what came. */
export function refuseOption(op: string, param: string, message: string): never {
  throw new PedigradError({ code: "bad-option", op, param, message: `${op}: ${message}` });
}

// As many keys or table entries as take half a gigabyte.
const MOST = 2 ** 26;

/** Refuse what does not count something, or counts more than memory holds. */
export function requireCount(op: string, param: string, x: unknown): void {
  if (!(Number.isInteger(x) && (x as number) >= 1))
    refuseOption(op, param, `${param} must be a positive integer, got ${show(x)}.`);
  if ((x as number) > MOST) refuseOption(op, param, `${param} must be at most 2^26, got ${x}, which no memory holds.`);
}

/** What a value may be, with the words for it. */
export type Kind = readonly [is: (x: unknown) => boolean, words: string];
const kind = (is: (x: unknown) => boolean, words: string): Kind => [is, words];

/** The kinds of options and arguments. */
export const kinds = {
  any: kind(() => true, "anything"),
  flag: kind((x) => typeof x === "boolean", "true or false"),
  function: kind((x) => typeof x === "function", "a function"),
  string: kind((x) => typeof x === "string", "a string"),
  record: kind(isRecord, "a record by name"),
  names: kind((x) => Array.isArray(x) && x.every((name) => typeof name === "string"), "an array of names"),
  numbers: kind((x) => Array.isArray(x) && x.every(Number.isInteger), "an array of whole numbers"),
  size: kind((x) => Number.isInteger(x) && (x as number) >= 0, "a non-negative integer"),
  count: kind((x) => Number.isInteger(x) && (x as number) >= 1 && (x as number) <= MOST, "a positive integer"),
  number: kind((x) => typeof x === "number" && Number.isFinite(x), "a finite number"),
  positive: kind((x) => typeof x === "number" && x > 0 && x < Infinity, "a positive number"),
} as const;

/** Refuse an argument or option that is not of a kind. */
export function requireKind(op: string, param: string, x: unknown, [is, words]: Kind, site?: string): void {
  if (is(x)) return;
  throw new PedigradError({
    code: "bad-option",
    op: site === undefined ? op : undefined,
    site,
    param,
    message: `${op}: ${param} must be ${words}, got ${show(x)}.`,
  });
}

/** Refuse what is no program; a class is one only when it is called with `new`. */
export function requireProgram(op: string, which: "model" | "guide", f: unknown): void {
  if (typeof f !== "function") refuseOption(op, which, `the ${which} must be a function, got ${show(f)}.`);
  if (/^class\b/.test(Function.prototype.toString.call(f)))
    refuseOption(op, which, `the ${which} is the class ${f.name}, not an instance. Call new ${f.name}(model).`);
}

/** Refuse anything but (key, params, model, guide), the arguments that many functions begin with. */
export function requireTask(op: string, key: unknown, params: unknown, model: unknown, guide: unknown): void {
  requireKey(op, key);
  if (!isRecord(params))
    refuseOption(
      op,
      "params",
      `the second argument must be the params by name, such as result.params, got ${show(params)}. The order is ${op}(key, params, model, guide).`,
    );
  for (const [which, f] of [
    ["model", model],
    ["guide", guide],
  ] as const)
    if (typeof f !== "function") requireProgram(op, which, f);
}

/** Refuse what is not a record of options, options that are not known, and those that are not of their kind. */
export function requireOptions(
  op: string,
  options: unknown,
  known: readonly string[] | Readonly<Record<string, Kind>>,
  site?: string,
): void {
  const names = Array.isArray(known) ? (known as readonly string[]) : Object.keys(known);
  const where = { op: site === undefined ? op : undefined, site };
  if (!isRecord(options))
    throw new PedigradError({
      ...where,
      code: "bad-option",
      param: "options",
      message: `${op}: expected options ({ ${names[0]}: … }, or {} for none), got ${show(options)}.`,
    });
  for (const [option, value] of Object.entries(options)) {
    if (!names.includes(option))
      throw new PedigradError({
        ...where,
        code: "unknown-option",
        param: option,
        message: `${op}: unknown option "${option}". Expected one of ${names.join(", ")}.${didYouMean(option, names)}`,
      });
    const expected = (known as Readonly<Record<string, Kind>>)[option];
    if (expected !== undefined && value !== undefined) requireKind(op, option, value, expected, site);
  }
}

/** ` Did you mean "…"?` where one of `names` is near, else nothing. */
export function didYouMean(name: string, names: Iterable<string>): string {
  const near = nearestName(name, names);
  return near === undefined ? "" : ` Did you mean "${near}"?`;
}

/** The error for a param that is none of the known ones. */
export const unknownParam = (param: string, known: ReadonlyMap<string, unknown>, where = ""): PedigradError =>
  new PedigradError({
    code: "unknown-param",
    param,
    message: `${where}no param "${param}"; known params: ${[...known.keys()].join(", ") || "none"}.${didYouMean(param, known.keys())}`,
  });

/** Names as an error lists them. */
export const quoted = (names: Iterable<string>): string => [...names].map((name) => `"${name}"`).join(", ") || "none";

/** What came, in a word or two. */
export function show(x: unknown): string {
  if (x instanceof Tensor) return `a tensor of shape [${x.shape}]`;
  if (Array.isArray(x)) return `an array of length ${x.length}`;
  if (typeof x === "function") return `the function ${x.name || "(nameless)"}`;
  if (typeof x === "object" && x !== null) return `a record with ${Object.keys(x).join(", ") || "nothing in it"}`;
  return typeof x === "string" ? JSON.stringify(x) : String(x);
}
