/**
 * The mean of one term t under the guide: exact over its enumerated sites, by their score over its sampled ones,
 *
 *     Σ_plates Σ_enumerated q(enumerated) · t · exp(L - stopGradient(L)).
 *
 * q(enumerated) is the joint probability of the enumerated sites on which t or L depends, their ancestors summed out. L is the sum of
 * log q over the sampled score sites on which t depends or any of these probabilities: the last factor is 1, and carries their
 * gradient (DiCE, Foerster et al. 2018).
 */
import { PedigradError, type Tensor, where } from "../../autodiff/index.js";
import { oneWithScore } from "../elbo/costs/dice.js";
import type { SampleSite } from "../program/trace.js";
import { eliminate, type SumOver } from "./eliminate.js";
import { type EnumeratedPair, guideFactor } from "./enumeration.js";
import { type Combine, type Factor, isPlateName, multiply, plateName, reduceNames } from "./factors.js";
import type { Plated } from "./sumProduct.js";

/** The mean of a term, scaled except for its plates: a scalar. `chosen` is the probability of the sites enumerated in sequence. */
export function expectation(
  term: Plated,
  run: EnumeratedPair,
  scores: readonly SampleSite[],
  chosen: Tensor | null,
): Tensor {
  const { kept, probabilities, charged } = dependenciesOf(term, run, scores, chosen);
  const ancestors = new Set([...probabilities.keys()].filter((name) => !kept.has(name)));
  const weights = eliminate(probabilities.values(), ancestors, sum, mul);
  if (chosen !== null) weights.push({ names: [], value: chosen.reshape([]) });
  let product = term.scale === null ? term.factor : multiply([term.factor, term.scale], mul);
  if (charged.length > 0) {
    const { names, value } = multiply(charged);
    product = multiply([product, { names, value: oneWithScore(value) }], mul);
  }
  return (weights.length === 0 ? product : multiply([multiply(weights, mul), product], weighted)).value.sum();
}

const sum: SumOver = (x, axes) => x.sum(axes);
const mul: Combine = (a, b) => a.mul(b);
/** q · t, where a state of probability 0 counts for nothing even if its log density is infinite. */
const weighted: Combine = (q, t) => q.mul(where(q.equal(0).logicalAnd(t.isFinite().logicalNot()), 0, t));

interface Dependencies {
  /** The enumerated sites that the term depends on, or the score of a sampled site. */
  readonly kept: ReadonlySet<string>;
  /** The conditional probabilities of these and of their enumerated ancestors, by name. */
  readonly probabilities: ReadonlyMap<string, Factor>;
  /** log q of every sampled site that the term or one of these probabilities depends on. */
  readonly charged: readonly Factor[];
}

function dependenciesOf(
  { factor, plates }: Plated,
  run: EnumeratedPair,
  scores: readonly SampleSite[],
  chosen: Tensor | null,
): Dependencies {
  const isEnumerated = (name: string): boolean => run.guideDims.dimOf.has(name);
  const kept = new Set(factor.names.filter(isEnumerated));
  const probabilities = new Map<string, Factor>();
  const charged = new Map<string, Factor>();
  const dependents: Factor[] = [factor];
  if (chosen !== null) dependents.push({ names: [], value: chosen });
  // The list grows while it is read: a probability may depend on further sites, and so may the score of one of these.
  for (const { names, value } of dependents) {
    for (const name of names) {
      if (!isEnumerated(name) || probabilities.has(name)) continue;
      const site = run.guide.get(name) as SampleSite;
      const logq = guideFactor(site, site.logProb(), run);
      const probability = { names: logq.names, value: logq.value.exp() };
      probabilities.set(name, probability);
      dependents.push(probability);
    }
    for (const site of scores) {
      if (charged.has(site.name) || !value.provenance.has(site.name)) continue;
      const logq = guideFactor(site, site.logProb(), run);
      charged.set(site.name, logq);
      dependents.push(logq);
      for (const name of logq.names) if (isEnumerated(name)) kept.add(name);
    }
  }
  const within = new Set([...plates].map(plateName));
  for (const [name, { names }] of probabilities) {
    const outside = names.find((other) => isPlateName(other) && !within.has(other));
    if (outside !== undefined) throw leavesItsPlate(name, outside);
  }
  return {
    kept,
    probabilities,
    charged: [...charged].map(([name, logq]) => {
      const has = dependents.filter(({ value }) => value.provenance.has(name)).map(({ names }) => names);
      // Along plates that one of them does not have, all elements are charged.
      const unshared = logq.names.filter((plate) => isPlateName(plate) && has.some((names) => !names.includes(plate)));
      return reduceNames(logq, unshared, sum);
    }),
  };
}

const leavesItsPlate = (site: string, plate: string): PedigradError =>
  new PedigradError({
    code: "intractable",
    site,
    message: `a term outside plate "${plate.slice(plateName("").length)}" depends on site "${site}", which is enumerated inside it: its mean would take every combination of the plate's elements. Sample "${site}", or make the plate sequential.`,
  });
