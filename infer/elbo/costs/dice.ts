/**
 * An expression for the ELBO whose derivatives of every order are unbiased (DiCE, Foerster et al. 2018; baselines as in Farquhar et
 * al. 2019). For each element of a cost c, let L_c be the sum of log q over all elements of score sites that pay for this element of c.
 * For each score site d, let l_d = log q(d), and let b_d be its baseline. Then
 *
 *     ELBO = Σ_c c · exp(L_c - stopGradient(L_c)) + Σ_d stopGradient(b_d) · (1 - exp(l_d - stopGradient(l_d))).
 *
 * The factor of c has the value 1, and the factor of b_d the value 0. Unlike in costs.ts, the cost -log q of a score site keeps its own
 * gradient.
 */
import { stopGradient, type Tensor, tensor } from "../../../autodiff/index.js";
import type { Cost } from "../particles/pair.js";
import { alignedCost, type Payers } from "./charge.js";
import type { ScoreSite } from "./costs.js";
import { gradientFrom } from "./gradientFrom.js";
import { type Meeting, sumToMeetings } from "./meetings.js";

/** exp(l - stopGradient(l)): the number 1, with the derivatives of exp(l) divided by exp(l). */
export const oneWithScore = (l: Tensor): Tensor => l.sub(stopGradient(l)).exp();

/** The first sum above: all costs, each multiplied by a factor of value 1 that has the derivatives of the sites that pay for it. */
export function totalWithScores(costs: readonly Cost[], payers: Payers): Tensor {
  return costs.reduce((total, cost) => total.add(withScores(cost, payers(cost))), tensor(0));
}

/** One term of the first sum above: Σ c · exp(L_c - stopGradient(L_c)) over the elements of the cost c. */
function withScores(cost: Cost, payers: Iterable<ScoreSite>): Tensor {
  const shares = [...payers].map((d) => ({ d, share: alignedCost(cost, d) }));
  const elementwise = shares.find(({ share }) => share.value !== cost.value)?.share.value;
  const terms = elementwise ?? cost.value;
  // The meetings number the axes of `value`. The same axes of `terms` are further left by `eventAxes`.
  const scores = shares.map(({ d: { logq }, share: { value, meetings } }) => {
    const eventAxes = value === terms ? 0 : (cost.elements?.dim as number);
    return sumToMeetings(
      logq,
      meetings.map(([from, to]): Meeting => [to, from + eventAxes]),
    );
  });
  const [first, ...rest] = scores;
  if (first === undefined) return cost.value.sum();
  const sum = terms.mul(oneWithScore(rest.reduce((a, b) => a.add(b), first))).sum();
  return elementwise === undefined ? sum : gradientFrom(cost.value.sum(), sum);
}
