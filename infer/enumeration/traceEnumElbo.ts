/**
 * The estimator that sums out discrete sites exactly. First the sites that only the model enumerates are summed out (sumProduct.ts). Then
 * the mean of each remaining term, over the sites that the guide enumerates, is an exact sum (expectation.ts). The ELBO is the sum of these
 * means.
 */
import { logsumexp, neg, stopGradient, type Tensor } from "../../autodiff/index.js";
import * as kinds from "../../provenance/base/kinds.js";
import { getProvenance } from "../../provenance/index.js";
import { sitesIn } from "../elbo/costs/charge.js";
import {
  asksForClosedForm,
  closedForm,
  parentsOf,
  refuseClosedForm,
  sitesOfLatent,
} from "../elbo/costs/closedForms.js";
import { type ScoreSite, scoreSitesOf, sumOfAll } from "../elbo/costs/costs.js";
import { gradientFrom } from "../elbo/costs/gradientFrom.js";
import { Elbo, type ElboOptions } from "../elbo/elbo.js";
import { scoreSitesThatWereRead } from "../elbo/particles/hostReads.js";
import type { Cost, Outcome, Task } from "../elbo/particles/pair.js";
import { inEveryParticle } from "../elbo/particles/particles.js";
import type { SubsamplingOptions } from "../elbo/particles/subsampling.js";
import type { Handler } from "../program/messages.js";
import { isScoreSite, type SampleSite, sampleSites } from "../program/trace.js";
import {
  checkCovered,
  type EnumeratedPair,
  modelFactor,
  platedFactor,
  plateScalesOf,
  platesOf,
  refuseSubsampledProducts,
  runEnumerated,
  siteFactor,
  variablesIn,
} from "./enumeration.js";
import { expectation, type Term } from "./expectation.js";
import { runSequentially, type SequentialChoice, type SequentialRun } from "./sequential.js";
import { type PlatedFactor, sumProduct } from "./sumProduct.js";

/** The runs of one particle: one for every combination of values of its sequential sites, or a single run if it has none. */
interface EnumeratedParticle extends EnumeratedPair {
  readonly alternatives: readonly SequentialRun<EnumeratedPair>[];
}

/**
 * Estimates the negative ELBO, with every enumerated site summed out exactly:
 *
 *     loss = -E_q[ log Σ_m p(x, z, m) - log q(z) ]
 *
 * where m are the sites enumerated in the model only. The mean over sites that the guide enumerates is a weighted sum over their values.
 * Other latents are sampled, with pathwise or score-function gradients. The sum over m is computed plate by plate (tensor variable
 * elimination, Obermeyer et al. 2019).
 *
 * Choose this estimator for latents with few values, such as the components of a mixture or the states of a hidden Markov model
 * (with `markov`): an enumerated site adds no variance to the gradient. Time and memory of a step grow with the number of
 * combinations of values that enter the same term.
 *
 * Refused: `enumerate` at a distribution without finite support; a sum over more than 2^26 combinations of values;
 * sites that are coupled across plates or across the elements of a plate, so that the sum would need every combination
 * of the values of all elements (error codes `intractable` and `mixed-plate`); an op that removes the dim of an enumerated site; a
 * batch dim that no plate declares; the site option `baseline`; and, unless `biasedSubsampling` is true, an enumerated site of the model
 * that is outside a subsampled plate while a site inside the plate depends on it. The option `gradient` has no effect at enumerated sites.
 *
 * @example
 * const z = () => sample("z", new Bernoulli(0.5), { infer: { enumerate: "parallel" } });
 * const model = () => sample("x", new Normal(z().mul(3), 1), { obs: 2 });
 * new TraceEnumELBO().loss(random.key(0), {}, model, () => {}).item() // 1.9107
 */
export class TraceEnumELBO extends Elbo<EnumeratedParticle> {
  override get name(): string {
    return "TraceEnumELBO";
  }
  override readonly hasEnumeration = true;
  override readonly hasClosedForms = true;
  readonly biasedSubsampling: boolean;
  #hasWarned = false;

