/**
 * Derivatives beyond the first (DiCE, Foerster et al. 2018; baselines after Farquhar et al. 2019). With L_c the sum of log q over the
 * score sites that cost c is charged to, in c's plates,
 *
 *     ELBO = Σ_c c · exp(L_c - stopGradient(L_c)) + Σ_d stopGradient(b_d) · (1 - exp(l_d - stopGradient(l_d))).
 *
 * The factors are 1 and 0 in value; every derivative of the expression has the right mean. Here log q keeps its own gradient.
 */
import { stopGradient, type Tensor, tensor } from "../../../autodiff/index.js";
import type { Cost } from "../particles/pair.js";
import { type Charged, type ScoreSite, sumToPlates } from "./costs.js";

/** 1, with all derivatives of the densities whose logarithm is l. */
export const oneWithScore = (l: Tensor): Tensor => l.sub(stopGradient(l)).exp();

/** The sum of all costs, each carrying the derivatives of the score sites it is charged to. */
export function carriedTotal(costs: readonly Cost[], sites: readonly ScoreSite[], charged: Charged): Tensor {
  return costs.reduce((total, cost) => {
    const scores = sites.filter((d) => charged(cost, d)).map((d) => sumToPlates(d.logq, d.plates, cost.plates));
    const [first, ...rest] = scores;
    if (first === undefined) return total.add(cost.value.sum());
    return total.add(cost.value.mul(oneWithScore(rest.reduce((a, b) => a.add(b), first))).sum());
  }, tensor(0));
}
