/**
 * Checks of a run. They refuse values that do not fit their plates, observations that broadcast their distribution to a larger shape, masks
 * and scales with more elements than their site, and statements that a trace cannot record.
 */
import { type Shape, sameShape, showShape, sizeOf } from "../../autodiff/core/shape.js";
import type { Tensor } from "../../autodiff/index.js";
import { type Distribution, withValidation } from "../../distributions/index.js";
import { PedigradError } from "../../provenance/index.js";
import { didYouMean, quoted, refuseSharedName, refuseSite } from "../checks.js";
import type { Handler, ParamMessage, PlateFrame } from "./messages.js";
import type { Site } from "./trace.js";

/** The fields of a sample site that the checks need. */
interface SiteWithValue {
  readonly name: string;
  readonly fn: Distribution;
  readonly value: Tensor;
  readonly isObserved: boolean;
  readonly plates: readonly PlateFrame[];
}

const SUPPORT_ADVICE: Readonly<Record<string, string>> = {
  "observed site": " Mask missing values (mask(f, keep)), or leave them out.",
  site: " If the guide drew it, give the guide a distribution on this support.",
};

/** Run `body`, and add the name of the site to an error that a distribution throws in it. */
export function reportAsSite<T>(name: string, body: () => T, what = "site"): T {
  try {
    return body();
  } catch (error) {
    throw addSiteToError(name, error, what);
  }
}

/** If `error` is the error of a distribution and names no site yet: the error with the name of the site and advice. Else `error`. */
export function addSiteToError(name: string, error: unknown, what: string, advice = ""): unknown {
  if (!(error instanceof PedigradError) || error.site !== undefined) return error;
  const { code, message, param, op } = error;
  const supportAdvice = code === "outside-support" ? (SUPPORT_ADVICE[what] ?? "") : "";
  // A factor is implemented as a Unit distribution, a name that users need not know.
  const text = message.replace(/^Unit: /, "");
  return new PedigradError({
    code,
    param,
    op,
    site: name,
    message: `${what} "${name}": ${text}${supportAdvice}${advice}`,
  });
}

/**
 * The error of a distribution's constructor, with the name of its site. The constructor runs before the sample statement that uses the
 * distribution, so the error itself names no site. `siteAndAdvice` therefore runs the program again, without checks, and looks for a site
 * whose log density is not finite. If `siteAndAdvice` finds none, or throws, `error` is returned unchanged. So are all other errors.
 */
export function addSiteToParameterError(
  error: unknown,
  siteAndAdvice: () => readonly [string, string] | null,
): unknown {
  if (!(error instanceof PedigradError) || error.code !== "bad-parameter" || error.site !== undefined) return error;
  try {
    const named = withValidation(false, siteAndAdvice);
    return named === null ? error : addSiteToError(named[0], error, "site", named[1]);
  } catch {
    return error;
  }
}

/** Refuse a statement inside a function that the program compiles (jit) or maps over an axis (vmap). Only params may be inside vmap. */
export function refuseInside(transform: "jit" | "vmap", { name, type }: Site): never {
  const mend = transform === "jit" ? "Call the function without jit" : "Write the axis as a plate";
  refuseSite(
    `site-in-${transform}`,
    name,
    `${type} site "${name}" is inside a function under ${transform}, where the trace would lose it. ${mend}, or move the statement out.`,
  );
}

/**
 * Refuse two sites of one name, unless both are params, both are plates of the same size, both are `deterministic` values,
 * or both are `mutable` values.
 */
export function requireSameSite(before: Site, now: Site): void {
  const { name, type } = now;
  if (type !== before.type) refuseSharedName(name, before.type, type);
  if (type === "sample")
    refuseSite(
      "duplicate-name",
      name,
      `sample site "${name}" appears twice in one run. Give each its own name (in a loop: \`\${name}_\${i}\`).`,
    );
  if (type === "plate" && before.type === "plate" && before.size !== now.size)
    refuseSite(
      "plate-size",
      name,
      `plate "${name}" has size ${before.size} in one place and ${now.size} in another. Give both the same size, or different names.`,
    );
}

/** A sentence for errors about sizes in a plate that visits all its elements, although the program asks for fewer. */
export const wholePlateNote = ({ size, programSize }: PlateFrame): string =>
  programSize === undefined
    ? ""
    : ` Functions such as logLikelihood visit all ${size} elements of a plate, although its subsampleSize is ${programSize}: take sizes from the indices that the plate's body receives.`;

/** Refuse a value whose size along a plate's dim is neither 1 nor the number of elements that the plate visits. */
export function checkPlates({ name, fn, value, isObserved, plates }: SiteWithValue): void {
  const rank = value.shape.length - fn.eventDim;
  for (const plate of plates) {
    const { dim, size, subsampleSize } = plate;
    const actual = dim === null || rank + dim < 0 ? 1 : (value.shape[rank + dim] as number);
    if (actual === 1 || actual === subsampleSize) continue;
    refuseSite(
      "plate-size",
      name,
      `${isObserved ? "observed site" : "site"} "${name}" in plate "${plate.name}": the value has ${actual} elements along dim ${dim}, but the plate ${size === subsampleSize ? `has size ${size}. Give both the same size, or use .toEvent(n).${wholePlateNote(plate)}` : `visits ${subsampleSize} of ${size} elements. Give it subsample(data), or data.take(indices) with the indices that the plate's body receives.`}`,
    );
  }
}