  constructor(options: ElboOptions & SubsamplingOptions = {}) {
    super(options, { biasedSubsampling: kinds.flag });
    this.biasedSubsampling = options.biasedSubsampling ?? false;
  }

  payers(cost: Cost, sites: ReadonlyMap<string, ScoreSite>): Iterable<ScoreSite> {
    return sitesIn(cost, sites);
  }

  estimate(task: Task): Outcome {
    const { results, shared, mutableState } = inEveryParticle(this, task, (particle: EnumeratedParticle) => [
      { elbo: sumOfAll(this.costs(particle).map(({ value }) => value)) },
      particle.alternatives.some(({ result }) => [...sampleSites(result.guide)].some(isSampledScore)),
    ]);
    const loss = neg((results.elbo as Tensor).mean(0));
    return { loss: shared.includes(true) ? gradientFrom(loss, loss, this.name) : loss, mutableState };
  }

  runParticle(key: Tensor, task: Task): EnumeratedParticle {
    const alternatives = runSequentially((handler) => {
      const run = (...handlers: Handler[]) => runEnumerated(key, task, this.maxPlateNesting, handler, ...handlers);
      return scoreSitesThatWereRead(run(), run);
    });
    const [{ result: pair }] = alternatives;
    if (
      this.strictEnumerationWarning &&
      alternatives.length === 1 &&
      pair.guideDims.dimOf.size + pair.modelDims.dimOf.size === 0
    )
      this.#warn();
    return { ...pair, alternatives };
  }

  /** Warn, once per estimator, that no site is enumerated, which is probably a mistake. */
  #warn(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    console.warn(
      'pedigrad: TraceEnumELBO found no site to enumerate. Mark sites with infer: { enumerate: "parallel" } or configEnumerate, use TraceGraphELBO, or silence this warning with strictEnumerationWarning: false.',
    );
  }

  /** The mean of every term over enumerated sites, with its gradient. */
  costs({ alternatives }: EnumeratedParticle): Cost[] {
    return alternatives.flatMap(({ result: run, choices }) => {
      checkCovered(run);
      return expectedTerms(run, probabilityOf(choices, run), this.biasedSubsampling);
    });
  }

  /** A cost that is summed over several sites has the name of only one of these sites, so look at all log densities first. */
  protected override nonFiniteSitesOf(particle: EnumeratedParticle): SampleSite[] {
    const nonFinite = particle.alternatives
      .flatMap(({ result: { guide, model } }) => [...sampleSites(guide), ...sampleSites(model)])
      .filter((site) => site.masked(site.logProb()).toFloat64Array().some(Number.isNaN));
    return nonFinite.length > 0 ? nonFinite : super.nonFiniteSitesOf(particle);
  }
}

/** The probability under the guide of the values that sequential sites take in this run; null if there are no such sites. */
const probabilityOf = (choices: readonly SequentialChoice[], { guide }: EnumeratedPair): Tensor | null =>
  choices.reduce<Tensor | null>((product, { name }) => {
    const q = (guide.get(name) as SampleSite).unmasked().logProb().exp();
    return product === null ? q : product.mul(q);
  }, null);

function expectedTerms(run: EnumeratedPair, choiceProbability: Tensor | null, biasedSubsampling: boolean): Cost[] {
  const guideSites = [...sampleSites(run.guide)];
  const scores = scoreSitesOf(run.guide).filter(({ site }) => isSampledScore(site));
  const scales = plateScalesOf([...guideSites, ...sampleSites(run.model)]);
  const closed = closedFormTerms(run);
  const sampled = guideSites.filter((site) => !closed.has(site.name));
  const terms = [
    ...closed.values(),
    ...sampled.map((site) => guideTerm(site, run)),
    ...modelTerms(run, scales, biasedSubsampling, (name) => closed.has(name)),
  ];
  const context = { run, scores, choiceProbability, cache: new Map() };
  return terms.map((term) => {
    const power = [...term.plates].reduce((product, plate) => product * (scales.get(plate) ?? 1), 1);
    const expected = expectation(term, context);
    const value = power === 1 ? expected : expected.mul(power);
    return {
      site: term.sites[0] as string,
      side: term.side,
      value,
      plates: [],
      provenance: getProvenance(value),
      isDifferentiated: true,
    };
  });
}

