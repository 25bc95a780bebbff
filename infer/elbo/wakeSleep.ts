/**
 * Reweighted wake-sleep; its losses are defined above the class. Draws have no gradient, so no site needs a pathwise
 * sampler. In the sleep phase, the model draws data (a *dream*), which replace the `observations` in the guide's last argument.
 *
 * With `estimator: "dreg"` (Tucker et al. 2019), which needs a pathwise sampler for every latent of the guide, the
 * gradient of wakePhi is -Σ_k v_k (1 - v_k) ∇_z log w_k ∇ z_k, which has the same mean as the default gradient.
 */

import { readNumbers } from "../../autodiff/core/reads.js";
import {
  type ErrorCode,
  emptyRecord,
  logsumexp,
  neg,
  PedigradError,
  stopGradient,
  type Tensor,
  type Tree,
  tensor,
} from "../../autodiff/index.js";
import { log } from "../../autodiff/kernels/formulas/scalarFormulas.js";
import * as random from "../../autodiff/ops/random/random.js";
import * as kinds from "../../provenance/base/kinds.js";
import { type Kind, refuseSite, requireCount, unknownName } from "../checks.js";
import type { Handler } from "../program/messages.js";
import { visitedValuesHandler } from "../program/subsamples.js";
import { isDraw, isFactor, type SampleSite, sampleSites, type Trace } from "../program/trace.js";
import { uncondition, withDraws } from "../program/values.js";
import { type ScoreSite, sampledCosts } from "./costs/costs.js";
import { gradientFrom } from "./costs/gradientFrom.js";
import { pathTermsOf, refuseMovingPoints } from "./costs/pathwise.js";
import { Elbo, type ElboOptions } from "./elbo.js";
import type { Cost, Outcome, PathPair, Task } from "./particles/pair.js";
import {
  inEveryParticle,
  runParticles,
  runPrograms,
  runScoringReads,
  tracedRun,
  withSharedPlates,
} from "./particles/particles.js";
import { isSubsampled, refuseSubsampling, type SubsamplingOptions, subsampledPlate } from "./particles/subsampling.js";

export interface WakeSleepOptions extends ElboOptions, SubsamplingOptions {
  /** The weight of the wake phase in the guide's loss `phi`, in [0, 1]; 1 by default. The sleep phase has the weight 1 - insomnia. */
  insomnia?: number | undefined;
  /** Whether the model has parameters to learn; true by default. The wake phase is skipped if this is false and insomnia is 0. */
  modelHasParams?: boolean | undefined;
  /** The number of draws from the model in the sleep phase of a step; `numParticles` by default. */
  numSleepParticles?: number | undefined;
  /** The gradient of the wake phase of the guide: through log q with constant draws ("score", the default), or through the draws ("dreg"). */
  estimator?: "score" | "dreg" | undefined;
}

/** A handler that makes all draws constants for gradients. */
const constantDraws: Handler = {
  process: {
    sample(message) {
      message.isConstant = true;
    },
  },
};

const sumOf = (terms: Iterable<Tensor>): Tensor => [...terms].reduce((a, b) => a.add(b.sum()), tensor(0));

const OPTIONS: Readonly<Record<string, Kind>> = {
  insomnia: [(x) => typeof x === "number" && x >= 0 && x <= 1, "in [0,1]"],
  modelHasParams: kinds.flag,
  numSleepParticles: kinds.any,
  estimator: [(x) => x === "score" || x === "dreg", '"score" or "dreg"'],
  biasedSubsampling: kinds.flag,
};

