/** Log densities of a model at given values: of each observed site, and of all sites together. */
import { emptyRecord, type Tensor, type TensorLike, tensor, vmap } from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { mergeRecords } from "../../provenance/base/records.js";
import { inRun } from "../../provenance/index.js";
import { refuseOption } from "../checks.js";
import { sumOfAll } from "../elbo/costs/costs.js";
import { type Handler, type Model, outsideHandlers, withHandler } from "../program/messages.js";
import { givenPlatesHandler, withWholePlates } from "../program/subsamples.js";
import { sampleSites, type Trace, traceOf } from "../program/trace.js";
import { reportAsSite, requireParamsHandler } from "../program/traceChecks.js";
import { seed, substituteHandler } from "../program/values.js";
import { requireDraws, requireEnumeratedValues, requireLatents, requireShapesHandler } from "./predictiveChecks.js";

/** The values as tensors, by name. */
export const asTensors = (values: Record<string, TensorLike>): Record<string, Tensor> =>
  mergeRecords(...Object.entries(values).map(([name, x]) => ({ [name]: reportAsSite(name, () => tensor(x)) })));

/** Where a user gives the params of the fit, for error messages. */
const PARAMS_ADVICE = "substitute(model, result.params)";

/**
 * The trace of `f` with the given values of latents and params; other latents are drawn. Outer handlers and plates have no effect. `op`
 * names the caller in errors.
 */
export const runWith = (
  op: string,
  f: Model,
  key: Tensor,
  values: Record<string, TensorLike>,
  args: readonly unknown[],
  ...handlers: Handler[]
): Trace => {
  const program = () => withHandler(substituteHandler(values, { op }), () => seed(f, key)(...args));
  return outsideHandlers(() => inRun(() => traceOf(program, [], handlers)));
};

/**
 * log p of every observed site given each posterior sample, of shape [draws, ...batch], by name. All elements of subsampled plates are
 * visited, unless the program gives the elements, or posteriorSamples has their indices under the plate's name. If there are chains, reshape
 * the axes of chains and draws to one axis.
 */
export function logLikelihood(
  model: Model,
  posteriorSamples: Record<string, TensorLike>,
  ...args: unknown[]
): Record<string, Tensor> {
  const samples = asTensors(posteriorSamples);
  requireDraws("logLikelihood", samples, 1);
  if (Object.keys(samples).length === 0)
    refuseOption(
      "logLikelihood",
      "posteriorSamples",
      "posteriorSamples has no draws. Give it the draws of every latent.",
    );
  return vmap((sample: Record<string, Tensor>) => {
    const logs: Record<string, Tensor> = emptyRecord();
    const handlers = [
      givenPlatesHandler(sample, samples),
      requireShapesHandler("logLikelihood", sample),
      requireParamsHandler("logLikelihood", sample, PARAMS_ADVICE),
    ];
    const modelTrace = runWith("logLikelihood", withWholePlates(model), random.key(0), sample, args, ...handlers);
    requireEnumeratedValues(modelTrace, sample);
    requireLatents("logLikelihood", modelTrace, sample);
    for (const site of modelTrace.values())
      if (site.type === "sample" && site.isObserved) logs[site.name] = site.logProb();
    return logs;
  })(samples);
}

/** The sum of log p over all sites, scaled and masked, at the given values of latents and parameters; and the trace of the run. */
export function logDensity(
  model: Model,
  values: Record<string, TensorLike>,
  ...args: unknown[]
): { logDensity: Tensor; trace: Trace } {
  const handlers = [
    givenPlatesHandler(asTensors(values)),
    requireShapesHandler("logDensity", values),
    requireParamsHandler("logDensity", values, PARAMS_ADVICE),
  ];
  const modelTrace = runWith("logDensity", model, random.key(0), values, args, ...handlers);
  requireLatents("logDensity", modelTrace, values);
  const total = sumOfAll([...sampleSites(modelTrace)].map((site) => site.scaledLogProb()));
  return { logDensity: total, trace: modelTrace };
}