/** Whether a site is sampled (not enumerated) and has no pathwise sampler. */
const isSampledScore = (site: SampleSite): boolean => isScoreSite(site) && site.infer.enumerate == null;

/** -KL(q || p) in closed form for the sites that ask for it, by name. */
function closedFormTerms(run: EnumeratedPair): Map<string, Term> {
  const terms = new Map<string, Term>();
  for (const site of sampleSites(run.guide)) {
    const sides = sitesOfLatent(run, site.name);
    if (sides === null || !asksForClosedForm(...sides)) continue;
    const [, p] = sides;
    const parents = withAncestors(parentsOf(p), run);
    const enumeratedParent = [...parents].find((name) => run.modelDims.dimOf.has(name));
    if (enumeratedParent !== undefined)
      refuseClosedForm(
        "TraceEnumELBO",
        site.name,
        `its prior depends on the enumerated site "${enumeratedParent}" of the model`,
      );
    const kl = closedForm("TraceEnumELBO", ...sides, parents) as Tensor;
    terms.set(site.name, { ...platedFactor(site, neg(kl), run), side: "guide" });
  }
  return terms;
}

/**
 * `names` and all their ancestors among the guide's sites. Provenance alone does not list the ancestors of an enumerated
 * site, because its values (the support) depend only on the site itself.
 */
function withAncestors(names: Iterable<string>, { guide }: EnumeratedPair): Set<string> {
  const ancestors = new Set(names);
  for (const name of ancestors) {
    const site = guide.get(name);
    if (site?.type === "sample") for (const parent of site.logProb().provenance) ancestors.add(parent);
  }
  return ancestors;
}

/** -log q of a guide site, masked. For a sampled score site the term is a constant, since the gradient of -log q has mean 0. */
function guideTerm(site: SampleSite, run: EnumeratedPair): Term {
  const cost = (logq: Tensor): Tensor => neg(isSampledScore(site) ? stopGradient(logq) : logq);
  return {
    ...platedFactor(site, site.masked(cost(site.logProb())), run),
    side: "guide",
    elements: elementwiseFactor(site, run, cost),
  };
}

/** The cost of a site before the sum over element axes inside its event; undefined if the event has no such axes. */
function elementwiseFactor(
  site: SampleSite,
  run: EnumeratedPair,
  cost: (logProb: Tensor) => Tensor = (logp) => logp,
): Term["elements"] {
  const { elementDim } = site.fn;
  if (elementDim === 0) return undefined;
  return () => siteFactor(site, site.masked(cost(site.elements()), elementDim), run, elementDim);
}

/** The terms of the model, with the sites that only the model enumerates summed out. */
function modelTerms(
  run: EnumeratedPair,
  plateScales: ReadonlyMap<string, number>,
  biasedSubsampling: boolean,
  isClosed: (name: string) => boolean,
): Term[] {
  const sites = [...sampleSites(run.model)].filter(({ name }) => !isClosed(name));
  const guidePlates = new Map([...sampleSites(run.guide)].map((site) => [site.name, platesOf(site)]));
  const variables = variablesIn(sites, run);
  const factors = sites.map((site) => ({ ...modelFactor(site, run), elements: elementwiseFactor(site, run) }));
  refuseSubsampledProducts("TraceEnumELBO", sites, factors, run, biasedSubsampling);
  const dependsOnVariable = (f: PlatedFactor) => f.factor.names.some((name) => variables.has(name));
  const withoutVariables = factors.filter((f) => !dependsOnVariable(f));
  const marginals = sumProduct(
    { factors: factors.filter(dependsOnVariable), variables, plateScales, guidePlates },
    logsumexp,
  );
  return [...withoutVariables, ...marginals].map((term) => ({ ...term, side: "model" as const }));
}
