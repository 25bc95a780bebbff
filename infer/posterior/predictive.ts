/**
 * Predictive runs a program once for every draw of the latents. The draws come from a guide and its parameters, from given
 * posterior samples, or from the prior. The results are the values of the other sites of the program, stacked over the
 * draws. Observed sites whose data are null are sampled, too.
 */
import { sizeOf } from "../../autodiff/core/shape.js";
import { emptyRecord, mapTree, type Tensor, type TensorLike } from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import * as kinds from "../../provenance/base/kinds.js";
import { mergeRecords } from "../../provenance/base/records.js";
import { inFreshRun } from "../../provenance/index.js";
import { refuseOption, requireCount, requireKey, requireOptions, requireProgram, unknownName } from "../checks.js";
import { checkPlatesOfLatents } from "../elbo/particles/match.js";
import { refuseParamName } from "../elbo/particles/particles.js";
import { discreteDraw } from "../enumeration/inferDiscrete.js";
import { type Handler, type Model, outsideHandlers, withHandlers } from "../program/messages.js";
import { givenPlatesHandler, sharedPlatesHandler, visitedValuesHandler } from "../program/subsamples.js";
import { isFactor, type Site, sampleSites, type Trace } from "../program/trace.js";
import { requireParamsHandler } from "../program/traceChecks.js";
import { substituteHandler } from "../program/values.js";
import { inEachDraw } from "./inEachDraw.js";
import { asTensors, runWith } from "./logDensity.js";
import { requireDraws, requireElements, requireSampleNames, requireShapesHandler } from "./predictiveChecks.js";

export interface PredictiveOptions {
  /** Draws of latent sites by name, with `batchNdims` leading axes. */
  posteriorSamples?: Record<string, TensorLike> | undefined;
  /** A guide that draws the latents, in place of posteriorSamples. */
  guide?: Model | undefined;
  /** Constrained parameters of model and guide, by name. */
  params?: Record<string, TensorLike> | undefined;
  /** The number of draws; required if posteriorSamples is missing or empty. */
  numSamples?: number | undefined;
  /** The sites to return; by default every sample and deterministic site that is not among the posterior samples. */
  returnSites?: readonly string[] | undefined;
  /** Whether to run all draws as one batch (true, the default) or one by one. */
  parallel?: boolean | undefined;
  /**
   * The number of leading axes of the posterior samples: 1 by default, 2 for [chains, draws], 0 for a single draw. With a guide, or draws of
   * the prior, 2 makes results of shape [1, numSamples, ...site].
   */
  batchNdims?: number | undefined;
  /** Leave out `deterministic` sites. */
  excludeDeterministic?: boolean | undefined;
  /** Draw the enumerated sites of the model from their posterior given the other latents. */
  inferDiscrete?: boolean | undefined;
}
const OPTIONS = {
  posteriorSamples: kinds.record,
  guide: kinds.any,
  params: kinds.record,
  numSamples: kinds.any,
  returnSites: kinds.names,
  parallel: kinds.flag,
  batchNdims: kinds.size,
  excludeDeterministic: kinds.flag,
  inferDiscrete: kinds.flag,
};

type Values = Record<string, Tensor>;

/**
 * Draws from the posterior predictive or prior predictive distribution of a model.
 *
 * @example
 * const model = () => sample("x", new Normal(sample("z", new Normal(0, 1)), 1));
 * new Predictive(model, { numSamples: 100 }).run(random.key(0)).x.shape // [100]
 */
export class Predictive {
  constructor(
    readonly model: Model,
    readonly options: PredictiveOptions,
  ) {
    requireProgram("Predictive", "model", model);
    requireOptions("Predictive", options, OPTIONS);
    const { posteriorSamples, guide, numSamples } = options;
    if (guide !== undefined) requireProgram("Predictive", "guide", guide);
    if (posteriorSamples !== undefined && guide !== undefined)
      refuseOption("Predictive", "guide", "got both posteriorSamples and a guide. Give only one of them.");
    if (Object.keys(posteriorSamples ?? {}).length === 0 || numSamples !== undefined)
      requireCount("Predictive", "numSamples", numSamples);
  }

