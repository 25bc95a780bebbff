/**
 * The gradient of RenyiELBO, whose bound and weights w_k are defined above the class. Let b_k be 0 or, for `estimator:
 * "vimco"`, the bound with log w_k replaced by the mean of the other log weights (Mnih and Rezende 2016, section 2.5). Then
 *
 *     gradient = pathwise gradient of the bound + Σ_k (bound - b_k) ∇ log q_score(z_k),
 *
 * where log w in the pathwise gradient includes log q, and log q_score(z_k) is the sum of log q over the score sites. The
 * estimate is unbiased for the bound of K particles, even if some sites have no pathwise sampler. If some plates contain
 * all sites, each element of these plates has its own weights and its own bound. Subsampling scales the bounds, not the
 * weights.
 *
 * For `estimator: "dreg"` (Tucker et al. 2019), which needs a pathwise sampler for every latent of the guide,
 *
 *     v_k = w_k^(1-alpha) / Σ_j w_j^(1-alpha)
 *     gradient = Σ_k v_k ∇_θ log p + Σ_k (alpha v_k + (1 - alpha) v_k²) ∇_z log w_k ∇ z_k.
 */

import { eye, logsumexp, neg, softmax, stopGradient, type Tensor, where } from "../../autodiff/index.js";
import { log } from "../../autodiff/kernels/formulas/scalarFormulas.js";
import * as kinds from "../../provenance/base/kinds.js";
import { refuseOption } from "../checks.js";
import { type ScoreSite, sampledCosts, scoreSitesOf } from "./costs/costs.js";
import { commonPlates, sumPerElement } from "./costs/elementWeights.js";
import { gradientFrom } from "./costs/gradientFrom.js";
import { pathTermsOf } from "./costs/pathwise.js";
import { Elbo, type ElboOptions } from "./elbo.js";
import type { Cost, Outcome, PathPair, Task } from "./particles/pair.js";
import { inEveryParticle, runScoringReads } from "./particles/particles.js";
import type { SubsamplingOptions } from "./particles/subsampling.js";

export interface RenyiOptions extends ElboOptions, SubsamplingOptions {
  /** The order of the Renyi divergence: any finite number except 1; 0 by default. */
  alpha?: number | undefined;
  /**
   * How the gradient is taken: by the score function ("score", the default), by the score function with a baseline
   * computed from the other particles ("vimco"), or by doubly reparameterised gradients ("dreg").
   */
  estimator?: RenyiEstimator | undefined;
}
export type RenyiEstimator = "score" | "vimco" | "dreg";

/** The result of one particle: tensors with one number for each element of the plates that all sites share. */
interface Particle {
  logw: Tensor;
  /** Σ log q over score sites. */
  score: Tensor;
  /** For "dreg": log w with a gradient through the draws alone. */
  throughDraws?: Tensor;
  /** For "dreg": log p with a gradient through the parameters alone. */
  throughParams?: Tensor;
}

/**
 * Estimates the negative variational Rényi bound of order alpha (Li and Turner 2016, section 4). With K particles z_k from the guide and
 * w_k = p(x, z_k) / q(z_k), the loss is -bound:
 *
 *     bound = log( 1/K Σ_k w_k^(1-alpha) ) / (1 - alpha)
 *
 * Choose this estimator to fit the parameters of a model: alpha = 0, the default, is the importance weighted bound (Burda et al.
 * 2016, section 3), which approaches log p(x) as the number of particles grows. A larger alpha favours a guide that stays
 * near one mode of the posterior; a smaller alpha favours a guide that covers all of the posterior.
 *
 * Refused: alpha = 1 (the ELBO), fewer than 2 particles; the site options `baseline`, `enumerate`, `kl: "analytic"` and
 * `gradient: "disarm"`; "dreg" with a latent that has no pathwise sampler; and, unless `biasedSubsampling` is true, a subsampled plate
 * if some site lies outside it.
 *
 * @example
 * const program = () => sample("z", new Normal(0, 1));
 * new RenyiELBO({ alpha: 0, numParticles: 4 }).loss(random.key(0), {}, program, program).item() // 0
 */
