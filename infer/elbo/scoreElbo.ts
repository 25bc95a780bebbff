/**
 * The two basic estimators of the ELBO. Sites with a pathwise sampler have pathwise gradients; all others have
 * score-function gradients (costs.ts). The two classes differ in one method only, `payers`, which returns the sites that
 * are charged with a cost. TraceELBO can also draw several samples in one run (multiSample.ts).
 */
import { broadcastTo, concatenate, emptyRecord, neg, stopGradient, type Tensor, tensor } from "../../autodiff/index.js";
import * as kinds from "../../provenance/base/kinds.js";
import { type Kind, refuseOption } from "../checks.js";
import { isDraw, type Trace } from "../program/trace.js";
import { baselineFor, fitToCost, predictedCost } from "./costs/baselines.js";
import { chargedCosts, sitesIn } from "./costs/charge.js";
import { asksForClosedForm, withClosedForms } from "./costs/closedForms.js";
import { costOf, type ScoreSite, sampledCosts, scoreSitesOf } from "./costs/costs.js";
import { oneWithScore, totalWithScores } from "./costs/dice.js";
import { antitheticPair, type ChargedSite, refuseLeaveOneOut, surrogateOfRuns, usesDisarm } from "./costs/disarm.js";
import { gradientFrom } from "./costs/gradientFrom.js";
import { firstSamples, multiSampleEstimate } from "./costs/multiSample.js";
import { guideWithConstantParams } from "./costs/pathwise.js";
import { Elbo, type ElboOptions } from "./elbo.js";
import type { Averages, Cost, Outcome, Pair, PathPair, Task } from "./particles/pair.js";
import { inEveryParticle, runScoringReads } from "./particles/particles.js";

/** The result of one particle for one score site: its cost, its log q, and the cost that its baseline predicts. */
interface Score {
  cost: Tensor;
  logq: Tensor;
  predicted?: Tensor;
}
type Scores = Record<string, Score>;
interface Particle {
  /** The ELBO. Its gradient is the pathwise part (with order 2: the whole gradient except for baselines). */
  elbo: Tensor;
  scores: Scores;
  /** The scores of the antithetic run (disarm.ts). */
  antitheticScores?: Scores;
  /** A term that has the gradient of the sites with `gradient: "disarm"`. */
  disarmSurrogate?: Tensor;
}
/** The result of one run of guide and model. */
interface Charges {
  readonly elbo: Tensor;
  readonly scores: Scores;
  /** The score sites without `gradient: "disarm"`. */
  readonly sites: readonly ScoreSite[];
  /** The sites with `gradient: "disarm"`. */
  readonly disarmed: readonly ChargedSite[];
}

export interface ScoreElboOptions extends ElboOptions {
  /** 1 (default): the loss has unbiased first derivatives only. 2: its derivatives of every order are unbiased. */
  order?: 1 | 2 | undefined;
  /** Differentiate log q of pathwise sites through their value only, not through parameters (pathwise.ts); false by default. */
  stickingTheLanding?: boolean | undefined;
}

abstract class ScoreElbo extends Elbo<PathPair> {
  override readonly hasClosedForms = true;
  override readonly hasBaselines = true;
  override readonly hasAntitheticRuns: boolean;
  readonly order: 1 | 2;
  readonly stickingTheLanding: boolean;

  constructor(options: ScoreElboOptions = {}, moreOptions: Readonly<Record<string, Kind>> = {}) {
    super(options, {
      order: [(x) => x === 1 || x === 2, "1 or 2"],
      stickingTheLanding: kinds.flag,
      ...moreOptions,
    });
    const { order = 1, stickingTheLanding = false } = options;
    if (stickingTheLanding && order === 2)
      refuseOption(
        this.name,
        "stickingTheLanding",
        "stickingTheLanding gives first derivatives only, so it cannot be combined with order: 2. Use order: 1.",
      );
    this.order = order;
    this.hasAntitheticRuns = order === 1;
    this.stickingTheLanding = stickingTheLanding;
  }

