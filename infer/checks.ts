/**
 * Checks that refuse the most common mistakes: a forgotten key, data in place of options, a class in place of a guide, a
 * misspelt name.
 */
import { type ErrorCode, PedigradError, Tensor } from "../autodiff/index.js";
import { refuse } from "../provenance/base/error.js";
import { flag, type Kind, MAX_COUNT } from "../provenance/base/kinds.js";
import { didYouMean, refuseOption, requireKind, requireOptions, show } from "../provenance/base/options.js";
import { isRecord } from "../provenance/base/records.js";

export { didYouMean, type Kind, refuseOption, requireKind, requireOptions, show };

/** Refuse something about a site; `where` says which param or op the error concerns, too. */
export function refuseSite(
  code: ErrorCode,
  site: string | undefined,
  message: string,
  where?: { readonly param?: string; readonly op?: string | undefined },
): never {
  throw new PedigradError({ code, site, message, ...where });
}

/** Refuse a name that two kinds of statements have, in one program or in guide and model: records hold the values of both. */
export const refuseSharedName = (name: string, type: string, other: string): never =>
  refuseSite(
    "duplicate-name",
    name,
    `"${name}" is already the name of a ${type}, so a ${other} cannot have it too. Rename one of them.`,
  );

/** Refuse a name that is not a string: the sites 3 and "3" would be different sites of one name. */
export const refuseName = (type: string, name: unknown): never =>
  refuseSite("bad-option", String(name), `${type} ${show(name)}: the name must be a string.`);

/** Refuse a handler and a loop, advanced by hand, of which neither encloses the other: statements would lose one of the two. */
export function refuseCrossed(): never {
  refuse(
    "no-effect",
    "plate",
    "the iterator of a loop over a plate (or markov) was advanced by hand, across the start or the end of a handler such as scale. Write a for loop around it, or inside it.",
  );
}

/** Refuse a statement inside the body of scan. Only params and networks are allowed, because they are the same at every step. */
export function refuseInScan({ type, name }: { readonly type: string; readonly name: string }): void {
  if (type === "param" || type === "module") return;
  const advice = ["sample", "key", "plate"].includes(type)
    ? "Draw the noise of all steps before the loop at one site of length T, give it to scan as xs, and observe the ys after the loop. Or write a plain for loop, with markov where sites are enumerated."
    : "Return the value from the body of scan, and write the statement after the loop.";
  refuseSite(
    "site-in-scan",
    name,
    `${type} site "${name}" is inside the body of scan, which runs as a single op, so handlers cannot see its statements. ${advice}`,
  );
}

/** Whether the function `callback` has returned true. Refuses other objects, such as tensors and promises, which count as true. */
export function isTrue(op: string, callback: string, result: boolean | undefined): boolean {
  requireKind(op, `the result of ${callback}`, result ?? false, flag);
  return result === true;
}

/** Refuse an argument that is not a key; the error names the function `op`. */
export function requireKey(op: string, key: unknown, place = "first"): asserts key is Tensor {
  if (!(key instanceof Tensor))
    refuseOption(
      op,
      "key",
      `the ${place} argument must be a key such as random.key(0), got ${show(key)}.`,
      undefined,
      "no-key",
    );
}

/** Refuse a number that is not an integer from 1 to 2^26. */
export function requireCount(op: string, param: string, x: unknown): void {
  if (!(Number.isInteger(x) && (x as number) >= 1))
    refuseOption(op, param, `${param} must be a positive integer, got ${show(x)}.`);
  if ((x as number) > MAX_COUNT)
    refuseOption(op, param, `${param} must be at most 2^26, got ${x}. More does not fit into memory.`);
}

/** Refuse an argument that is not a program, such as the class of an autoguide in place of an instance. */
export function requireProgram(op: string, which: "model" | "guide", f: unknown): void {
  if (typeof f !== "function") refuseOption(op, which, `the ${which} must be a function, got ${show(f)}.`);
  if (/^class\b/.test(Function.prototype.toString.call(f)))
    refuseOption(op, which, `the ${which} is the class ${f.name}, not an instance. Call new ${f.name}(model).`);
}

/** Refuse arguments other than (key, params, model, guide), the first arguments of many functions. */
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

/** The error for a param whose name is not known. */
export const unknownParam = (param: string, params: ReadonlyMap<string, unknown>, where = ""): PedigradError =>
  new PedigradError({
    code: "unknown-param",
    param,
    message: `${where}there is no param "${param}". The params are: ${[...params.keys()].join(", ") || "none"}.${didYouMean(param, params.keys())}`,
  });

/** The names in quotation marks, separated by commas, for error messages. */
export const quoted = (names: Iterable<string>): string => [...names].map((name) => `"${name}"`).join(", ") || "none";

/** The error of `op` for a name that the program does not have; `names` are the names that the program has. */
export const unknownName = (
  op: string,
  what: "site" | "param",
  site: string,
  names: Iterable<string>,
  advice = "",
): PedigradError => {
  const allNames = [...names];
  return new PedigradError({
    code: `unknown-${what}`,
    op,
    site,
    message: `${op}: the program has no ${what} "${site}". It has ${quoted(allNames)}.${didYouMean(site, allNames)}${advice}`,
  });
};
