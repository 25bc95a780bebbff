/** Checks of Predictive, logDensity and logLikelihood. They refuse values that are missing, unused, or of the wrong shape or number. */
import { sameShape, showShape } from "../../autodiff/core/shape.js";
import type { ErrorCode, Tensor } from "../../autodiff/index.js";
import { didYouMean, quoted, refuseSite } from "../checks.js";
import type { Handler } from "../program/messages.js";
import { sampleSites, type Trace } from "../program/trace.js";
import { broadcastsTo } from "../program/traceChecks.js";

/** Refuse something about a site; the message begins with the name of the function `op`. */
const refuse = (op: string, code: ErrorCode, site: string, message: string): never =>
  refuseSite(code, site, `${op}: ${message}`, { op });

/** A handler that refuses values of latents that do not broadcast to their sites' shapes. */
export const requireShapesHandler = (op: string, values: Record<string, unknown>): Handler => ({
  process: {
    sample(message) {
      if (message.isObserved || message.value === null) return;
      const { name, fn, value } = message;
      const [actual, expected] = [value.shape, fn.shape()];
      const fits = actual.length <= expected.length && broadcastsTo(actual, expected);
      if (fits || !Object.hasOwn(values, name)) return;
      refuse(
        op,
        "shape-mismatch",
        name,
        `the value given for site "${name}" has shape ${showShape(actual)} in each draw, but the site has shape ${showShape(expected)}. Run the program with arguments of the size that the draws were made with, or ${op === "logLikelihood" ? "reshape the axes of chains and draws to one axis" : `leave "${name}" out to draw it anew`}.`,
      );
    },
  },
});

/** Refuse enumerated latents without values: a sum over their values has one likelihood for all observed sites, not one for each site. */
export function requireEnumeratedValues(run: Trace, values: Record<string, unknown>): void {
  for (const { name, infer, isObserved } of sampleSites(run)) {
    if (isObserved || infer.enumerate == null || Object.hasOwn(values, name)) continue;
    refuse(
      "logLikelihood",
      "enumeration",
      name,
      `site "${name}" is enumerated, so the sites that depend on it have only a joint likelihood, summed over its values. Draw "${name}" first (new Predictive(model, { posteriorSamples, inferDiscrete: true })), or write the sum into the model as a MixtureSameFamily.`,
    );
  }
}

/** Refuse posterior samples that contain only some elements of a plate, if the indices of these elements are missing. */
export function requireElements(run: Trace, samples: Record<string, Tensor>): void {
  for (const { name, fn, plates, isObserved } of sampleSites(run)) {
    const shape = samples[name]?.shape;
    if (isObserved || shape === undefined) continue;
    for (const { name: plate, dim, size, subsampleSize, isGiven, isWhole } of plates) {
      const isPart = dim !== null && shape[shape.length - fn.eventDim + dim] === subsampleSize;
      if (isWhole || isGiven || !isPart) continue;
      refuse(
        "Predictive",
        "plate-subsample",
        name,
        `posteriorSamples "${name}" has ${subsampleSize} of the ${size} elements of plate "${plate}", but not the indices of these elements. Give all ${size}, as samplePosterior does, or add the indices to posteriorSamples as "${plate}".`,
      );
    }
  }
}

const withoutDigits = (name: string): string => name.replace(/\d/g, "");
/** The end of the name of a site that `reparam` has made; the beginning is the name of the site that is computed from it. */
const REPARAM_ENDING = /_(decentered|base|unwrapped)$/;

/**
 * Refuse posterior samples, or a guide, if none of its `names` is a site of the program; errors call the samples or the guide `source`. One
 * site is enough, since the samples or the guide may belong to a larger model. But refuse misspelt names, and names that `reparam` has made
 * from a latent of the program, since this latent would be drawn from its prior. A name counts as misspelt if it is not in the program, but
 * resembles a latent without samples. Names that differ from this latent only in digits, such as z_1 and z_2, may belong to a larger model.
 */
export function requireSampleNames(run: Trace, names: readonly string[], source: string): void {
  const [first] = names;
  const refuseName = (name: string, why: string): never => refuse("Predictive", "unknown-site", name, why);
  if (first !== undefined && !names.some((name) => run.has(name)))
    refuseName(
      first,
      `the program has none of the sites ${quoted(names)} of ${source}. It has ${quoted(run.keys())}.${didYouMean(first, run.keys())}`,
    );
  const drawn = [...sampleSites(run)]
    .filter(({ name, isObserved }) => !isObserved && !names.includes(name))
    .map(({ name }) => name);
  for (const name of names.filter((name) => !run.has(name))) {
    const origin = name.replace(REPARAM_ENDING, "");
    if (drawn.includes(origin))
      refuseName(
        name,
        `the program has no site "${name}" of ${source}, and would draw "${origin}" from its prior. Run the program that reparam returned.`,
      );
    const hint = didYouMean(
      name,
      drawn.filter((site) => withoutDigits(site) !== withoutDigits(name)),
    );
    if (hint !== "")
      refuseName(name, `the program has no site "${name}" of ${source}. It has ${quoted(run.keys())}.${hint}`);
  }
}

/** Refuse a run with a latent that has no value in `values`. */
export function requireLatents(op: string, run: Trace, values: Record<string, unknown>): void {
  for (const site of sampleSites(run)) {
    if (site.isObserved || Object.hasOwn(values, site.name)) continue;
    const names = Object.keys(values);
    refuse(
      op,
      "no-value",
      site.name,
      `latent site "${site.name}" has no value. The given values are ${quoted(names)}.${didYouMean(
        site.name,
        names.filter((name) => !run.has(name)),
      )} Give every latent of the model a value.`,
    );
  }
}

/** Refuse draws whose first `batchNdims` axes, which number the draws, have different sizes. */
export function requireDraws(op: string, samples: Record<string, Tensor>, batchNdims: number): void {
  const [first, ...others] = Object.entries(samples);
  if (first !== undefined && first[1].shape.length < batchNdims)
    refuse(
      op,
      "shape-mismatch",
      first[0],
      `"${first[0]}" has shape ${showShape(first[1].shape)}, which is fewer axes than batchNdims ${batchNdims}. Give the draws leading axes, or set batchNdims.`,
    );
  for (const [name, x] of others) {
    const [firstName, y] = first as [string, Tensor];
    if (sameShape(x.shape.slice(0, batchNdims), y.shape.slice(0, batchNdims))) continue;
    refuse(
      op,
      "shape-mismatch",
      name,
      `"${name}" has shape ${showShape(x.shape)}, "${firstName}" has ${showShape(y.shape)}. Their first ${batchNdims === 1 ? "axis, which numbers" : `${batchNdims} axes, which number`} the draws, must be equal.`,
    );
  }
}
