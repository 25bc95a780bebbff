/** Divergences of families of counts. */
import { stack, sub, type Tensor } from "../../autodiff/index.js";
import { byParams, type Divergences } from "../core/divergence.js";
import type { Tensors } from "../core/family.js";
import { areSame } from "../core/parameters.js";
import { classDivergence, poissonDivergence } from "../densities/divergences.js";
import { type Odds, outcomesOf } from "../densities/odds.js";

type Trials = Odds & Tensors<"totalCount">;

const divergenceOfCounts = (q: Tensor, p: Tensor): Tensor => poissonDivergence(q, p, p.sub(q));
/** The divergence of one trial: a sum of deviances if both distributions are given by probabilities. */
function klOfTrial(q: Odds, p: Odds): Tensor {
  if (q.probs !== undefined && p.probs !== undefined)
    return divergenceOfCounts(q.probs, p.probs).add(divergenceOfCounts(sub(1, q.probs), sub(1, p.probs)));
  const [qOutcomes, pOutcomes] = [outcomesOf(q), outcomesOf(p)];
  const probs = stack([qOutcomes[0].probability, qOutcomes[1].probability], -1);
  return classDivergence(probs, logsOf(qOutcomes), logsOf(pOutcomes));
}
const logsOf = ([one, zero]: ReturnType<typeof outcomesOf>): Tensor => stack([one.log, zero.log], -1);

export const ofBernoulli = (): Divergences => ({ to: { Bernoulli: byParams(klOfTrial) } });
export const ofBinomial = (): Divergences => ({
  to: {
    // For unequal numbers of trials there is no closed form.
    Binomial: byParams((q: Trials, p: Trials) =>
      areSame(q.totalCount, p.totalCount) ? klOfTrial(q, p).mul(q.totalCount) : null,
    ),
  },
});
export const ofGeometric = (): Divergences => ({
  to: {
    // The divergence of one trial, times the mean number of trials, 1 / probs.
    Geometric: byParams((q: Odds, p: Odds) => klOfTrial(q, p).div(outcomesOf(q)[0].probability)),
  },
});
export const ofNegativeBinomial = (): Divergences => ({
  to: {
    // The divergence of one trial, times the mean number of trials, totalCount / P(failure). For unequal counts there is no closed form.
    NegativeBinomial: byParams((q: Trials, p: Trials) =>
      areSame(q.totalCount, p.totalCount) ? klOfTrial(q, p).mul(q.totalCount).div(outcomesOf(q)[1].probability) : null,
    ),
  },
});
export const ofPoisson = (): Divergences => ({
  to: { Poisson: byParams((q: Tensors<"rate">, p: Tensors<"rate">) => divergenceOfCounts(q.rate, p.rate)) },
});
