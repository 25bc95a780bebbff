/**
 * What all estimators share: the options, the runs of the particles, and how a loss is made of them. An estimator says what
 * one particle returns and how the results of all are combined; averaging, baselines and log-mean-exp happen there, outside
 * the particle.
 */
import {
  apply,
  mapTree,
  type Op,
  PedigradError,
  random,
  type Tensor,
  type Tree,
  valueAndGrad,
} from "../autodiff/index.js";
import type { Cost, ScoreSite } from "./costs.js";
import type { Messenger } from "./messages.js";
import { type Model, type Pair, runPair, runParticles, sharedPlates, type Vectorize } from "./particles.js";

export interface ElboOptions {
  /** How many particles the loss averages over; 1 by default. */
  numParticles?: number;
  /** Run them as one batch (default), as a loop, as a batch or not at all ("require"), or by a function (f, keys). */
  vectorizeParticles?: Vectorize;
  /** How many dims, from the right, are plates; found by a run when not given. */
  maxPlateNesting?: number;
  strictEnumerationWarning?: boolean;
  /** Accepted and without effect: graphs here are values, nothing frees them. */
  retainGraph?: boolean;
}
const OPTIONS = ["numParticles", "vectorizeParticles", "maxPlateNesting", "strictEnumerationWarning", "retainGraph"];

/** A loss, what the run left for the next step, and named parts of the loss where the estimator has several. */
export interface Outcome {
  /** Its value is the loss; its gradient is the estimator's. */
  readonly loss: Tensor;
  readonly mutableState: Record<string, Tensor>;
  readonly terms?: Record<string, Tensor>;
}

/** The value of `value` with the gradient of `surrogate`. */
export const gradientFrom = (value: Tensor, surrogate: Tensor): Tensor => apply(gradientFromOp, null, value, surrogate);
const gradientFromOp: Op = {
  name: "gradientFrom",
  shape: (_, [value]) => (value as Tensor).shape,
  view: (_, value) => value,
  kernel: () => {},
  vjp: (input) => (input === 1 ? (g) => g : null),
  batch: (_, [value, surrogate]) => apply(gradientFromOp, null, value as Tensor, surrogate as Tensor),
};

export abstract class Elbo {
  /** Its name in errors. */
  abstract readonly name: string;
  /** Whether discrete latents that are not enumerated are allowed. */
  readonly canInferDiscrete: boolean = true;
  readonly numParticles: number;
  readonly vectorizeParticles: Vectorize;
  readonly maxPlateNesting: number | undefined;
  readonly strictEnumerationWarning: boolean;

  constructor(options: ElboOptions = {}, own: readonly string[] = [], defaultParticles = 1) {
    const name = new.target.name;
    const known = [...OPTIONS, ...own];
    for (const key of Object.keys(options))
      if (!known.includes(key))
        throw new PedigradError({
          code: "unknown-option",
          op: name,
          param: key,
          message: `${name}: unknown option "${key}". Expected one of ${known.join(", ")}.`,
        });
    this.numParticles = options.numParticles ?? defaultParticles;
    if (!(Number.isInteger(this.numParticles) && this.numParticles >= 1))
      throw new PedigradError({
        code: "bad-option",
        op: name,
        param: "numParticles",
        message: `${name}: numParticles must be a positive integer, got ${options.numParticles}.`,
      });
    this.vectorizeParticles = options.vectorizeParticles ?? true;
    this.maxPlateNesting = options.maxPlateNesting;
    this.strictEnumerationWarning = options.strictEnumerationWarning ?? true;
  }

  /** Whether score site `d` pays for cost `c`. */
  abstract charged(c: Cost, d: ScoreSite): boolean;
  /** What one particle returns: nested records of tensors. Runs inside the batch; `sites` collects the score sites it met. */
  protected abstract particle(pair: Pair, sites: Map<string, ScoreSite>): Tree;
  /** The loss from the results of all particles, which are stacked along a leading axis. */
  protected abstract combine(particles: Tree, sites: Map<string, ScoreSite>, values: Record<string, Tensor>): Outcome;
  /** The loss of one particle by site. */
  protected abstract sitesOf(pair: Pair): Record<string, Tensor>;

  protected runPair(
    key: Tensor,
    values: Record<string, Tensor>,
    plates: Messenger,
    model: Model,
    guide: Model,
    args: readonly unknown[],
  ): Pair {
    return runPair(key, values, plates, model, guide, args);
  }

  #particles(
    key: Tensor,
    values: Record<string, Tensor>,
    model: Model,
    guide: Model,
    args: readonly unknown[],
    result: (pair: Pair) => Tree,
  ): Tree {
    const plates = sharedPlates(random.foldIn(key, 0));
    return runParticles(random.foldIn(key, 1), this.numParticles, this.vectorizeParticles, (k) =>
      result(this.runPair(k, values, plates, model, guide, args)),
    );
  }

  /**
   * The loss (minus the ELBO), a scalar whose gradient is this estimator's. `params` holds constrained parameters, and
   * mutable state, by name.
   */
  loss(key: Tensor, params: Record<string, Tensor>, model: Model, guide: Model, ...args: unknown[]): Tensor {
    return this.lossWithMutableState(key, params, model, guide, ...args).loss;
  }

  /** The loss together with what the run leaves for the next step. */
  lossWithMutableState(
    key: Tensor,
    params: Record<string, Tensor>,
    model: Model,
    guide: Model,
    ...args: unknown[]
  ): Outcome {
    const sites = new Map<string, ScoreSite>();
    const stacked = this.#particles(key, params, model, guide, args, (pair) => ({
      result: this.particle(pair, sites),
      mutable: mutableOf(pair),
    }));
    const outcome = this.combine(stacked.result, sites, params);
    const first = mapTree(stacked.mutable, (leaf) => (leaf as Tensor).slice(0, 1).squeeze(0));
    return { ...outcome, mutableState: Object.assign(Object.create(null), first, outcome.mutableState) };
  }

  /** `[loss, gradients for params]`. */
  lossAndGrads(
    key: Tensor,
    params: Record<string, Tensor>,
    model: Model,
    guide: Model,
    ...args: unknown[]
  ): [Tensor, Record<string, Tensor>] {
    return valueAndGrad((p: Record<string, Tensor>) => this.loss(key, p, model, guide, ...args))(params);
  }

  /** The loss by site, averaged over particles; its sum is the loss. */
  perSite(
    key: Tensor,
    params: Record<string, Tensor>,
    model: Model,
    guide: Model,
    ...args: unknown[]
  ): Record<string, Tensor> {
    const stacked = this.#particles(key, params, model, guide, args, (pair) => this.sitesOf(pair));
    return mapTree(stacked, (leaf) => (leaf as Tensor).mean(0));
  }
}

/** The final values of what guide and model may change, by name. */
function mutableOf({ guide, model }: Pair): Record<string, Tensor> {
  const values: Record<string, Tensor> = Object.create(null);
  for (const site of [...guide.values(), ...model.values()])
    if (site.type === "mutable") values[site.name] = site.value;
  return values;
}
