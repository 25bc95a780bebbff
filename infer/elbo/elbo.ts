/**
 * The base of all estimators: the options, the runs of the particles, and how a loss is made of them. An estimator says what
 * one particle returns and how the results of all are combined; averaging, baselines and log-mean-exp happen there, outside
 * the particle.
 */
import {
  emptyRecord,
  mapTree,
  PedigradError,
  random,
  type Tensor,
  type Tree,
  tensor,
  valueAndGrad,
} from "../../autodiff/index.js";
import { withValidation } from "../../distributions/index.js";
import { type Kind, kinds, refuseOption, requireCount, requireOptions, requireTask } from "../checks.js";
import type { Handler, Model } from "../program/messages.js";
import { sharedPlates } from "../program/subsamples.js";
import { requireOutside, type SampleSite, sampleSites } from "../program/trace.js";
import { costsOf, isScoreSite, type ScoreSite } from "./costs/costs.js";
import { checkLatentsCovered } from "./particles/match.js";
import type { Cost, Outcome, Pair, Task } from "./particles/pair.js";
import { particleKeys, runParticles, type Vectorize } from "./particles/particles.js";

export interface ElboOptions {
  /** How many particles the loss averages over; 1 by default. */
  numParticles?: number;
  /** Run them as one batch (default), as a loop, as a batch or not at all ("require"), or by a function (f, keys). */
  vectorizeParticles?: Vectorize;
  /** How many dims, from the right, are plates; found by a run when not given. */
  maxPlateNesting?: number;
  /** Whether TraceEnumELBO says so when it finds nothing to enumerate; true by default. */
  strictEnumerationWarning?: boolean;
  /** Accepted and without effect: graphs here are values, nothing frees them. */
  retainGraph?: boolean;
}
const OPTIONS = {
  numParticles: kinds.any,
  vectorizeParticles: kinds.any,
  maxPlateNesting: kinds.size,
  strictEnumerationWarning: kinds.flag,
  retainGraph: kinds.flag,
};

/** What all particles found. */
export interface Runs<S> {
  readonly results: Tree;
  readonly shared: readonly S[];
  readonly mutableState: Record<string, Tensor>;
}

export abstract class Elbo<P extends Pair = Pair> {
  /** Its name in errors. */
  abstract readonly name: string;
  /** Whether discrete latents that are not enumerated are allowed. */
  readonly canInferDiscrete: boolean = true;
  /** Whether a site may ask for its KL term in closed form. */
  readonly hasClosedForms: boolean = false;
  /** Whether it subtracts the baselines that sites ask for. */
  readonly hasBaselines: boolean = false;
  /** Whether sites may ask for antithetic pairs (gradient: "disarm"). */
  readonly hasPairs: boolean = false;
  readonly numParticles: number;
  readonly vectorizeParticles: Vectorize;
  readonly maxPlateNesting: number | undefined;
  readonly strictEnumerationWarning: boolean;

  constructor(options: ElboOptions = {}, own: Readonly<Record<string, Kind>> = {}, defaultParticles = 1) {
    const { name } = new.target;
    requireOptions(name, options, { ...OPTIONS, ...own });
    const refuse = (param: keyof ElboOptions, expected: string): never =>
      refuseOption(name, param, `${param} must be ${expected}, got ${options[param]}.`);
    this.numParticles = options.numParticles ?? defaultParticles;
    requireCount(name, "numParticles", this.numParticles);
    this.vectorizeParticles = options.vectorizeParticles ?? true;
    if (!(typeof this.vectorizeParticles === "function" || [true, false, "require"].includes(this.vectorizeParticles)))
      refuse("vectorizeParticles", 'true, false, "require" or a function');
    this.maxPlateNesting = options.maxPlateNesting;
    this.strictEnumerationWarning = options.strictEnumerationWarning ?? true;
  }

  /** Those of these score sites, by name, that pay for a cost. */
  abstract payers(c: Cost, sites: ReadonlyMap<string, ScoreSite>): Iterable<ScoreSite>;
  /** The loss of a task, with this estimator's gradient. */
  protected abstract estimate(task: Task): Outcome;

  /** One particle: guide and model, and whatever else this estimator runs under the same choices. */
  protected abstract runParticle(key: Tensor, task: Task, plates: Handler): P;
  /** The terms of the ELBO that a particle gives. */
  abstract costs(particle: P): Cost[];

  /** The terms of the two traces, where each is a sampled log density. */
  protected sampledCosts(pair: Pair): Cost[] {
    for (const site of sampleSites(pair.guide)) refuseMisplaced(this, site);
    for (const site of sampleSites(pair.model)) refuseMisplaced(this, site, false);
    checkLatentsCovered(pair.guide, pair.model);
    return costsOf(pair.guide, pair.model);
  }

  /** The traces of one particle. */
  traces(task: Task): P {
    return this.runParticle(task.key, task, sharedPlates(task.key));
  }

  /**
   * What `look` finds in every particle: its tensors stacked along a leading axis, what else it finds as a list (of one, where particles
   * run as a batch), and what the first particle left for the next step.
   */
  protected runs<S>(task: Task, look: (particle: P) => readonly [tensors: Tree, shared: S]): Runs<S> {
    const plates = sharedPlates(random.foldIn(task.key, 0));
    const shared: S[] = [];
    const one = (key: Tensor): Tree => {
      const particle = this.runParticle(key, task, plates);
      for (const site of sampleSites(particle.guide)) refuseGradient(this, site);
      for (const site of sampleSites(particle.model)) refuseGradient(this, site, false);
      const [result, own] = look(particle);
      shared.push(own);
      return { result, mutable: mutableOf(particle) };
    };
    const stacked = runParticles(random.foldIn(task.key, 1), this.numParticles, this.vectorizeParticles, one);
    const mutableState = mapTree(stacked.mutable, (leaf) => (leaf as Tensor).slice(0, 1).squeeze(0));
    return { results: stacked.result, shared, mutableState };
  }

