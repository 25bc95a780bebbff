/**
 * The mean of one term t of the ELBO under the guide. It is an exact sum over the guide's enumerated sites, and a score-function estimate
 * over its sampled sites:
 *
 *     Σ_plates Σ_enumerated q(enumerated) · t · exp(L - stopGradient(L)).
 *
 * Here q(enumerated) is the joint probability of the enumerated sites on which t or L depends; their enumerated ancestors are summed out.
 * L is the sum of log q over the sampled score sites on which t, its scale or q(enumerated) depends. (`dependenciesOf` finds both sets of
 * sites together, since each depends on the other.) The last factor has the value 1 and the gradient of these score sites (DiCE, Foerster
 * et al. 2018). As in charge.ts, if an axis of log q meets an axis of t, element i of log q pays for element i of t only; along other axes,
 * every element of log q pays for all of t.
 */
import { type Tensor, where } from "../../autodiff/index.js";
import { refuseSite } from "../checks.js";
import type { ScoreSite } from "../elbo/costs/costs.js";
import { oneWithScore } from "../elbo/costs/dice.js";
import { warnOfMixing } from "../elbo/costs/mixedPlates.js";
import type { PlateFrame } from "../program/messages.js";
import type { SampleSite } from "../program/trace.js";
import { eliminate, type SumOver } from "./eliminate.js";
import { type EnumeratedPair, siteFactor } from "./enumeration.js";
import {
  type Combine,
  elementName,
  type Factor,
  isElementName,
  isPlateName,
  multiply,
  nameAlong,
  plateName,
  reduceNames,
} from "./factors.js";
import type { PlatedFactor } from "./sumProduct.js";

/** A term of the ELBO with its plates. `elements` returns the term's factor before the sum over element axes inside the event. */
export interface Term extends PlatedFactor {
  readonly side: "model" | "guide";
  readonly elements?: (() => Factor) | undefined;
}

/** Data about a run that all its terms need. */
export interface TermContext {
  readonly run: EnumeratedPair;
  /** The sampled sites of the guide that have a score-function gradient. */
  readonly scores: readonly ScoreSite[];
  /** The probability of the values that sequential sites take in this run; null if there are no such sites. */
  readonly choiceProbability: Tensor | null;
  /** The conditional probabilities of the guide's enumerated sites that have been computed so far, by name. */
  readonly cache: Map<string, Factor>;
}

/** The mean of a term, a scalar. It includes the residual scale of the term but not the subsampling scales of its plates. */
export function expectation(term: Term, context: TermContext): Tensor {
  const { scores, choiceProbability } = context;
  const factor = chargeableFactor(term, scores);
  const { enumeratedSites, probabilities, scoreFactors } = dependenciesOf(term, factor, context);
  const ancestors = new Set([...probabilities.keys()].filter((name) => !enumeratedSites.has(name)));
  const weights = eliminate(probabilities.values(), ancestors, sum, mul);
  if (choiceProbability !== null) weights.push({ names: [], value: choiceProbability.reshape([]) });
  let product = term.scale === null ? factor : multiply([factor, term.scale], mul);
  if (scoreFactors.length > 0) {
    const { names, value } = multiply(scoreFactors);
    product = multiply([product, { names, value: oneWithScore(value) }], mul);
  }
  return (weights.length === 0 ? product : multiply([multiply(weights, mul), product], weighted)).value.sum();
}

const sum: SumOver = (x, axes) => x.sum(axes);
const mul: Combine = (a, b) => a.mul(b);
/** q · t. If q is 0, the product is 0 even if t is not finite. */
const weighted: Combine = (q, t) => q.mul(where(q.equal(0).logicalAnd(t.isFinite().logicalNot()), 0, t));

/**
 * The factor of a term. If an axis of some score site meets one of the term's element axes inside the event, the factor
 * keeps these axes; otherwise they are summed.
 */
function chargeableFactor({ factor, elements }: Term, scores: readonly ScoreSite[]): Factor {
  if (elements === undefined || scores.every(({ name }) => !factor.value.provenance.has(name))) return factor;
  const elementwise = elements();
  const isMet = ({ name, axes }: ScoreSite): boolean =>
    axes.some((axis) => isElementName(nameAlong(elementwise, name, axis) ?? ""));
  return scores.some(isMet) ? elementwise : factor;
}

interface Dependencies {
  /** The enumerated sites on which the term, its scale, or log q of a site in `scoreFactors`, depends. */
  readonly enumeratedSites: ReadonlySet<string>;
  /** The conditional probabilities of the sites in `enumeratedSites` and of their enumerated ancestors, by name. */
  readonly probabilities: ReadonlyMap<string, Factor>;
  /** log q of every sampled score site on which the term, its scale or one of these probabilities depends. */
  readonly scoreFactors: readonly Factor[];
}