  runParticle(key: Tensor, task: Task): PathPair {
    const pair = runScoringReads(key, task);
    const antithetic =
      this.hasAntitheticRuns && pair.usedOptions.has("gradient") ? antitheticPair(pair, key, task) : null;
    return {
      ...this.#withPath(pair, key, task),
      ...(antithetic && { antitheticPair: this.#withPath(antithetic, key, task) }),
    };
  }

  #withPath(pair: Pair, key: Tensor, task: Task): PathPair {
    return this.stickingTheLanding ? { ...pair, pathGuide: guideWithConstantParams(pair, key, task) } : pair;
  }

  costs(pair: PathPair): Cost[] {
    const { pathGuide, usedOptions } = pair;
    const sampled = sampledCosts(pair);
    const costs = pathGuide === undefined ? sampled : sampled.map((cost) => pathwiseCost(cost, pathGuide));
    return usedOptions.has("kl") ? withClosedForms(this.name, pair, costs, asksForClosedForm) : costs;
  }

  estimate(task: Task): Outcome {
    const { results, shared, mutableState } = inEveryParticle(this, task, (pair: PathPair) =>
      this.#particleResult(pair),
    );
    const { elbo, scores, antitheticScores, disarmSurrogate } = results as Particle;
    const runs = antitheticScores === undefined ? [scores] : [scores, antitheticScores];
    // Because of control flow, a site may be in some particles only.
    const sites = new Map(shared.flat().map((site) => [site.name, site]));
    const loss = neg(elbo.mean(0));
    let surrogate = disarmSurrogate === undefined ? loss : loss.sub(disarmSurrogate.mean(0));
    let baselineLosses: Tensor | null = null;
    const averages: Record<string, Averages[string]> = emptyRecord();
    for (const site of sites.values()) {
      if (runs.length > 1 && site.site.infer.baseline?.leaveOneOut) refuseLeaveOneOut(site.name);
      const scoresOfSite = runs.flatMap((run) => run[site.name] ?? []);
      const concatScores = (x: keyof Score) => concatenate(scoresOfSite.map((score) => score[x] as Tensor));
      const [cost, logq] = [concatScores("cost"), concatScores("logq")];
      const predicted = scoresOfSite[0]?.predicted === undefined ? null : concatScores("predicted");
      const {
        baseline,
        loss: baselineLoss,
        average,
      } = baselineFor(site, cost, predicted, task.averages ?? emptyRecord());
      const score = this.order === 1 ? cost.sub(baseline).mul(logq) : baseline.mul(tensor(1).sub(oneWithScore(logq)));
      surrogate = surrogate.sub(score.sum().div(elbo.length));
      if (baselineLoss !== null)
        baselineLosses = baselineLosses === null ? baselineLoss : baselineLosses.add(baselineLoss);
      if (average !== null) averages[site.name] = average;
    }
    const withGradient = (x: Tensor): Tensor => gradientFrom(loss, x, this.order === 1 ? this.name : null);
    const lossOfGuide = surrogate === loss && !this.stickingTheLanding ? loss : withGradient(surrogate);
    if (baselineLosses === null) return { loss: lossOfGuide, mutableState, averages };
    return { loss: withGradient(surrogate.add(baselineLosses)), lossOfGuide, mutableState, averages };
  }

  /** The ELBO, scores and score sites of one particle. */
  #particleResult(pair: PathPair): readonly [Particle, readonly ScoreSite[]] {
    const { antitheticPair } = pair;
    const runWeight = antitheticPair === undefined ? 1 : 0.5;
    const first = this.#chargeSites(pair, runWeight);
    if (antitheticPair === undefined) return [{ elbo: first.elbo, scores: first.scores }, first.sites];
    const second = this.#chargeSites(antitheticPair, runWeight);
    const disarmSurrogate = surrogateOfRuns(first.disarmed, second.disarmed);
    const elbo = first.elbo.add(second.elbo).mul(0.5);
    return [
      { elbo, scores: first.scores, antitheticScores: second.scores, disarmSurrogate },
      [...first.sites, ...second.sites],
    ];
  }