/** Refuse an observation if its shape and the distribution's batch shape broadcast to a shape that differs from both. */
export function checkBroadcast({ name, fn, value, isObserved, plates }: SiteWithValue): void {
  if (!isObserved) return;
  const lead = value.shape.slice(0, value.shape.length - fn.eventDim);
  const { batchShape, eventShape } = fn;
  const grows = (from: Shape, to: Shape) => to.some((n, i) => n > 1 && (from.at(i - to.length) ?? 1) === 1);
  if (!(grows(lead, batchShape) && grows(batchShape, lead))) return;
  const rank = Math.max(lead.length, batchShape.length);
  const joint = Array.from({ length: rank }, (_, i) => Math.max(lead.at(i - rank) ?? 1, batchShape.at(i - rank) ?? 1));
  const within = plates.map((p) => `${p.name}(${p.subsampleSize}, dim ${p.dim})`).join(", ");
  refuseSite(
    "shape-mismatch",
    name,
    `sample site "${name}": the log density would have shape [${joint}]${within && `, but the plates are ${within}`}. The distribution's batch shape [${batchShape}] and the observation's shape [${value.shape}] broadcast against each other. Reshape the observation to [${[...batchShape, ...eventShape]}], or the distribution's parameters to [${lead}].`,
  );
}

/** Whether `shape`, without its leading axes of size 1, broadcasts to `to`. */
export const broadcastsTo = (shape: Shape, to: Shape): boolean =>
  shape.every((n, i) => n === 1 || n === to.at(i - shape.length));

/**
 * Refuse a mask or scale that would broadcast the site's log density to more elements, since some elements of the site
 * would then count several times.
 */
export function checkWeight(site: string, what: "mask" | "scale", weight: Tensor, shape: Shape): void {
  if (broadcastsTo(weight.shape, shape)) return;
  refuseSite(
    "shape-mismatch",
    site,
    `site "${site}": its ${what} has shape ${showShape(weight.shape)}, but its log density has shape ${showShape(shape)}, so some elements would count several times. Give it one element for each element of the site.`,
    { param: what },
  );
}

/** The distribution of an observed site with its mask. Only a mask that depends on sites may add axes: the axes of enumerated sites. */
export function maskObserved({ name, fn, value }: SiteWithValue, mask: Tensor): Distribution {
  const lead = value.shape.slice(0, value.shape.length - fn.eventDim);
  if (mask.provenance.size === 0 && !broadcastsTo(mask.shape, lead)) checkWeight(name, "mask", mask, fn.batchShape);
  return fn.mask(mask);
}

/** Refuse an obsMask that does not broadcast to the batch shape. */
export function requireBatchMask(
  name: string,
  fn: Distribution,
  obs: Tensor,
  mask: Tensor,
  plates: readonly PlateFrame[],
): void {
  const obsBatch = obs.shape.slice(0, Math.max(0, obs.shape.length - fn.eventDim));
  const sizes = (dim: number): (number | null | undefined)[] => [
    obsBatch.at(dim),
    fn.batchShape.at(dim),
    ...plates.map((plate) => (plate.dim === dim ? plate.subsampleSize : undefined)),
  ];
  const wrongAxis = mask.shape.findIndex((n, axis) => n !== 1 && !sizes(axis - mask.shape.length).includes(n));
  if (wrongAxis < 0) return;
  const events = fn.eventDim > 0 ? `, without the event axes [${fn.eventShape}]` : "";
  refuseSite(
    "shape-mismatch",
    name,
    `sample site "${name}": obsMask has shape [${mask.shape}], but must broadcast to [${obsBatch}], one number for each element of the batch${events}. An event is observed as a whole or not at all.`,
    { param: "obsMask" },
  );
}

/**
 * Refuse a param whose value does not have the shape of its declaration: it would broadcast, and one number would stand for many. A param
 * declared with one number may have a value of any shape.
 */
export function requireDeclaredShape(op: string, { name, value, shape }: ParamMessage): void {
  if (value === null || shape === null || sizeOf(shape) === 1 || sameShape(value.shape, shape)) return;
  throw new PedigradError({
    code: "shape-mismatch",
    op,
    param: name,
    message: `${op}: the value of param "${name}" has shape ${showShape(value.shape)}, but the program declares it with shape ${showShape(shape)}. Give the params of a fit of this program.`,
  });
}

/**
 * A handler that refuses a param without a value, because nobody would notice that the program uses its initial value. If `params` is
 * empty, initial values are wanted, and the handler refuses nothing. With `edit`, it refuses in any case: the params of the fit then belong
 * in another place, which `edit` names in the error.
 */
export const requireParamsHandler = (op: string, params: Record<string, unknown>, edit?: string): Handler => ({
  process: {
    param(message) {
      const { name, value } = message;
      const names = Object.keys(params);
      requireDeclaredShape(op, message);
      if (value !== null || (edit === undefined && names.length === 0)) return;
      throw new PedigradError({
        code: "no-value",
        op,
        param: name,
        message: `${op}: param "${name}" has no value. The given values are ${quoted(names)}.${didYouMean(name, names)} Give the params of the fit: ${edit ?? "result.params"}.`,
      });
    },
  },
});
