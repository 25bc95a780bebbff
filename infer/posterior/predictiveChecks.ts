/** Checks of Predictive, logDensity and logLikelihood. They refuse values that are missing, unused, or of the wrong shape or number. */
import { sameShape, showShape } from "../../autodiff/core/shape.js";
import { PedigradError, type Tensor } from "../../autodiff/index.js";
import { didYouMean, quoted } from "../checks.js";
import type { Handler } from "../program/messages.js";
import { sampleSites, type Trace } from "../program/trace.js";

/** A handler that refuses a param without a value in `params`, since its initial value would be used without notice. */
export const requireParamsHandler = (op: string, params: Record<string, unknown>): Handler => ({
  process: {
    param(message) {
      if (message.value === null) throw missingParamError(op, message.name, params);
    },
  },
});

const missingParamError = (op: string, name: string, params: Record<string, unknown>): PedigradError => {
  const edit =
    op === "Predictive" ? "{ guide, params: result.params, numSamples }" : "substitute(model, result.params)";
  return new PedigradError({
    code: "no-value",
    op,
    param: name,
    message: `${op}: param "${name}" has no value. The given values are ${quoted(Object.keys(params))}.${didYouMean(name, Object.keys(params))} Give the params of the fit: ${edit}.`,
  });
};

/** Refuse `params` if the program uses one of them nowhere and has a param without a value: a name is probably misspelt. */
export function requireParams(run: Trace, params: Record<string, unknown>): void {
  const unused = Object.keys(params).some((name) => !run.has(name));
  if (!unused) return;
  for (const { type, name } of run.values())
    if (type === "param" && !Object.hasOwn(params, name)) throw missingParamError("Predictive", name, params);
}

/** A handler that refuses values of latents that do not broadcast to their sites' shapes. */
export const requireShapesHandler = (op: string, values: Record<string, unknown>): Handler => ({
  process: {
    sample(message) {
      if (message.isObserved || message.value === null) return;
      const { name, fn, value } = message;
      const [actual, expected] = [value.shape, fn.shape()];
      const fits =
        actual.length <= expected.length &&
        actual.every((n, i) => n === 1 || n === expected[expected.length - actual.length + i]);
      if (fits || !Object.hasOwn(values, name)) return;
      throw new PedigradError({
        code: "shape-mismatch",
        op,
        site: name,
        message: `${op}: the value given for site "${name}" has shape ${showShape(actual)} in each draw, but the site has shape ${showShape(expected)}. Run the program with arguments of the size that the draws were made with, or leave "${name}" out to draw it anew.`,
      });
    },
  },
});

/** Refuse enumerated latents without values. A sum over their values would give one joint likelihood for all observed sites. */
export function requireDiscrete(op: string, run: Trace, values: Record<string, unknown>): void {
  for (const { name, infer, isObserved } of sampleSites(run)) {
    if (isObserved || infer.enumerate == null || Object.hasOwn(values, name)) continue;
    throw new PedigradError({
      code: "enumeration",
      op,
      site: name,
      message: `${op}: site "${name}" is enumerated, so the sites that depend on it have only a joint likelihood, summed over its values. Draw "${name}" first (new Predictive(model, { posteriorSamples, inferDiscrete: true })), or write the sum into the model as a MixtureSameFamily.`,
    });
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
      throw new PedigradError({
        code: "plate-subsample",
        op: "Predictive",
        site: name,
        message: `Predictive: posteriorSamples "${name}" has ${subsampleSize} of the ${size} elements of plate "${plate}", but not the indices of these elements. Give all ${size}, as samplePosterior does, or add the indices to posteriorSamples as "${plate}".`,
      });
    }
  }
}

/** Refuse posterior samples if none of their names is a site of the program. One is enough: the samples may be those of a larger model. */
export function requireUsedSamples(run: Trace, samples: Record<string, unknown>): void {
  const [first, ...others] = Object.keys(samples);
  if (first === undefined || [first, ...others].some((name) => run.has(name))) return;
  throw new PedigradError({
    code: "unknown-site",
    op: "Predictive",
    site: first,
    message: `Predictive: the program has none of the sites ${quoted([first, ...others])} of posteriorSamples. It has ${quoted(run.keys())}.${didYouMean(first, run.keys())}`,
  });
}

/** Refuse draws of a site that `reparam` computes from a latent without draws, since this latent would be drawn from its prior. */
export function requireReparamDraws(run: Trace, samples: Record<string, unknown>): void {
  for (const { name, isObserved } of sampleSites(run)) {
    if (isObserved || Object.hasOwn(samples, name)) continue;
    const computed = Object.keys(samples).find((x) => run.get(x)?.type === "deterministic" && name.startsWith(`${x}_`));
    if (computed === undefined) continue;
    throw new PedigradError({
      code: "no-value",
      op: "Predictive",
      site: name,
      message: `Predictive: posteriorSamples has "${computed}", but the program computes "${computed}" from "${name}", which has no draws. Give the draws of "${name}", or run the program without reparam.`,
    });
  }
}

/** Refuse a run with a latent that has no value in `values`. */
export function requireLatents(op: string, run: Trace, values: Record<string, unknown>): void {
  for (const site of sampleSites(run)) {
    if (site.isObserved || Object.hasOwn(values, site.name)) continue;
    const names = Object.keys(values);
    throw new PedigradError({
      code: "no-value",
      op,
      site: site.name,
      message: `${op}: latent site "${site.name}" has no value. The given values are ${quoted(names)}.${didYouMean(
        site.name,
        names.filter((name) => !run.has(name)),
      )} Give every latent of the model a value.`,
    });
  }
}

/** Refuse draws whose first `batchNdims` axes, which number the draws, have different sizes. */
export function requireDraws(op: string, samples: Record<string, Tensor>, batchNdims: number): void {
  const [first, ...others] = Object.entries(samples);
  if (first !== undefined && first[1].shape.length < batchNdims)
    throw new PedigradError({
      code: "shape-mismatch",
      op,
      site: first[0],
      message: `${op}: "${first[0]}" has shape ${showShape(first[1].shape)}, which is fewer axes than batchNdims ${batchNdims}. Give the draws leading axes, or set batchNdims.`,
    });
  for (const [name, x] of others) {
    const [firstName, y] = first as [string, Tensor];
    if (sameShape(x.shape.slice(0, batchNdims), y.shape.slice(0, batchNdims))) continue;
    throw new PedigradError({
      code: "shape-mismatch",
      op,
      site: name,
      message: `${op}: "${name}" has shape ${showShape(x.shape)}, "${firstName}" has ${showShape(y.shape)}. Their first ${batchNdims === 1 ? "axis, which numbers" : `${batchNdims} axes, which number`} the draws, must be equal.`,
    });
  }
}