  /** The ELBO of one run, and the cost with which each of its score sites is charged. `runWeight` is 1/2 if a particle has two runs, else 1. */
  #chargeSites(pair: PathPair, runWeight: number): Charges {
    const costs = this.costs(pair);
    const sites = scoreSitesOf(pair.guide);
    const byName = new Map(sites.map((site) => [site.name, site]));
    const payers = (c: Cost): Iterable<ScoreSite> => this.payers(c, byName);
    const siteCosts = sites.length === 0 ? null : chargedCosts(costs, sites, payers);
    const scores: Scores = emptyRecord();
    const disarmed: ChargedSite[] = [];
    for (const site of sites) {
      const cost = broadcastTo(siteCosts?.get(site.name) as Tensor, site.logq.shape);
      if (usesDisarm(site.site)) {
        disarmed.push({ site, cost });
        continue;
      }
      const predicted = predictedCost(site);
      scores[site.name] = {
        cost: stopGradient(cost),
        logq: runWeight === 1 ? site.logq : site.logq.mul(runWeight),
        ...(predicted && { predicted: fitToCost(predicted, site, cost.shape, "baseline") }),
      };
    }
    const elbo = this.order === 1 ? totalOf(costs) : totalWithScores(costs, payers);
    return { elbo, scores, disarmed, sites: sites.filter(({ name }) => name in scores) };
  }
}

/**
 * The cost of a site for `stickingTheLanding`: for a draw of the guide with a pathwise sampler, -log q from `pathGuide`,
 * whose gradient goes through the draw only; for all other sites, `cost`.
 */
function pathwiseCost(cost: Cost, pathGuide: Trace): Cost {
  const site = cost.side === "guide" && cost.isDifferentiated ? pathGuide.get(cost.site) : undefined;
  return site?.type === "sample" && isDraw(site) ? costOf(site, "guide", true) : cost;
}

/** The sum of all costs. Costs whose `isDifferentiated` is false have no gradient. */
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
 * Pyro's Trace_ELBO: every score site is charged with every cost (Ranganath et al. 2014, "Black box variational inference"). If the cost
 * depends on the site, each element of the site is charged only with the elements of the cost that depend on it. If not, it is charged
 * element by element along the plates that contain both (plate-wise Rao-Blackwellisation).
 *
 * @example
 * const program = () => sample("z", new Normal(0, 1));
 * new TraceELBO().loss(random.key(0), {}, program, program).item() // 0
 */
export class TraceELBO extends ScoreElbo {
  override get name(): string {
    return "TraceELBO";
  }
  /** Whether the guide draws several samples at once (multiSample.ts). */
  readonly multiSampleGuide: boolean;

  constructor(options: ScoreElboOptions & { multiSampleGuide?: boolean } = {}) {
    super(options, { multiSampleGuide: kinds.flag });
    this.multiSampleGuide = options.multiSampleGuide ?? false;
    if (!this.multiSampleGuide) return;
    const unused = this.stickingTheLanding ? "stickingTheLanding" : this.numParticles > 1 ? "numParticles" : null;
    if (unused !== null)
      refuseOption(this.name, unused, `${unused} has no effect with multiSampleGuide. Leave one of the two out.`);
  }

  override estimate(task: Task): Outcome {
    return this.multiSampleGuide ? multiSampleEstimate(task) : super.estimate(task);
  }

  override drawsForModel(guide: Trace): Trace {
    return this.multiSampleGuide ? firstSamples(guide) : guide;
  }

  payers(_: Cost, sites: ReadonlyMap<string, ScoreSite>): Iterable<ScoreSite> {
    return sites.values();
  }
}

/**
 * Pyro's TraceGraph_ELBO: a score site is charged only with the costs that depend on the site, that is, have the site in their
 * provenance (Schulman et al. 2015). As in TraceELBO, a site has a baseline only if its `infer.baseline` asks for a baseline.
 *
 * @example
 * const program = () => sample("z", new Bernoulli(0.5));
 * new TraceGraphELBO().loss(random.key(0), {}, program, program).item() // 0
 */
export class TraceGraphELBO extends ScoreElbo {
  override get name(): string {
    return "TraceGraphELBO";
  }
  payers(cost: Cost, sites: ReadonlyMap<string, ScoreSite>): Iterable<ScoreSite> {
    return sitesIn(cost, sites);
  }
}
