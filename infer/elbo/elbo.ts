/**
 * The base of all estimators: the options, the runs of the particles, and how a loss is made of them. An estimator says what
 * one particle returns and how the results of all are combined; averaging, baselines and log-mean-exp happen there, outside
 * the particle.
 */
import { emptyRecord, mapTree, random, type Tensor, tensor, valueAndGrad } from "../../autodiff/index.js";
import { withValidation } from "../../distributions/index.js";
import * as kinds from "../../provenance/base/kinds.js";
import { type Kind, refuseOption, requireCount, requireOptions, requireTask } from "../checks.js";
import { type Model, withHandler } from "../program/messages.js";
import { sharedPlates } from "../program/subsamples.js";
import { requireOutside, type SampleSite } from "../program/trace.js";
import type { ScoreSite } from "./costs/costs.js";
import type { Cost, Outcome, Pair, Task } from "./particles/pair.js";
import { inEveryParticle, particleKeys, type Vectorize } from "./particles/particles.js";
import type { Estimator } from "./particles/siteOptions.js";

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

export abstract class Elbo<P extends Pair = Pair> implements Estimator {
  /** Its name in errors. The library's own estimators spell it out, since minifiers rename classes. */
  get name(): string {
    return this.constructor.name;
  }
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
    const { name } = this;
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
  /** The loss of a task, with this estimator's gradient, and what it leaves for the next step. */
  abstract estimate(task: Task): Outcome;

  /** One particle: guide and model, and whatever else this estimator runs under the same choices. */
  abstract runParticle(key: Tensor, task: Task): P;
  /** The terms of the ELBO that a particle gives. */
  abstract costs(particle: P): Cost[];

  /** The traces of one particle. */
  traces(task: Task): P {
    const plates = sharedPlates(() => task.key);
    return withHandler(plates, () => this.runParticle(task.key, task));
  }

  /**
   * The loss (minus the ELBO), a scalar whose gradient is this estimator's. `params` holds constrained parameters, and
   * mutable state, by name.
   */
  loss(key: Tensor, params: Record<string, Tensor>, model: Model, guide: Model, ...args: unknown[]): Tensor {
    requireTask(`${this.name}.loss`, key, params, model, guide);
    return this.lossWithMutableState(key, params, model, guide, ...args).loss;
  }

  /**
   * The loss together with what the run leaves for the next step, and its named parts where the estimator has several. Averages of
   * baselines start at 0; `estimate` goes on from those of the step before.
   */
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
    const { results } = inEveryParticle<P, null>(this, { key, values: params, model, guide, args }, (particle) => {
      const sites: Record<string, Tensor> = emptyRecord();
      for (const { site, value } of this.costs(particle)) sites[site] = (sites[site] ?? tensor(0)).sub(value.sum());
      return [sites, null];
    });
    return mapTree(results, (leaf) => (leaf as Tensor).mean(0));
  }

  /** The sites whose cost is not finite in this loss, with their values: what an error should name. */
  unsoundSites(task: Task): Map<string, Tensor> {
    const plates = sharedPlates(() => random.foldIn(task.key, 0));
    const found = new Map<string, Tensor>();
    const look = (key: Tensor): void => {
      const particle = this.runParticle(key, task);
      for (const { site, side, value } of this.costs(particle))
        if (!value.toFloat64Array().every(Number.isFinite) && !found.has(site))
          found.set(site, (particle[side].get(site) as SampleSite).value);
    };
    const keys = particleKeys(random.foldIn(task.key, 1), this.numParticles);
    withValidation(false, () => withHandler(plates, () => keys.forEach(look)));
    return found;
  }
}
