/**
 * Derivatives beyond the first (DiCE, Foerster et al. 2018; baselines after Farquhar et al. 2019). With L_c the sum of log q over the
 * elements of score sites that pay for cost c, term by term,
 *
 *     ELBO = Σ_c c · exp(L_c - stopGradient(L_c)) + Σ_d stopGradient(b_d) · (1 - exp(l_d - stopGradient(l_d))).
 *
 * The factors are 1 and 0 in value; every derivative of the expression has the right mean. Here log q keeps its own gradient.
 */
import { stopGradient, type Tensor, tensor } from "../../../autodiff/index.js";
import type { Cost } from "../particles/pair.js";
import { type Payers, shareOf } from "./charge.js";
import type { ScoreSite } from "./costs.js";
import { gradientFrom } from "./gradientFrom.js";
import { arranged, type Meeting } from "./meetings.js";

/** 1, with all derivatives of the densities whose logarithm is l. */
export const oneWithScore = (l: Tensor): Tensor => l.sub(stopGradient(l)).exp();

/** The sum of all costs, each carrying the derivatives of the score sites it is charged to. */
export function carriedTotal(costs: readonly Cost[], payers: Payers): Tensor {
  return costs.reduce((total, cost) => total.add(carried(cost, payers(cost))), tensor(0));
}

/** Σ c · exp(L - stopGradient(L)): each term of c with log q of the elements that pay for it. */
function carried(cost: Cost, payers: Iterable<ScoreSite>): Tensor {
  const shares = [...payers].map((d) => ({ d, share: shareOf(cost, d) }));
  const apart = shares.find(({ share }) => share.value !== cost.value)?.share.value;
  const terms = apart ?? cost.value;
  const scores = shares.map(({ d: { logq }, share: { value, meetings } }) => {
    const behind = value === terms ? 0 : (cost.elements?.dim as number);
    return arranged(
      logq,
      meetings.map(([from, to]): Meeting => [to, from + behind]),
    );
  });
  const [first, ...rest] = scores;
  if (first === undefined) return cost.value.sum();
  const sum = terms.mul(oneWithScore(rest.reduce((a, b) => a.add(b), first))).sum();
  return apart === undefined ? sum : gradientFrom(cost.value.sum(), sum);
}
