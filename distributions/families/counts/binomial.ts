import { readNumbers } from "../../../autodiff/core/reads.js";
import {
  arange,
  floor,
  less,
  maximum,
  minimum,
  mulZeroWins,
  PedigradError,
  sigmoid,
  type Tensor,
  type TensorLike,
  where,
} from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { getProvenance, trackProvenance } from "../../../provenance/index.js";
import { integerInterval, nonnegativeInteger, real, unitInterval } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { betaTail, countQuantile } from "../../densities/countQuantiles.js";
import { FAR_LOGIT, logBinomial } from "../../densities/counts.js";
import { type Odds, outcomesOf, probsOf } from "../../densities/odds.js";
import { ofBinomial } from "../../kl/counts.js";

/** The numbers from low to high. Each bound must be the same for all elements. Errors call the bounds `bounds`. */
export function valuesBetween(low: Tensor | null, high: Tensor, family: string, bounds: string): Tensor {
  const [lows, highs] = [low === null ? [0] : readNumbers(low, bounds), readNumbers(high, bounds)];
  const [from = 0, to = 0] = [lows[0], highs[0]];
  if (lows.every((x) => x === from) && highs.every((x) => x === to))
    return trackProvenance(arange(from, to + 1), getProvenance([low ?? high, high]));
  throw new PedigradError({
    code: "no-closed-form",
    op: "enumerateSupport",
    param: bounds,
    message: `${family} has no enumerable support common to all its ${bounds}s. Sample the site instead of enumerating it.`,
  });
}

/** The log density for log odds l, where k counts the outcome with the smaller probability, which keeps all its digits. */
function logBinomialOfLogits(x: Tensor, n: Tensor, l: Tensor): Tensor {
  const isMirrored = less(0, l);
  const [k, rarer] = [where(isMirrored, n.sub(x), x), where(isMirrored, l.neg(), l)];
  return logBinomial(k, n, sigmoid(maximum(rarer, -FAR_LOGIT))).add(mulZeroWins(k, minimum(rarer.add(FAR_LOGIT), 0)));
}

/**
 * Binomial: the number of successes in n = totalCount trials, each with success probability p = probs or sigmoid(logits).
 *
 *     log p(k) = log C(n, k) + k log p + (n - k) log(1 - p).
 *
 * @example new Binomial(10, 0.3).logProb(4).item() // -1.6088
 */
export class Binomial extends /* @__PURE__ */ family<
  Tensors<"totalCount"> & Odds,
  [totalCount: TensorLike, probs?: TensorLike]
>("Binomial", {
  constraints: { totalCount: nonnegativeInteger, probs: unitInterval, logits: real },
  oneOf: ["probs", "logits"],
  support: ({ totalCount }) => integerInterval(0, totalCount),
  formulas: ({ totalCount: n, ...p }, d) => ({
    logDensity: (x) =>
      p.probs === undefined ? logBinomialOfLogits(x, n, p.logits as Tensor) : logBinomial(x, n, p.probs),
    draw: (key, shape) => random.binomial(key, n, probsOf(p), shape),
    mean: () => n.mul(probsOf(p)),
    variance: () => {
      const [one, zero] = outcomesOf(p);
      return n.mul(one.probability).mul(zero.probability);
    },
    cdf: (x) => {
      const [one, zero] = outcomesOf(p);
      const k = floor(x).clip(0, n.sub(1));
      return betaTail(k.add(1), n.sub(k), one.probability, zero.probability);
    },
    icdf: (q) => countQuantile(d, q),
    values: () => valuesBetween(null, n, "Binomial", "totalCount"),
  }),
  divergences: ofBinomial,
}) {
  get probs(): Tensor {
    return probsOf(this.params);
  }
}