  /**
   * The loss (minus the ELBO), a scalar whose gradient is this estimator's. `params` holds constrained parameters, and
   * mutable state, by name.
   */
  loss(key: Tensor, params: Record<string, Tensor>, model: Model, guide: Model, ...args: unknown[]): Tensor {
    requireTask(`${this.name}.loss`, key, params, model, guide);
    return this.lossWithMutableState(key, params, model, guide, ...args).loss;
  }

  /** The loss together with what the run leaves for the next step, and its named parts where the estimator has several. */
  lossWithMutableState(
    key: Tensor,
    params: Record<string, Tensor>,
    model: Model,
    guide: Model,
    ...args: unknown[]
  ): Outcome {
    requireOutside(`${this.name}.loss`);
    requireTask(`${this.name}.lossWithMutableState`, key, params, model, guide);
    return this.estimate({ key, values: params, model, guide, args });
  }

  /** `[loss, gradients for params]`. */
  lossAndGrads(
    key: Tensor,
    params: Record<string, Tensor>,
    model: Model,
    guide: Model,
    ...args: unknown[]
  ): [Tensor, Record<string, Tensor>] {
    requireTask(`${this.name}.lossAndGrads`, key, params, model, guide);
    return valueAndGrad((p: Record<string, Tensor>) => this.loss(key, p, model, guide, ...args))(params);
  }

  /** The loss by site, averaged over particles; for estimators linear in the costs its sum is the loss. */
  perSite(
    key: Tensor,
    params: Record<string, Tensor>,
    model: Model,
    guide: Model,
    ...args: unknown[]
  ): Record<string, Tensor> {
    requireOutside(`${this.name}.perSite`);
    requireTask(`${this.name}.perSite`, key, params, model, guide);
    const { results } = this.runs({ key, values: params, model, guide, args }, (particle) => {
      const sites: Record<string, Tensor> = emptyRecord();
      for (const { site, value } of this.costs(particle)) sites[site] = (sites[site] ?? tensor(0)).sub(value.sum());
      return [sites, null];
    });
    return mapTree(results, (leaf) => (leaf as Tensor).mean(0));
  }

  /** The sites whose cost is not finite in this loss, with their values: what an error should name. */
  unsoundSites(task: Task): Map<string, Tensor> {
    const plates = sharedPlates(random.foldIn(task.key, 0));
    const found = new Map<string, Tensor>();
    for (const key of particleKeys(random.foldIn(task.key, 1), this.numParticles)) {
      const particle = withValidation(false, () => this.runParticle(key, task, plates));
      for (const { site, side, value } of withValidation(false, () => this.costs(particle)))
        if (!value.toFloat64Array().every(Number.isFinite) && !found.has(site))
          found.set(site, (particle[side].get(site) as SampleSite).value);
    }
    return found;
  }
}

/** The final values of what guide and model may change, by name. */
function mutableOf({ guide, model }: Pair): Record<string, Tensor> {
  const values: Record<string, Tensor> = emptyRecord();
  for (const site of [...guide.values(), ...model.values()])
    if (site.type === "mutable") values[site.name] = site.value;
  return values;
}

/** Refuse options that a site cannot have here. */
function refuseMisplaced(elbo: Pick<Elbo, "name" | "hasClosedForms">, site: SampleSite, inGuide = true): void {
  const { name: estimator, hasClosedForms } = elbo;
  const { enumerate, baseline, kl } = site.infer;
  if (kl !== undefined && !hasClosedForms)
    throw new PedigradError({
      code: "bad-option",
      site: site.name,
      param: "kl",
      message: `site "${site.name}" asks for kl: "analytic", but ${estimator} weighs samples and has no KL term. Remove infer.kl, or use TraceELBO.`,
    });
  if (enumerate != null)
    throw new PedigradError({
      code: "enumeration",
      site: site.name,
      message: `site "${site.name}" asks for enumeration but the loss is ${estimator}; use TraceEnumELBO, or remove infer.enumerate.`,
    });
  if (baseline !== undefined && !(inGuide && isScoreSite(site)))
    throw new PedigradError({
      code: "baseline",
      site: site.name,
      param: "baseline",
      message: inGuide
        ? `sample site "${site.name}" has a baseline but takes no score term: its distribution is reparameterised or observed. Remove the baseline, or use .nonreparameterized().`
        : `sample site "${site.name}" has a baseline in the model. Baselines belong to the guide's sample statement.`,
    });
}

/** Refuse a way to take a gradient that a site cannot have here. */
function refuseGradient(elbo: Elbo, { name, infer }: SampleSite, inGuide = true): void {
  const { gradient, baseline } = infer;
  if (gradient === undefined) return;
  const refuse = (why: string): never => {
    throw new PedigradError({
      code: "bad-option",
      site: name,
      param: "gradient",
      message: `sample site "${name}": ${why}`,
    });
  };
  if (!inGuide) refuse("it asks for a gradient in the model. That belongs to the guide's sample statement.");
  if (gradient !== "disarm") return;
  if (!elbo.hasPairs)
    refuse(
      `gradient: "disarm" needs TraceELBO or TraceGraphELBO of order 1, but the loss is ${elbo.name}. Take gradient: "score".`,
    );
  if (baseline !== undefined)
    refuse(
      'gradient: "disarm" is the difference of two costs, from which a baseline takes nothing. Remove the baseline.',
    );
}
