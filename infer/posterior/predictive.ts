/**
 * Predictive: a program run once for every draw. Draws come from a guide and its parameters, from given posterior samples, or
 * from the prior; what the program then samples (data passed as null included) and computes is collected, stacked.
 */
import {
  emptyRecord,
  mapTree,
  PedigradError,
  random,
  type Tensor,
  type TensorLike,
  type Tree,
  tensor,
  vmap,
} from "../../autodiff/index.js";
import { mergeRecords } from "../../provenance/base/records.js";
import { inFreshRun } from "../../provenance/index.js";
import { quoted, refuseOption, requireCount, requireKey, requireOptions, requireProgram } from "../checks.js";
import { stackTrees } from "../elbo/particles/particles.js";
import { sampleDiscrete } from "../enumeration/inferDiscrete.js";
import { condition, substitute } from "../program/handlers.js";
import type { Model } from "../program/messages.js";
import { isFactor, type Trace } from "../program/trace.js";
import { runWith } from "./logDensity.js";
import { requireDraws, requireUse, requiring } from "./predictiveChecks.js";

export interface PredictiveOptions {
  /** Values of latent sites by name, with `batchNdims` leading axes. */
  posteriorSamples?: Record<string, TensorLike>;
  /** Where latents are drawn from instead. */
  guide?: Model;
  /** Constrained parameters of model and guide, by name. */
  params?: Record<string, TensorLike>;
  /** How many draws, where posteriorSamples does not say. */
  numSamples?: number;
  /** What to return; by default every sample and deterministic site that is not among the posterior samples. */
  returnSites?: readonly string[];
  /** All draws in one batch (default); false runs them one by one. */
  parallel?: boolean;
  /** How many leading axes the posterior samples have; 1 by default, 2 for chains of draws, 0 for a single one. */
  batchNdims?: number;
  /** Leave out what `deterministic` computed. */
  excludeDeterministic?: boolean;
  /** Draw enumerated sites of the model from their posterior given the rest. */
  inferDiscrete?: boolean;
}
const OPTIONS = [
  "posteriorSamples",
  "guide",
  "params",
  "numSamples",
  "returnSites",
  "parallel",
  "batchNdims",
  "excludeDeterministic",
  "inferDiscrete",
];

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
      refuseOption("Predictive", "guide", "give posteriorSamples or a guide, not both.");
    if (posteriorSamples === undefined) requireCount("Predictive", "numSamples", numSamples);
  }

  /** The collected sites by name, each with the draws' axes in front; NaN in draws that did not come to the site. */
  run(key: Tensor, ...args: unknown[]): Record<string, Tensor> {
    requireKey("predictive.run", key);
    const { posteriorSamples = {}, batchNdims = 1, numSamples = 1, parallel = true } = this.options;
    const given = mapTree(posteriorSamples, (x) => tensor(x as TensorLike)) as Record<string, Tensor>;
    const [first] = Object.values(given);
    const batch = first === undefined ? [numSamples] : first.shape.slice(0, batchNdims);
    requireDraws(given, batchNdims);
    const count = batch.reduce((a, b) => a * b, 1);
    const flat = mapTree(given, (x) =>
      (x as Tensor).reshape([count, ...(x as Tensor).shape.slice(batchNdims)]),
    ) as Record<string, Tensor>;
    const keys = random.split(key, count);
    const one = (k: Tensor, samples: Record<string, Tensor>): Record<string, Tensor> =>
      inFreshRun(() => this.#one(k, samples, args));
    const stacked = parallel ? this.#batched(one, keys, flat) : this.#looped(one, keys, flat);
    return mapTree(stacked, (x) => (x as Tensor).reshape([...batch, ...(x as Tensor).shape.slice(1)]));
  }

  #batched(
    one: (key: Tensor, samples: Record<string, Tensor>) => Record<string, Tensor>,
    keys: Tensor,
    samples: Record<string, Tensor>,
  ): Tree {
    try {
      return vmap(one)(keys, samples);
    } catch (error) {
      if (!(error instanceof PedigradError && error.code === "read-in-vmap")) throw error;
      return this.#looped(one, keys, samples);
    }
  }

  #looped(
    one: (key: Tensor, samples: Record<string, Tensor>) => Record<string, Tensor>,
    keys: Tensor,
    samples: Record<string, Tensor>,
  ): Tree {
    return stackTrees(
      [...keys].map((k, i) =>
        one(
          k,
          mapTree(samples, (x) => (x as Tensor).at(i)),
        ),
      ),
      Number.NaN,
    );
  }

  #one(key: Tensor, samples: Record<string, Tensor>, args: readonly unknown[]): Record<string, Tensor> {
    const { guide, params = {}, returnSites, excludeDeterministic, inferDiscrete } = this.options;
    const checks = guide === undefined ? {} : requiring(params);
    const latents: Record<string, TensorLike> =
      guide === undefined ? samples : latentsOf(runWith(guide, random.foldIn(key, 0), params, args, checks));
    const known = mergeRecords(params, latents);
    const discrete = inferDiscrete ? this.#discrete(key, latents, args) : {};
    const ran = runWith(this.model, random.foldIn(key, 1), mergeRecords(known, discrete), args, checks);
    requireUse(ran, samples);
    const collected: Record<string, Tensor> = emptyRecord();
    for (const [name, site] of ran) {
      const isWanted = returnSites
        ? returnSites.includes(name)
        : (site.type === "sample" && !Object.hasOwn(latents, name) && !isFactor(site)) ||
          (site.type === "deterministic" && !excludeDeterministic);
      if (isWanted) collected[name] = site.value;
    }
    for (const name of returnSites ?? [])
      if (collected[name] === undefined)
        throw new PedigradError({
          code: "unknown-site",
          op: "Predictive",
          site: name,
          message: `Predictive: the program has no site "${name}"; it has ${quoted(ran.keys())}.`,
        });
    return collected;
  }

  /** A posterior draw of the enumerated sites, given the other latents and the parameters. */
  #discrete(key: Tensor, latents: Record<string, TensorLike>, args: readonly unknown[]): Record<string, Tensor> {
    const given = condition(substitute(this.model, this.options.params ?? {}), latents);
    return sampleDiscrete(random.foldIn(key, 2), {}, given, () => {}, {}, ...args);
  }
}

const latentsOf = (run: Trace): Record<string, Tensor> => {
  const latents: Record<string, Tensor> = emptyRecord();
  for (const site of run.values()) if (site.type === "sample" && !site.isObserved) latents[site.name] = site.value;
  return latents;
};
