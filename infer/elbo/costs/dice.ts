/**
 * Derivatives beyond the first (DiCE, Foerster et al. 2018; baselines after Farquhar et al. 2019). Let L_c be the sum of log q over
 * the elements of score sites that pay for cost c (one sum for each element of c), and l_d = log q(d). Then
 *
 *     ELBO = Σ_c c · exp(L_c - stopGradient(L_c)) + Σ_d stopGradient(b_d) · (1 - exp(l_d - stopGradient(l_d))).
 *
 * The factor of c has the value 1, the factor of b_d has the value 0; every derivative of the expression has the right
 * mean. Unlike in costs.ts, the cost -log q of a score site keeps its own gradient.
 */
import { stopGradient, type Tensor, tensor } from "../../../autodiff/index.js";
import type { Cost } from "../particles/pair.js";
import { type Payers, shareOf } from "./charge.js";
import type { ScoreSite } from "./costs.js";
import { gradientFrom } from "./gradientFrom.js";
import { type Meeting, sumToMeetings } from "./meetings.js";

/** exp(l - stopGradient(l)): the number 1, with the derivatives of exp(l) divided by exp(l). */
export const oneWithScore = (l: Tensor): Tensor => l.sub(stopGradient(l)).exp();

/**
 * The sum of all costs, each multiplied by a factor of value 1 that has the derivatives of the score sites that pay for
 * the cost.
 */
export function totalWithScores(costs: readonly Cost[], payers: Payers): Tensor {
  return costs.reduce((total, cost) => total.add(withScores(cost, payers(cost))), tensor(0));
}

/**
 * Σ c · exp(L - stopGradient(L)) over the elements of c; L is, for each element of c, the sum of log q over the
 * elements that pay for it.
 */
function withScores(cost: Cost, payers: Iterable<ScoreSite>): Tensor {
  const shares = [...payers].map((d) => ({ d, share: shareOf(cost, d) }));
  const elementwise = shares.find(({ share }) => share.value !== cost.value)?.share.value;
  const terms = elementwise ?? cost.value;
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