/**
 * Reweighted wake-sleep (Bornschein and Bengio 2015; Le et al. 2019, section 3): fits the model by the importance weighted bound, and the
 * guide by KL(posterior || guide). With K particles z_k from the guide, w_k = p(x, z_k) / q(z_k) and v_k = w_k / Σ_j w_j,
 *
 *     wakeTheta = -log 1/K Σ_k w_k           differentiated through log p only
 *     wakePhi   = -Σ_k v_k log q(z_k)        v_k held constant
 *     sleepPhi  = -1/S Σ_s log q(z_s | x_s)  z_s and x_s drawn from the model
 *     phi       = insomnia · wakePhi + (1 - insomnia) · sleepPhi
 *
 * and the loss is wakeTheta + phi.
 *
 * Choose this estimator for discrete latents that have too many values to enumerate: every gradient goes through a log
 * density at constant draws (unless `estimator` is "dreg"), so the noisy score-function gradient of a cost is not needed.
 * The guide also learns to cover the whole posterior. Use so many particles that no single particle has nearly all the weight.
 *
 * Refused: fewer than 2 particles; `insomnia` outside [0, 1]; the site options `enumerate`, `kl: "analytic"` and
 * `gradient: "disarm"`; "dreg" with a latent that has no pathwise sampler; a point mass (Delta) in the guide whose
 * position depends on parameters; a sleep phase without `{ observations }` as last argument of model and guide; and,
 * unless `biasedSubsampling` is true, every subsampled plate. The site option `baseline` has no effect.
 *
 * @example
 * const model = () => sample("x", new Normal(sample("z", new Normal(0, 1)), 1), { obs: 2 });
 * const guide = () => sample("z", new Normal(param("loc", 0), 1));
 * const elbo = new ReweightedWakeSleep({ numParticles: 10, modelHasParams: false });
 * new SVI(model, guide, adam(0.05), elbo).run(random.key(0), 20).losses.length // 20
 */
export class ReweightedWakeSleep extends Elbo<PathPair> {
  override get name(): string {
    return "ReweightedWakeSleep";
  }
  readonly insomnia: number;
  readonly modelHasParams: boolean;
  readonly numSleepParticles: number;
  readonly estimator: "score" | "dreg";

  readonly biasedSubsampling: boolean;

  constructor(options: WakeSleepOptions = {}) {
    super(options, OPTIONS, 2);
    this.insomnia = options.insomnia ?? 1;
    this.modelHasParams = options.modelHasParams ?? true;
    this.estimator = options.estimator ?? "score";
    this.biasedSubsampling = options.biasedSubsampling ?? false;
    this.numSleepParticles = options.numSleepParticles ?? this.numParticles;
    requireCount(this.name, "numSleepParticles", this.numSleepParticles);
  }

  payers(): Iterable<ScoreSite> {
    return [];
  }

  costs(pair: PathPair): Cost[] {
    return sampledCosts(this, pair);
  }

  runParticle(key: Tensor, task: Task): PathPair {
    const isScore = this.estimator === "score";
    // With "dreg", a site that was read gets a score-function gradient here, so that pathTermsOf refuses it.
    const pair = isScore ? runPrograms(key, task, constantDraws) : runScoringReads(key, task);
    refuseMovingPoints(this.name, pair.guide, random.foldIn(key, 0), task);
    return isScore ? pair : { ...pair, pathTerms: pathTermsOf(this.name, pair, key, task) };
  }

  estimate(task: Task): Outcome {
    const { insomnia } = this;
    const isAwake = this.modelHasParams || insomnia > 0;
    const wake = isAwake ? this.#wake(task) : null;
    const sleepPhi = insomnia < 1 ? this.#sleep(task) : null;
    const phi = sumOf([
      ...(wake && insomnia > 0 ? [wake.phi.mul(insomnia)] : []),
      ...(sleepPhi ? [sleepPhi.mul(1 - insomnia)] : []),
    ]);
    const wakeTheta = wake?.theta ?? tensor(0);
    return {
      loss: wakeTheta.add(phi),
      mutableState: wake?.mutableState ?? emptyRecord(),
      terms: { wakeTheta, phi },
    };
  }

