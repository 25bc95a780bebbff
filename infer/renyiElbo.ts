/**
 * RenyiELBO (Li and Turner 2016; alpha = 0 is the importance weighted bound of Burda et al. 2016). With w_k = p/q of particle
 * k, per element of the plates that all sites share,
 *
 *     bound    = log( 1/K Σ_k w_k^(1-alpha) ) / (1 - alpha)
 *     gradient = pathwise gradient of the bound + Σ_k (bound - b_k) ∇ log q_score(z_k),
 *
 * log q keeping its own gradient: unbiased for the bound of K particles, also where sites have no pathwise sampler. With
 * `estimator: "vimco"`, b_k is the bound with log w_k replaced by the mean of the others (Mnih and Rezende 2016). Subsampling
 * scales the bounds of the elements, not the weights.
 */
import { eye, logsumexp, neg, PedigradError, stopGradient, type Tensor, tensor, where } from "../autodiff/index.js";
import { type Cost, scoreSitesOf, sumToPlates } from "./costs.js";
import { Elbo, type ElboOptions, gradientFrom, type Outcome } from "./elbo.js";
import type { Pair, Task } from "./particles.js";
import type { PlateFrame } from "./plate.js";
import { sampleSites } from "./trace.js";

export interface RenyiOptions extends ElboOptions {
  /** The order, any finite number but 1; 0 by default. */
  alpha?: number;
  /** Whether score terms subtract the bound of the other particles ("vimco") or nothing ("score", the default). */
  estimator?: "score" | "vimco";
}

/** What a particle returns, per element of the common plates. */
interface Particle {
  logw: Tensor;
  /** Σ log q over score sites. */
  score: Tensor;
}

export class RenyiELBO extends Elbo {
  readonly name = "RenyiELBO";
  readonly alpha: number;
  readonly estimator: "score" | "vimco";

  constructor({ alpha = 0, estimator = "score", ...options }: RenyiOptions = {}) {
    super(options, ["alpha", "estimator"], 2);
    const refuse = (param: string, message: string): never => {
      throw new PedigradError({ code: "bad-option", op: "RenyiELBO", param, message: `RenyiELBO: ${message}` });
    };
    if (typeof alpha !== "number" || !Number.isFinite(alpha))
      refuse("alpha", `alpha must be a finite number, got ${alpha}.`);
    if (alpha === 1) refuse("alpha", "alpha = 1 is the ordinary ELBO; use TraceELBO.");
    if (this.numParticles < 2) refuse("numParticles", `needs at least 2 particles, got ${this.numParticles}.`);
    if (estimator !== "score" && estimator !== "vimco")
      refuse("estimator", `estimator must be "score" or "vimco", got ${estimator}.`);
    this.alpha = alpha;
    this.estimator = estimator;
  }

  charged(): boolean {
    return true;
  }

  protected estimate(task: Task): Outcome {
    let scale = 1;
    let hasScore = false;
    const { results, mutableState } = this.runs(task, (pair) => {
      const costs = this.costs(pair);
      const common = commonPlates(pair, costs);
      const sites = scoreSitesOf(pair.guide);
      scale = common.reduce(
        (product, { size, subsampleSize }) => (product * (size as number)) / (subsampleSize as number),
        1,
      );
      hasScore ||= sites.length > 0;
      const total = (terms: Tensor[]): Tensor => terms.reduce((a, b) => a.add(b), tensor(0));
      return {
        logw: total(costs.map((c) => sumToPlates(c.value.div(scale), c.plates, common))),
        score: total(sites.map((d) => sumToPlates(d.logq, d.plates, common))),
      };
    });
    const { logw, score } = results as Particle;
    const bound = this.#bound(logw);
    const loss = neg(bound.sum().mul(scale));
    if (!hasScore) return { loss, mutableState };
    const gain = stopGradient(this.estimator === "vimco" ? bound.sub(this.#boundOfOthers(logw)) : bound);
    return { loss: gradientFrom(loss, loss.sub(gain.mul(score).sum().mul(scale))), mutableState };
  }

  /** log( 1/K Σ_k w_k^(1-alpha) ) / (1 - alpha) over the first axis. */
  #bound(logw: Tensor): Tensor {
    const power = 1 - this.alpha;
    return logsumexp(logw.mul(power), 0).sub(Math.log(this.numParticles)).div(power);
  }

  /** For each particle, the bound with its log weight replaced by the mean of the others'. */
  #boundOfOthers(logw: Tensor): Tensor {
    const k = this.numParticles;
    const others = logw
      .sum(0, { keepDims: true })
      .sub(logw)
      .div(k - 1);
    const isOwn = eye(k).reshape([k, k, ...logw.shape.slice(1).map(() => 1)]);
    // [k in the sum, k left out, ...]
    return this.#bound(where(isOwn, others.expandDims(0), logw.expandDims(1)));
  }
}

/** The vectorised plates that every term and every score has. */
function commonPlates({ guide, model }: Pair, costs: readonly Cost[]): PlateFrame[] {
  const [first, ...rest] = [...sampleSites(guide), ...sampleSites(model)].map((site) => site.plates);
  if (first === undefined || costs.length === 0) return [];
  return first.filter(({ name, dim }) => dim !== null && rest.every((plates) => plates.some((p) => p.name === name)));
}