function dependenciesOf({ plates, sites, scale }: Term, factor: Factor, context: TermContext): Dependencies {
  const { run, scores, choiceProbability } = context;
  const isEnumerated = (name: string): boolean => run.guideDims.dimOf.has(name);
  const names = [...factor.names, ...(scale?.names ?? [])];
  const enumeratedSites = new Set(names.filter(isEnumerated));
  const probabilities = new Map<string, Factor>();
  const dependents: Factor[] = scale === null ? [factor] : [factor, scale];
  if (choiceProbability !== null) dependents.push({ names: [], value: choiceProbability });
  const addProbabilities = (dims: readonly string[]): void => {
    for (const name of dims.filter(isEnumerated).reverse()) {
      if (probabilities.has(name)) continue;
      const probability = probabilityOf(name, context);
      probabilities.set(name, probability);
      dependents.push(probability);
      addProbabilities(probability.names);
    }
  };
  addProbabilities(names);
  const scoreFactors = new Map<ScoreSite, Factor>();
  // log q of a score site may depend on more enumerated sites, and their probabilities on more score sites. Repeat until nothing is added.
  for (let countBefore = -1; countBefore < scoreFactors.size; ) {
    countBefore = scoreFactors.size;
    for (const d of scores) {
      if (scoreFactors.has(d) || dependents.every(({ value }) => !value.provenance.has(d.name))) continue;
      const logq = siteFactor(d.site, d.site.unmasked().elements(), run, d.elementDim);
      scoreFactors.set(d, logq);
      for (const name of logq.names.filter(isEnumerated)) enumeratedSites.add(name);
      addProbabilities(logq.names);
    }
  }
  requireInsidePlates(plates, probabilities);
  return {
    enumeratedSites,
    probabilities,
    scoreFactors: [...scoreFactors].map(([d, logq]) =>
      alignToDependents(d, logq, dependents, isEnumerated, sites[0] as string),
    ),
  };
}

function probabilityOf(name: string, { run, cache }: TermContext): Factor {
  const cached = cache.get(name);
  if (cached !== undefined) return cached;
  const site = run.guide.get(name) as SampleSite;
  const logq = siteFactor(site, site.unmasked().logProb(), run);
  const probability = { names: logq.names, value: logq.value.exp() };
  cache.set(name, probability);
  return probability;
}

/**
 * log q of the score site d, as a factor that multiplies the term named `term`. If an axis of log q meets axes of one name in all
 * factors that depend on d, the axis gets this name; otherwise it is summed. Axes of enumerated sites keep their names.
 */
function alignToDependents(
  d: ScoreSite,
  logq: Factor,
  factors: readonly Factor[],
  isEnumerated: (name: string) => boolean,
  term: string,
): Factor {
  const dependents = factors.filter(({ value }) => value.provenance.has(d.name));
  const names: string[] = [];
  const summedNames: string[] = [];
  for (const name of logq.names) {
    const axis = d.axes.find((a) => nameOf(d, a) === name);
    const namesMet = axis === undefined ? [] : dependents.map((factor) => nameAlong(factor, d.name, axis));
    const [nameMet] = namesMet;
    const isMet = nameMet != null && namesMet.every((n) => n === nameMet) && !names.includes(nameMet);
    if (isEnumerated(name)) names.push(name);
    else if (isMet) names.push(nameMet);
    else {
      summedNames.push(name);
      if (axis !== undefined) warnOfMixedPlate(d, name, axis, dependents, term);
    }
  }
  const { value } = reduceNames(logq, summedNames, sum);
  return { names, value };
}

/** The name of an element axis of a score site in the factor of its log density. */
function nameOf({ site, elementDim }: ScoreSite, axis: number): string | undefined {
  if (axis <= elementDim) return elementName(axis);
  const plate = site.plates.find(({ dim }) => dim === elementDim - axis);
  return plate && plateName(plate.name);
}

/** Warn if a dependent factor is in a plate of d, but the axes of the two do not meet along this plate. */
function warnOfMixedPlate(
  d: ScoreSite,
  plate: string,
  axis: number,
  dependents: readonly Factor[],
  term: string,
): void {
  const mixed = dependents.find((f) => f.names.includes(plate) && nameAlong(f, d.name, axis) !== plate);
  if (!isPlateName(plate) || mixed === undefined) return;
  const frame = d.site.plates.find(({ name }) => plateName(name) === plate) as PlateFrame;
  warnOfMixing(d.name, frame, mixed.value.provenance.mixedBy(d.name, -axis), term);
}

/** Refuse a term outside a plate that depends on a site enumerated inside the plate. */
function requireInsidePlates(plates: ReadonlySet<string>, probabilities: ReadonlyMap<string, Factor>): void {
  const within = new Set([...plates].map(plateName));
  for (const [site, { names }] of probabilities) {
    const outside = names.find((name) => isPlateName(name) && !within.has(name));
    if (outside === undefined) continue;
    refuseSite(
      "intractable",
      site,
      `a term outside plate "${outside.slice(plateName("").length)}" depends on site "${site}", which is enumerated inside the plate. The mean would need every combination of values of all elements. Sample "${site}" instead, or make the plate sequential.`,
    );
  }
}
