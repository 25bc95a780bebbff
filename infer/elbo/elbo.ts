/**
 * The base class of all estimators: options, the loss, the gradient of the loss, and the part of each site in the loss. A subclass
 * defines what one particle computes (`runParticle`, `costs`), and how the loss is computed from all particles (`estimate`), for
 * example as an average or a log-mean-exp.
 */
import {
  emptyRecord,
  mapTree,
  PedigradError,
  type Tensor,
  type Tree,
  tensor,
  valueAndGrad,
} from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { withValidation } from "../../distributions/index.js";
import * as kinds from "../../provenance/base/kinds.js";
import { type Kind, refuseOption, requireCount, requireOptions, requireTask, unknownName } from "../checks.js";
import { everyType, type Message, type Model, withHandler } from "../program/messages.js";
import { sharedPlatesHandler } from "../program/subsamples.js";
import { isFactor, requireOutside, type SampleSite, type Trace } from "../program/trace.js";
import { addSiteToParameterError, requireDeclaredShape } from "../program/traceChecks.js";
import type { ScoreSite } from "./costs/costs.js";
import type { Cost, Outcome, Pair, Task } from "./particles/pair.js";
import { inEveryParticle, particleKeys, replayedRun, tracedRun, withSharedPlates } from "./particles/particles.js";
import type { Vectorize } from "./particles/severalParticles.js";
import type { Estimator } from "./particles/siteOptions.js";
import { supportsHandler } from "./particles/supports.js";

export interface ElboOptions {
  /** How many particles the loss averages over; 1 by default. */
  numParticles?: number | undefined;
  /** How particles run: as a batch if possible (true, the default), as a loop (false), only as a batch ("require"), or by a function (f, keys). */
  vectorizeParticles?: Vectorize | undefined;
  /**
   * The least number of dims, counted from the right, that TraceEnumELBO reserves for plates; 0 by default. If a first run of guide and
   * model shows that the plates need more dims, more are reserved.
   */
  maxPlateNesting?: number | undefined;
  /** Whether TraceEnumELBO warns when it finds nothing to enumerate; true by default. */
  strictEnumerationWarning?: boolean | undefined;
  /** Has no effect, and exists for compatibility with Pyro: graphs here are ordinary values, which nothing frees. */
  retainGraph?: boolean | undefined;
}
const OPTIONS: Readonly<Record<string, Kind>> = {
  numParticles: kinds.any,
  vectorizeParticles: [
    (x) => typeof x === "function" || x === "require" || typeof x === "boolean",
    'true, false, "require" or a function',
  ],
  maxPlateNesting: kinds.size,
  strictEnumerationWarning: kinds.flag,
  retainGraph: kinds.flag,
};

export abstract class Elbo<P extends Pair = Pair> implements Estimator {
  /** The name in errors. The library's own estimators override it by a literal string, since minifiers rename classes. */
  get name(): string {
    return this.constructor.name;
  }
  /** Whether a site may ask to be summed out (`enumerate`). */
  readonly hasEnumeration: boolean = false;
  /** Whether a site may ask for its KL term in closed form (`kl: "analytic"`). */
  readonly hasClosedForms: boolean = false;
  /** Whether the estimator subtracts the baselines that sites ask for (`baseline`). */
  readonly hasBaselines: boolean = false;
  /** Whether sites may ask for an antithetic run (gradient: "disarm"). */
  readonly hasAntitheticRuns: boolean = false;
  readonly numParticles: number;
  readonly vectorizeParticles: Vectorize;
  readonly maxPlateNesting: number | undefined;
  readonly strictEnumerationWarning: boolean;

  /** `moreOptions` lists the options of the subclass. `leastParticles` is the smallest and the default `numParticles`. */
  constructor(options: ElboOptions = {}, moreOptions: Readonly<Record<string, Kind>> = {}, leastParticles = 1) {
    const { name } = this;
    requireOptions(name, options, { ...OPTIONS, ...moreOptions });
    const { numParticles = leastParticles, vectorizeParticles = true, strictEnumerationWarning = true } = options;
    requireCount(name, "numParticles", numParticles);
    if (numParticles < leastParticles)
      refuseOption(name, "numParticles", `numParticles must be at least ${leastParticles}, got ${numParticles}.`);
    this.numParticles = numParticles;
    this.vectorizeParticles = vectorizeParticles;
    this.maxPlateNesting = options.maxPlateNesting;
    this.strictEnumerationWarning = strictEnumerationWarning;
  }

  /** The score sites that are charged with the cost `c` (charge.ts). `sites` holds all score sites by name. */
  abstract payers(c: Cost, sites: ReadonlyMap<string, ScoreSite>): Iterable<ScoreSite>;
  /** The loss of a task, with this estimator's gradient, and the state for the next step. */
  abstract estimate(task: Task): Outcome;

  /** Run one particle: the guide, the model, and any further runs that this estimator needs, with the same draws. */
  abstract runParticle(key: Tensor, task: Task): P;
  /** The terms of the ELBO from one particle. */
  abstract costs(particle: P): Cost[];