export class RenyiELBO extends Elbo<PathPair> {
  override get name(): string {
    return "RenyiELBO";
  }
  readonly alpha: number;
  readonly estimator: RenyiEstimator;
  readonly biasedSubsampling: boolean;

  constructor(options: RenyiOptions = {}) {
    super(
      options,
      {
        alpha: kinds.number,
        estimator: [(x) => ["score", "vimco", "dreg"].includes(x as string), '"score", "vimco" or "dreg"'],
        biasedSubsampling: kinds.flag,
      },
      2,
    );
    const { alpha = 0, estimator = "score", biasedSubsampling = false } = options;
    if (alpha === 1) refuseOption(this.name, "alpha", "alpha = 1 is the ordinary ELBO. Use TraceELBO.");
    this.alpha = alpha;
    this.estimator = estimator;
    this.biasedSubsampling = biasedSubsampling;
  }

  payers(_: Cost, sites: ReadonlyMap<string, ScoreSite>): Iterable<ScoreSite> {
    return sites.values();
  }

  runParticle(key: Tensor, task: Task): PathPair {
    const pair = runScoringReads(key, task);
    return this.estimator === "dreg" ? { ...pair, pathTerms: pathTermsOf(this.name, pair, key, task) } : pair;
  }

  costs(pair: PathPair): Cost[] {
    return sampledCosts(pair);
  }

  estimate(task: Task): Outcome {
    const { results, shared, mutableState } = inEveryParticle(this, task, (pair: PathPair) => {
      const costs = this.costs(pair);
      const common = commonPlates(this, pair, costs);
      const { scale } = common;
      const weight = (terms: readonly Cost[]) => sumPerElement(terms, common, scale);
      const sites = scoreSitesOf(pair.guide);
      const { pathTerms } = pair;
      const tensors = {
        logw: weight(costs),
        score: sumPerElement(
          sites.map(({ site, plates }) => ({ value: site.unmasked().logProb(), plates })),
          common,
        ),
        ...(pathTerms && {
          throughDraws: weight(pathTerms.throughDraws),
          throughParams: weight(pathTerms.throughParams),
        }),
      };
      return [tensors, { scale, hasScore: sites.length > 0 }];
    });
    const scale = shared[0]?.scale ?? 1;
    const hasScore = shared.some((particle) => particle.hasScore);
    const { logw, score, throughDraws, throughParams } = results as Particle;
    const bound = this.#bound(logw);
    const loss = neg(bound.sum().mul(scale));
    if (throughDraws !== undefined && throughParams !== undefined) {
      const v = stopGradient(softmax(logw.mul(1 - this.alpha), 0));
      const share = v.mul(v.mul(1 - this.alpha).add(this.alpha));
      const surrogate = neg(v.mul(throughParams).add(share.mul(throughDraws)).sum().mul(scale));
      return { loss: gradientFrom(loss, surrogate, this.name), mutableState };
    }
    if (!hasScore) return { loss, mutableState };
    const scoreWeight = stopGradient(this.estimator === "vimco" ? bound.sub(this.#boundOfOthers(logw)) : bound);
    return { loss: gradientFrom(loss, loss.sub(scoreWeight.mul(score).sum().mul(scale)), this.name), mutableState };
  }

  /** log( 1/K Σ_k w_k^(1-alpha) ) / (1 - alpha) over the first axis. */
  #bound(logw: Tensor): Tensor {
    const power = 1 - this.alpha;
    return logsumexp(logw.mul(power), 0).sub(log(this.numParticles)).div(power);
  }

  /** For each particle, the bound with that particle's log weight replaced by the mean of the other log weights. */
  #boundOfOthers(logw: Tensor): Tensor {
    const k = this.numParticles;
    const others = logw
      .sum(0, { keepDims: true })
      .sub(logw)
      .div(k - 1);
    const isReplaced = eye(k).reshape([k, k, ...logw.shape.slice(1).map(() => 1)]);
    // Axes: the particle in the sum over k, the particle whose weight is replaced, ...
    return this.#bound(where(isReplaced, others.expandDims(0), logw.expandDims(1)));
  }
}