  #wake(task: Task): { theta: Tensor; phi: Tensor; mutableState: Record<string, Tensor> } {
    const { results, mutableState } = inEveryParticle(this, task, (pair: PathPair) => {
      const costs = this.costs(pair);
      this.#refuseSubsamples(pair.guide, pair.model);
      const sumOfSide = (side: "model" | "guide") => sumOf(costs.filter((c) => c.side === side).map((c) => c.value));
      const { pathTerms } = pair;
      const logq = neg(sumOfSide("guide"));
      if (pathTerms === undefined) return [{ logp: sumOfSide("model"), logq }, null];
      const throughDraws = sumOf(pathTerms.throughDraws.map((c) => c.value));
      return [{ logp: sumOf(pathTerms.throughParams.map((c) => c.value)), logq, throughDraws }, null];
    });
    const { logp, logq, throughDraws } = results as { logp: Tensor; logq: Tensor; throughDraws?: Tensor };
    const logw = logp.sub(stopGradient(logq));
    const total = logsumexp(logw, 0);
    const weights = stopGradient(logw.sub(total).exp());
    const phi = neg(weights.mul(logq).sum());
    const share = weights.mul(weights.neg().add(1));
    return {
      theta: neg(total.sub(log(this.numParticles))),
      phi: throughDraws === undefined ? phi : gradientFrom(phi, neg(share.mul(throughDraws).sum())),
      mutableState,
    };
  }

  /** Refuse a subsampled plate: the weight of a particle is a product over all elements, and the sleep phase draws all data. */
  #refuseSubsamples(...traces: Trace[]): void {
    const plate = this.biasedSubsampling ? null : subsampledPlate(traces.flatMap((trace) => [...sampleSites(trace)]));
    if (plate === null) return;
    refuseSubsampling(
      this.name,
      plate,
      "and each particle's weight is a product over its elements",
      "use RenyiELBO where every site is in the plate, or TraceELBO",
    );
  }

  #sleep(task: Task): Tensor {
    const key = random.foldIn(task.key, 2);
    const dreamOnce = (k: Tensor): readonly [Tree, null] => {
      const dream = tracedRun(uncondition(task.model), random.foldIn(k, 0), task, constantDraws);
      const values = new Map([...sampleSites(dream)].map((site) => [site.name, stopGradient(site.value)]));
      const args = withObservations(task.args, dream, this.insomnia);
      const inputs = { values: task.values, args };
      const guide = tracedRun(
        withDraws(task.guide, values),
        random.foldIn(k, 1),
        inputs,
        constantDraws,
        visitedValuesHandler,
      );
      const pointMass = [...sampleSites(guide)].find((site) => !site.isObserved && !isDraw(site));
      if (pointMass !== undefined)
        refuse(
          "moving-point",
          pointMass.name,
          "is a point mass, so it has no log density at the values that the model dreams. Sample it from a distribution",
        );
      this.#refuseSubsamples(dream, guide);
      const other = [...sampleSites(dream)].find(hasOtherDensity);
      if (other !== undefined) {
        const [what, edit] = isFactor(other)
          ? ["a factor that depends on draws", "Write it as an observed site"]
          : ["scaled", "Scale the guide only"];
        refuse("no-sampler", other.name, `is ${what}, so dreams do not have the model's density. ${edit}`);
      }
      return [{ logq: sumOf([...sampleSites(guide)].map((site) => site.scaledLogProb())) }, null];
    };
    const dreamKey = random.foldIn(key, 1);
    const [dreams] = withSharedPlates(key, () =>
      runParticles(dreamKey, this.numSleepParticles, this.vectorizeParticles, dreamOnce),
    );
    return neg((dreams.logq as Tensor).mean(0));
  }
}

/** Whether draws do not have the density of this site: they ignore factors and scales. (Scales of subsampled plates are accepted or refused as such.) */
const hasOtherDensity = (site: SampleSite): boolean =>
  isFactor(site)
    ? site.logProb().provenance.size > 0
    : !site.plates.some(isSubsampled) && readNumbers(tensor(site.scale), "the sleep phase").some((x) => x !== 1);

/** Refuse a site of the sleep phase. */
const refuse = (code: ErrorCode, site: string, why: string): never =>
  refuseSite(code, site, `ReweightedWakeSleep: site "${site}" ${why}, or set insomnia: 1.`, {
    op: "ReweightedWakeSleep",
  });

/** The arguments of the programs, where data that the model drew replace the `observations` of the last argument. */
function withObservations(args: readonly unknown[], dream: Trace, insomnia: number): unknown[] {
  const last = args.at(-1);
  if (typeof last !== "object" || last === null || !("observations" in last))
    throw new PedigradError({
      code: "no-observations",
      op: "ReweightedWakeSleep",
      param: "insomnia",
      message: `ReweightedWakeSleep with insomnia ${insomnia} gives the guide data dreamt by the model, so the last argument of model and guide must be { observations: { site: value } }, got ${args.length} arguments without it. Or set insomnia: 1.`,
    });
  const data = (last as { observations: Record<string, unknown> }).observations;
  const dreamOf = (name: string): Tensor => {
    const site = dream.get(name);
    if (site !== undefined) return stopGradient(site.value);
    throw unknownName("ReweightedWakeSleep", "site", name, dream.keys(), " Name observations by their sites.");
  };
  const observations = Object.fromEntries(Object.keys(data).map((name) => [name, dreamOf(name)]));
  return [...args.slice(0, -1), { ...last, observations }];
}
