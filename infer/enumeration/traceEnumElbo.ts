/**
 * TraceEnumELBO: discrete sites summed out exactly. Sites enumerated in the guide give an exact expectation; enumerated sites of
 * the model that the guide lacks are eliminated (sumProduct.ts); whatever else is sampled is differentiated by path or by score.
 * With t running over the terms that remain,
 *
 *     ELBO = Σ_t scale_t Σ_plates Σ_enumerated q(enumerated sites of t) · t · exp(L_t - stopGradient(L_t)),
 *
 * L_t the log q of the score sites in t's provenance: the last factor is 1 and carries their gradient (DiCE, Foerster et al. 2018).
 */
import { gate, logsumexp, neg, stopGradient, type Tensor, tensor, where } from "../../autodiff/index.js";
import { getProvenance } from "../../provenance/index.js";
import { kinds } from "../checks.js";
import { asksForClosedForm, bothSides, closedForm } from "../elbo/costs/closedForms.js";
import { isScoreSite } from "../elbo/costs/costs.js";
import { Elbo, type ElboOptions } from "../elbo/elbo.js";
import { withReadsScored } from "../elbo/particles/hostReads.js";
import type { Cost, Outcome, Pair, Task } from "../elbo/particles/pair.js";
import type { SubsamplingOptions } from "../elbo/particles/subsampling.js";
import type { Messenger } from "../program/messages.js";
import { type SampleSite, sampleSites } from "../program/trace.js";
import {
  checkCovered,
  type EnumeratedPair,
  guideFactor,
  modelFactor,
  plateScalesOf,
  platesOf,
  refuseSubsampledProducts,
  residualScale,
  runEnumerated,
} from "./enumeration.js";
import { type Factor, multiply, plateName, reduceNames } from "./factors.js";
import { inSequence, type SequentialChoice } from "./sequential.js";
import { type Plated, sumProduct } from "./sumProduct.js";

/** A term of the ELBO: its factor, in plates, and what multiplies it. */
interface Term extends Plated {
  readonly side: "model" | "guide";
}

export class TraceEnumELBO extends Elbo {
  readonly name = "TraceEnumELBO";
  readonly biasedSubsampling: boolean;
  #hasWarned = false;

  constructor(options: ElboOptions & SubsamplingOptions = {}) {
    super(options, { biasedSubsampling: kinds.flag });
    this.biasedSubsampling = options.biasedSubsampling ?? false;
  }

  charged(cost: Cost, site: { readonly name: string }): boolean {
    return cost.provenance.has(site.name);
  }

  protected estimate(task: Task): Outcome {
    const { results, mutableState } = this.runs(task, (pair) => ({ elbo: total(this.costs(pair)) }));
    return { loss: neg((results.elbo as Tensor).mean(0)), mutableState };
  }

  protected override runPair(key: Tensor, task: Task, plates: Messenger): Pair {
    const choices: SequentialChoice[][] = [];
    const runs = inSequence((messenger, made) => {
      choices.push(made);
      return withReadsScored((...own) => runEnumerated(key, task, this.maxPlateNesting, plates, messenger, ...own));
    });
    const pair = runs[0] as EnumeratedPair;
    if (
      this.strictEnumerationWarning &&
      runs.length === 1 &&
      pair.guideDims.dimOf.size + pair.modelDims.dimOf.size === 0
    )
      this.#warn();
    return { ...pair, alternatives: runs, choices } as Pair;
  }

  /** Once for each estimator: nothing is enumerated, which is seldom meant. */
  #warn(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    console.warn(
      'pedigrad: TraceEnumELBO found no site to enumerate. Mark sites with infer: { enumerate: "parallel" } or configEnumerate, use TraceGraphELBO, or say so with strictEnumerationWarning: false.',
    );
  }

  /** The terms, expected over enumerated sites, each with its gradient. */
  override costs(pair: Pair): Cost[] {
    const { alternatives, choices } = pair as Pair & { alternatives: EnumeratedPair[]; choices: SequentialChoice[][] };
    return alternatives.flatMap((run, i) => {
      checkCovered(run);
      const chosen = (choices[i] ?? []).reduce<Tensor | null>((product, { name }) => {
        const q = (run.guide.get(name) as SampleSite).logProb().exp();
        return product === null ? q : product.mul(q);
      }, null);
      return expectedTerms(run, this.biasedSubsampling).map((cost) =>
        chosen === null ? cost : { ...cost, value: gate(chosen, cost.value) },
      );
    });
  }
}

const total = (costs: readonly Cost[]): Tensor => costs.reduce((sum, { value }) => sum.add(value.sum()), tensor(0));