  /** The guide's trace with the draws for one run of the model: if the guide draws several samples at once, the first of them. */
  drawsForModel(guide: Trace): Trace {
    return guide;
  }

  /** The traces of one particle, in which guide and model visit the same elements of each plate. */
  traces(task: Task): P {
    const plates = sharedPlatesHandler(() => task.key);
    return withHandler(plates, () => this.runParticle(task.key, task));
  }

  /**
   * The loss (the negative ELBO), a scalar whose gradient is this estimator's gradient estimate. `params` holds
   * constrained parameters, and mutable state, by name.
   */
  loss(key: Tensor, params: Record<string, Tensor>, model: Model, guide: Model, ...args: unknown[]): Tensor {
    requireTask(`${this.name}.loss`, key, params, model, guide);
    return this.lossWithMutableState(key, params, model, guide, ...args).loss;
  }

  /**
   * The loss, the mutable state for the next step, and the parts of the loss by name, if the loss has several parts. Decaying
   * averages of baselines start at 0 here, whereas `estimate` can start from the averages after the previous step.
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
    const task = { key, values: params, model, guide, args };
    try {
      return this.#withParams("loss", params, () => this.estimate(task));
    } catch (error) {
      // A statement may refuse a value because an earlier site drew outside the model's support. Then blame the earlier site.
      if (error instanceof PedigradError && FROM_VALUES.includes(error.code)) this.#requireSupports(task);
      throw addSiteToParameterError(error, () => {
        const [site] = this.nonFiniteSites(task).keys();
        return site === undefined ? null : [site, ""];
      });
    }
  }

  /** Run `body`. Refuse params of other shapes than the programs declare, and names of params that no program has. */
  #withParams<T>(method: string, params: Record<string, Tensor>, body: () => T): T {
    const op = `${this.name}.${method}`;
    const names = new Set<string>();
    let lacksValue = false;
    const listen = (message: Message): void => {
      if (message.type !== "plate") names.add(message.name);
      if (message.type !== "param") return;
      lacksValue ||= message.value === null;
      requireDeclaredShape(op, message);
    };
    const result = withHandler({ process: everyType(listen) }, body);
    const unused = lacksValue ? Object.keys(params).find((name) => !names.has(name)) : undefined;
    // A misspelt name leaves a param without a value: it would keep its initial value and get no gradient.
    if (unused !== undefined) throw unknownName(op, "param", unused, names);
    return result;
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

  /** The negative cost of each site, averaged over particles. If the estimator is linear in the costs, the results add up to the loss. */
  perSite(
    key: Tensor,
    params: Record<string, Tensor>,
    model: Model,
    guide: Model,
    ...args: unknown[]
  ): Record<string, Tensor> {
    requireOutside(`${this.name}.perSite`);
    requireTask(`${this.name}.perSite`, key, params, model, guide);
    const costsOf = (particle: P): readonly [Tree, null] => {
      const sites: Record<string, Tensor> = emptyRecord();
      for (const { site, value } of this.costs(particle)) sites[site] = (sites[site] ?? tensor(0)).sub(value.sum());
      return [sites, null];
    };
    const { results } = this.#withParams("perSite", params, () =>
      inEveryParticle(this, { key, values: params, model, guide, args }, costsOf),
    );
    return mapTree(results, (leaf) => (leaf as Tensor).mean(0));
  }

  /** For errors: the values, by name, of the sites whose cost is not finite in some particle. The value of a factor is its log factor. */
  nonFiniteSites(task: Task): Map<string, Tensor> {
    const values = new Map<string, Tensor>();
    const checkParticle = (key: Tensor): void => {
      for (const site of this.nonFiniteSitesOf(this.runParticle(key, task)))
        if (!values.has(site.name)) values.set(site.name, isFactor(site) ? site.logProb() : site.value);
    };
    const keys = particleKeys(random.foldIn(task.key, 1), this.numParticles);
    withValidation(false, () => withSharedPlates(task.key, () => keys.forEach(checkParticle)));
    return values;
  }

  /** Refuse a guide whose draws leave the support of the model. Other errors of guide and model are ignored. */
  #requireSupports(task: Task): void {
    try {
      withSharedPlates(task.key, () => {
        const guide = tracedRun(task.guide, task.key, task);
        replayedRun(task.model, this.drawsForModel(guide), () => task.key, task, supportsHandler(guide));
      });
    } catch (error) {
      if (error instanceof PedigradError && error.code === "support-mismatch") throw error;
    }
  }

  /** The sites whose cost is not finite in a particle. */
  protected nonFiniteSitesOf(particle: P): SampleSite[] {
    return this.costs(particle)
      .filter(({ value }) => !value.toFloat64Array().every(Number.isFinite))
      .map(({ site, side }) => particle[side].get(site) as SampleSite);
  }
}

/** The codes of errors that may come from the values of draws. */
const FROM_VALUES: readonly string[] = ["outside-support", "bad-parameter", "bad-index"];
