/**
 * The estimators that are linear in the costs: pathwise where it can, score function where it must (costs.ts). Two classes
 * that differ in one line: which costs a score site is charged with.
 */
import { broadcastTo, neg, PedigradError, stopGradient, type Tensor, tensor } from "../autodiff/index.js";
import { baselineFor, checkPrediction, predictedCost } from "./baselines.js";
import { type Cost, chargedCosts, costsOf, isScoreSite, type ScoreSite, scoreSitesOf } from "./costs.js";
import { Elbo, gradientFrom, type Outcome } from "./elbo.js";
import { checkLatentsCovered } from "./match.js";
import type { Pair } from "./particles.js";
import { type SampleSite, sampleSites } from "./trace.js";

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
  protected particle(pair: Pair, met: Map<string, ScoreSite>): Particle {
    const costs = this.costs(pair);
    const sites = scoreSitesOf(pair.guide);
    const paid = chargedCosts(costs, sites, (c, d) => this.charged(c, d));
    const scores: Particle["scores"] = Object.create(null);
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

  protected costs(pair: Pair): Cost[] {
    checkLatentsCovered(pair.guide, pair.model, "");
    for (const site of sampleSites(pair.guide)) refuseMisplaced(this.name, site);
    for (const site of sampleSites(pair.model)) refuseMisplaced(this.name, site, false);
    return costsOf(pair.guide, pair.model);
  }

  protected combine(
    { elbo, scores }: Particle,
    sites: Map<string, ScoreSite>,
    values: Record<string, Tensor>,
  ): Outcome {
    const loss = neg(elbo.mean(0));
    const mutableState: Record<string, Tensor> = Object.create(null);
    let surrogate = loss;
    for (const site of sites.values()) {
      const { cost, logq, predicted } = scores[site.name] as Score;
      const { baseline, loss: own, average } = baselineFor(site, cost, predicted ?? null, values);
      surrogate = surrogate.sub(cost.sub(baseline).mul(logq).sum().div(this.numParticles));
      if (own !== null) surrogate = surrogate.add(own);
      if (average !== null) mutableState[average[0]] = average[1];
    }
    return { loss: surrogate === loss ? loss : gradientFrom(loss, surrogate), mutableState };
  }

  protected sitesOf(pair: Pair): Record<string, Tensor> {
    const sites: Record<string, Tensor> = Object.create(null);
    for (const { site, value } of this.costs(pair)) sites[site] = (sites[site] ?? tensor(0)).sub(value.sum());
    return sites;
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

/** Refuse options that a site cannot have here. */
function refuseMisplaced(estimator: string, site: SampleSite, inGuide = true): void {
  const { enumerate, baseline } = site.infer;
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
  readonly name = "TraceGraphELBO";
  charged(cost: Cost, site: ScoreSite): boolean {
    return cost.provenance.has(site.name);
  }
}
