/**
 * The estimators that are linear in the costs: pathwise where it can, score function where it must (costs.ts). Two classes
 * that differ in one line: which costs a score site is charged with.
 */
import { broadcastTo, emptyRecord, neg, stopGradient, type Tensor, tensor } from "../autodiff/index.js";
import { baselineFor, checkPrediction, predictedCost } from "./baselines.js";
import { type Cost, chargedCosts, type ScoreSite, scoreSitesOf } from "./costs.js";
import { Elbo, gradientFrom, type Outcome } from "./elbo.js";
import type { Pair, Task } from "./particles.js";

/** What a particle returns for a score site. */
interface Score {
  cost: Tensor;
  logq: Tensor;
  predicted?: Tensor;
}
interface Particle {
  /** Its value is the ELBO, its gradient the pathwise part. */
  elbo: Tensor;
  scores: Record<string, Score>;
}

abstract class ScoreElbo extends Elbo {
  protected estimate(task: Task): Outcome {
    const sites = new Map<string, ScoreSite>();
    const { results, mutableState } = this.runs(task, (pair) => this.#particle(pair, sites));
    const { elbo, scores } = results as Particle;
    const loss = neg(elbo.mean(0));
    let surrogate = loss;
    for (const site of sites.values()) {
      const { cost, logq, predicted } = scores[site.name] as Score;
      const { baseline, loss: own, average } = baselineFor(site, cost, predicted ?? null, task.values);
      surrogate = surrogate.sub(cost.sub(baseline).mul(logq).sum().div(this.numParticles));
      if (own !== null) surrogate = surrogate.add(own);
      if (average !== null) mutableState[average[0]] = average[1];
    }
    return { loss: surrogate === loss ? loss : gradientFrom(loss, surrogate), mutableState };
  }

  #particle(pair: Pair, met: Map<string, ScoreSite>): Particle {
    const costs = this.costs(pair);
    const sites = scoreSitesOf(pair.guide);
    const paid = chargedCosts(costs, sites, (c, d) => this.charged(c, d));
    const scores: Particle["scores"] = emptyRecord();
    for (const site of sites) {
      met.set(site.name, site);
      const cost = broadcastTo(paid.get(site.name) as Tensor, site.logq.shape);
      const predicted = predictedCost(site);
      scores[site.name] = {
        cost: stopGradient(cost),
        logq: site.logq,
        ...(predicted && { predicted: checkPrediction(site.name, predicted, cost) }),
      };
    }
    return { elbo: totalOf(costs), scores };
  }
}

/** Σ of all costs; those whose own gradient does not count are held constant. */
function totalOf(costs: readonly Cost[]): Tensor {
  let total: Tensor | null = null;
  for (const { value, isDifferentiated } of costs) {
    const sum = value.shape.length === 0 ? value : value.sum();
    const term = isDifferentiated ? sum : stopGradient(sum);
    total = total === null ? term : total.add(term);
  }
  return total ?? tensor(0);
}

/**
 * Trace_ELBO: every score site pays for every cost, element by element along the plates both have (plate-wise
 * Rao-Blackwellisation). Ranganath et al. 2014, "Black box variational inference".
 */
export class TraceELBO extends ScoreElbo {
  readonly name = "TraceELBO";
  charged(): boolean {
    return true;
  }
}

/**
 * TraceGraph_ELBO: a score site pays only for the costs whose provenance has it (Schulman et al. 2015), with the baselines
 * that its `infer.baseline` asks for.
 */
export class TraceGraphELBO extends ScoreElbo {
  readonly name: string = "TraceGraphELBO";
  charged(cost: Cost, site: ScoreSite): boolean {
    return cost.provenance.has(site.name);
  }
}
