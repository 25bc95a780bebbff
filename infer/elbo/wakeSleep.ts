/**
 * Reweighted wake-sleep; its losses are defined above the class. Draws have no gradient, so no site needs a pathwise
 * sampler. In the sleep phase, the model draws data, which replace the `observations` in the guide's last argument (dreams.ts).
 *
 * With `estimator: "dreg"` (Tucker et al. 2019), which needs a pathwise sampler for every latent of the guide, the
 * gradient of wakePhi is -Σ_k v_k (1 - v_k) ∇_z log w_k ∇ z_k, which has the same mean as the default gradient.
 */

import { emptyRecord, logsumexp, neg, stopGradient, type Tensor, type Tree, tensor } from "../../autodiff/index.js";
import { log } from "../../autodiff/kernels/formulas/scalarFormulas.js";
import * as random from "../../autodiff/ops/random/random.js";
import * as kinds from "../../provenance/base/kinds.js";
import { type Kind, requireCount } from "../checks.js";
import { sampleSites } from "../program/trace.js";
import { type ScoreSite, sampledCosts, sumOfAll } from "./costs/costs.js";
import { commonPlates, sumPerElement } from "./costs/elementWeights.js";
import { gradientFrom } from "./costs/gradientFrom.js";
import { pathTermsOf, refuseMovingPoints } from "./costs/pathwise.js";
import { constantDraws, refuseOtherDensities, runDream } from "./dreams.js";
import { Elbo, type ElboOptions } from "./elbo.js";
import type { Cost, Outcome, PathPair, Task } from "./particles/pair.js";
import {
  inEveryParticle,
  runParticles,
  runPrograms,
  runScoringReads,
  withSharedPlates,
} from "./particles/particles.js";
import { refuseSubsampling, type SubsamplingOptions, subsampledPlate } from "./particles/subsampling.js";

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
 * and the loss is wakeTheta + phi. If some plates contain all sites, each element of these plates has its own weights, and the losses are
 * summed over the elements; subsampling scales the losses, not the weights.
 *
 * Choose this estimator for discrete latents that have too many values to enumerate: every gradient goes through a log
 * density at constant draws (unless `estimator` is "dreg"), so the noisy score-function gradient of a cost is not needed.
 * The guide also learns to cover the whole posterior. Use so many particles that no single particle has nearly all the weight.
 *
 * Refused: fewer than 2 particles; `insomnia` outside [0, 1]; the site options `baseline`, `enumerate`, `kl: "analytic"`
 * and `gradient: "disarm"`; "dreg" with a latent that has no pathwise sampler; a point mass (Delta) in the guide whose
 * position depends on parameters; a sleep phase without `{ observations }` as last argument of model and guide; and,
 * unless `biasedSubsampling` is true, a subsampled plate if some site lies outside it or if there is a sleep phase.
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
    return sampledCosts(pair);
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
    const phi = sumOfAll([
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
    const { results, shared, mutableState } = inEveryParticle(this, task, (pair: PathPair) => {
      const costs = this.costs(pair);
      const common = commonPlates(this, pair, costs);
      const { scale } = common;
      const total = (terms: readonly Cost[]) => sumPerElement(terms, common, scale);
      const sumOfSide = (side: "model" | "guide") => total(costs.filter((c) => c.side === side));
      const { pathTerms } = pair;
      const logq = neg(sumOfSide("guide"));
      if (pathTerms === undefined) return [{ logp: sumOfSide("model"), logq }, scale];
      const throughDraws = total(pathTerms.throughDraws);
      return [{ logp: total(pathTerms.throughParams), logq, throughDraws }, scale];
    });
    const { logp, logq, throughDraws } = results as { logp: Tensor; logq: Tensor; throughDraws?: Tensor };
    const logw = logp.sub(stopGradient(logq));
    const loss = (perElement: Tensor): Tensor => neg(perElement.sum().mul(shared[0] ?? 1));
    const total = logsumexp(logw, 0);
    const weights = stopGradient(logw.sub(total).exp());
    const phi = loss(weights.mul(logq));
    const share = weights.mul(weights.neg().add(1));
    return {
      theta: loss(total.sub(log(this.numParticles))),
      phi: gradientFrom(phi, throughDraws === undefined ? phi : loss(share.mul(throughDraws)), this.name),
      mutableState,
    };
  }

  #sleep(task: Task): Tensor {
    const key = random.foldIn(task.key, 2);
    const logqOfDream = (k: Tensor): readonly [Tree, null] => {
      const { dream, guide } = runDream(k, task, this.insomnia);
      const plate = this.biasedSubsampling ? null : subsampledPlate([...sampleSites(dream), ...sampleSites(guide)]);
      if (plate !== null)
        refuseSubsampling(this.name, plate, "and dreams have only these", "give each step its data by batches");
      refuseOtherDensities(dream);
      return [{ logq: sumOfAll([...sampleSites(guide)].map((site) => site.scaledLogProb())) }, null];
    };
    const dreamKey = random.foldIn(key, 1);
    const [dreams] = withSharedPlates(key, () =>
      runParticles(dreamKey, this.numSleepParticles, this.vectorizeParticles, logqOfDream),
    );
    return neg((dreams.logq as Tensor).mean(0));
  }
}