function expectedTerms(run: EnumeratedPair, biasedSubsampling: boolean): Cost[] {
  const guideSites = [...sampleSites(run.guide)];
  const scores = guideSites.filter(isSampledScore);
  const scales = plateScalesOf([...guideSites, ...sampleSites(run.model)]);
  const closed = closedTerms(run);
  const sampled = guideSites.filter((site) => !closed.has(site.name));
  const terms = [
    ...closed.values(),
    ...sampled.map((site) => guideTerm(site, run)),
    ...modelTerms(run, scales, biasedSubsampling, (name) => closed.has(name)),
  ];
  return terms.map((term) => {
    const power = [...term.plates].reduce((product, plate) => product * (scales.get(plate) ?? 1), 1);
    const expected = expectation(term.factor, run, scores);
    const scaled = power === 1 ? expected : expected.mul(power);
    const value = term.scale === 1 ? scaled : scaled.mul(term.scale);
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

/** A site that is neither enumerated nor has a pathwise sampler. */
const isSampledScore = (site: SampleSite): boolean => isScoreSite(site) && site.infer.enumerate == null;

/** -KL(q || p) of the sites that ask for it in closed form, by name. */
function closedTerms(run: EnumeratedPair): Map<string, Term> {
  const terms = new Map<string, Term>();
  for (const site of sampleSites(run.guide)) {
    const sides = bothSides(run, site.name);
    if (sides === null || !asksForClosedForm(...sides)) continue;
    const kl = closedForm("TraceEnumELBO", ...sides) as Tensor;
    const factor = guideFactor(site, neg(kl), run);
    terms.set(site.name, {
      factor,
      plates: platesOf(site),
      scale: residualScale(site),
      sites: [site.name],
      side: "guide",
    });
  }
  return terms;
}

/** -log q of a guide site, masked; for a score site without its own gradient, whose mean is 0. */
function guideTerm(site: SampleSite, run: EnumeratedPair): Term {
  const logq = isSampledScore(site) ? stopGradient(site.logProb()) : site.logProb();
  const value = neg(site.mask === null ? logq : where(site.mask, logq, 0));
  return {
    factor: guideFactor(site, value, run),
    plates: platesOf(site),
    scale: residualScale(site),
    sites: [site.name],
    side: "guide",
  };
}

/** The model's factors with its own enumerated sites summed out. */
function modelTerms(
  run: EnumeratedPair,
  plateScales: ReadonlyMap<string, number>,
  biasedSubsampling: boolean,
  isClosed: (name: string) => boolean,
): Term[] {
  const sites = [...sampleSites(run.model)].filter(({ name }) => !isClosed(name));
  const inGuide = new Map([...sampleSites(run.guide)].map((site) => [site.name, platesOf(site)]));
  const variables = new Map(
    sites.filter((site) => run.modelDims.dimOf.has(site.name)).map((site) => [site.name, platesOf(site)]),
  );
  const factors = sites.map((site) => modelFactor(site, run));
  if (!biasedSubsampling) refuseSubsampledProducts("TraceEnumELBO", sites, factors, run, true);
  const touched = (f: Plated) => f.factor.names.some((name) => variables.has(name));
  const plain = factors.filter((f) => !touched(f));
  const summed = sumProduct(
    { factors: factors.filter(touched), variables, plateScales, pinned: (name) => inGuide.get(name) },
    logsumexp,
  );
  return [...plain, ...summed].map((term) => ({ ...term, side: "model" as const }));
}

/** Σ over plates and enumerated sites of q · term · exp(L - stopGradient(L)). */
function expectation(factor: Factor, run: EnumeratedPair, scores: readonly SampleSite[]): Tensor {
  const { provenance } = factor.value;
  const plates = new Set(factor.names);
  let term = factor;
  const dice = scores
    .filter((d) => provenance.has(d.name))
    .map((d) => {
      const logq = guideFactor(d, d.logProb(), run);
      // Along plates that the term does not have, all elements are charged.
      const outside = logq.names.filter((name) => name.startsWith(plateName("")) && !plates.has(name));
      return reduceNames(logq, outside, (x, axes) => x.sum(axes));
    });
  if (dice.length > 0) {
    const l = multiply(dice);
    const one: Factor = { names: l.names, value: l.value.sub(stopGradient(l.value)).exp() };
    term = multiply([term, one], (a, b) => a.mul(b));
  }
  const weight = marginal(
    term.names.filter((name) => run.guideDims.dimOf.has(name)),
    run,
  );
  if (weight === null) return term.value.sum();
  const q: Factor = { names: weight.names, value: weight.value.exp() };
  return multiply([q, term], (a, b) => gate(a, b)).value.sum();
}

/** log q of the named enumerated sites together, their enumerated ancestors summed out; null for none. */
function marginal(names: readonly string[], run: EnumeratedPair): Factor | null {
  if (names.length === 0) return null;
  const needed = new Set(names);
  const factors: Factor[] = [];
  for (const name of needed) {
    const site = run.guide.get(name) as SampleSite;
    const factor = guideFactor(site, site.logProb(), run);
    factors.push(factor);
    for (const other of factor.names) if (run.guideDims.dimOf.has(other)) needed.add(other);
  }
  let joint = multiply(factors);
  for (const name of needed) if (!names.includes(name)) joint = reduceNames(joint, [name], logsumexp);
  return joint;
}