  /**
   * The values of sites by name, with leading axes for the draws, and NaN in draws that did not reach the site. A
   * subsampled plate has an entry with the indices of the elements that it visited, which are the same in every draw.
   */
  run(key: Tensor, ...args: unknown[]): Record<string, Tensor> {
    requireKey("predictive.run", key);
    const { posteriorSamples = {}, batchNdims = 1, numSamples = 1, parallel = true } = this.options;
    const allSamples = asTensors(posteriorSamples);
    const [first] = Object.values(allSamples);
    const batch = first?.shape.slice(0, batchNdims) ?? [...Array.from({ length: batchNdims - 1 }, () => 1), numSamples];
    requireDraws("Predictive", allSamples, batchNdims);
    const count = sizeOf(batch);
    if (this.options.numSamples !== undefined && numSamples !== count)
      refuseOption(
        "Predictive",
        "numSamples",
        `numSamples is ${numSamples}, but posteriorSamples has ${count} draws. Leave numSamples out.`,
      );
    /** The samples with their first `axes` axes replaced by axes of these sizes. */
    const withBatch = (samples: Values, axes: number, sizes: readonly number[]): Values =>
      mapTree(samples, (x) => (x as Tensor).reshape([...sizes, ...(x as Tensor).shape.slice(axes)]));
    const flat = withBatch(allSamples, batchNdims, [count]);
    // All draws visit the same elements of a subsampled plate.
    const plateKey = random.foldIn(key, count);
    const runOne = (k: Tensor, sample: Values) => inFreshRun(() => this.#runDraw(k, plateKey, sample, flat, args));
    return withBatch(inEachDraw(runOne, random.split(key, count), flat, parallel), 1, batch);
  }

  /** The results of one draw. `samples` holds the posterior samples of this draw, and `allSamples` the samples of all draws. */
  #runDraw(key: Tensor, plateKey: Tensor, samples: Values, allSamples: Values, args: readonly unknown[]): Values {
    const { guide, params = {}, inferDiscrete } = this.options;
    const handlers = [
      sharedPlatesHandler(() => plateKey),
      givenPlatesHandler(samples, allSamples),
      ...(guide ? [visitedValuesHandler] : []),
      ...(guide || this.options.params || Object.keys(samples).length > 0
        ? [requireParamsHandler("Predictive", params, "{ params: result.params }")]
        : []),
    ];
    const guideTrace = guide && runWith("Predictive", guide, random.foldIn(key, 0), params, args, ...handlers);
    const latents = guideTrace ? latentsOf(guideTrace) : samples;
    const modelTrace = runWith(
      "Predictive",
      this.model,
      random.foldIn(key, 1),
      mergeRecords(params, latents),
      args,
      ...handlers,
      ...(inferDiscrete ? [this.#discreteHandler(key, latents, args, handlers)] : []),
      { process: { sample: (message) => refuseParamName(message, params) } },
      requireShapesHandler("Predictive", latents),
    );
    if (guideTrace) checkGuide(guideTrace, modelTrace);
    else {
      requireSampleNames(modelTrace, Object.keys(samples), "posteriorSamples");
      requireElements(modelTrace, samples);
    }
    return this.#resultsOf(modelTrace, latents);
  }

  /** The values to return from a run of the model: the values of the wanted sites, and the indices of subsampled plates. */
  #resultsOf(run: Trace, latents: Values): Values {
    const { returnSites, excludeDeterministic } = this.options;
    const isWantedByDefault = (site: Site): boolean =>
      site.type === "sample"
        ? !Object.hasOwn(latents, site.name) && !isFactor(site)
        : site.type === "deterministic" && !excludeDeterministic;
    const results: Values = emptyRecord();
    for (const [name, site] of run) {
      const isWanted = returnSites ? returnSites.includes(name) : isWantedByDefault(site);
      if (isWanted || (site.type === "plate" && !site.isWhole)) results[name] = site.value;
    }
    for (const name of returnSites ?? [])
      if (results[name] === undefined) throw unknownName("Predictive", "site", name, run.keys());
    return results;
  }

  /** A handler that gives the enumerated sites of the model a posterior draw, given the other latents and the parameters. */
  #discreteHandler(key: Tensor, latents: Values, args: readonly unknown[], handlers: readonly Handler[]): Handler {
    const observeHandler: Handler = {
      process: {
        sample(message) {
          if (message.value !== null && Object.hasOwn(latents, message.name)) message.isObserved = true;
        },
      },
    };
    const values = mergeRecords(this.options.params ?? {}, latents);
    const model: Model = (...rest) =>
      withHandlers([observeHandler, substituteHandler(values)], () => this.model(...rest));
    const task = { key: random.foldIn(key, 2), values: {}, model, guide: () => {}, args };
    const draws = outsideHandlers(() => discreteDraw("Predictive", task, {}, ...handlers));
    return {
      process: {
        sample(message) {
          if (!message.isObserved) message.value ??= draws[message.name] ?? null;
        },
      },
    };
  }
}

/** Refuse a guide whose latents do not fit the sites and plates of the model. */
function checkGuide(guide: Trace, model: Trace): void {
  const draws = [...sampleSites(guide)].filter(({ isObserved, infer }) => !isObserved && !infer.isAuxiliary);
  requireSampleNames(
    model,
    draws.map(({ name }) => name),
    "the guide",
  );
  checkPlatesOfLatents(guide, model);
}

const latentsOf = (run: Trace): Values => {
  const latents: Values = emptyRecord();
  for (const site of run.values()) if (site.type === "sample" && !site.isObserved) latents[site.name] = site.value;
  return latents;
};
