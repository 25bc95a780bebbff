import {
  exp,
  floor,
  log,
  maximum,
  minimum,
  mulZeroWins,
  reciprocal,
  square,
  type Tensor,
  type TensorLike,
} from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { splitInTwo } from "../../../autodiff/ops/random/wordOps.js";
import { missableProbability, nonnegativeInteger, positive, real } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { betaTail, countQuantile } from "../../densities/countQuantiles.js";
import { FAR_LOGIT, logNegativeBinomial } from "../../densities/counts.js";
import { type Odds, outcomesOf, probsOf } from "../../densities/odds.js";
import { ofNegativeBinomial } from "../../kl/counts.js";

/** p / (1 - p). */
const oddsOf = ({ probs, logits }: Odds): Tensor =>
  probs === undefined ? exp(logits as Tensor) : probs.div(probs.neg().add(1));

/** The log density for log odds l. */
const logNegativeBinomialOfLogits = (x: Tensor, r: Tensor, l: Tensor): Tensor =>
  logNegativeBinomial(x, r, exp(l.clip(-FAR_LOGIT, FAR_LOGIT)))
    .sub(r.mul(maximum(l.sub(FAR_LOGIT), 0)))
    .add(mulZeroWins(x, minimum(l.add(FAR_LOGIT), 0)));

/** A Poisson count with rate scaled(g), where g is drawn from Gamma(concentration, 1). */
function gammaPoissonDraw(
  key: Tensor,
  concentration: Tensor,
  scaled: (rate: Tensor) => Tensor,
  shape: Tensor["shape"],
) {
  const [k1, k2] = splitInTwo(key);
  return random.poisson(k2, minimum(scaled(random.gamma(k1, concentration, shape)), Number.MAX_VALUE), shape);
}

/**
 * NegativeBinomial: the number of successes before r = totalCount failures, where a trial succeeds with probability p = probs or
 * sigmoid(logits). r need not be a whole number.
 *
 *     log p(k) = log Γ(k + r) - log Γ(r) - log k! + r log(1 - p) + k log p.
 *
 * @example new NegativeBinomial(3, 0.4).mean.item() // 2
 */
export class NegativeBinomial extends /* @__PURE__ */ family<
  Tensors<"totalCount"> & Odds,
  [totalCount: TensorLike, probs?: TensorLike]
>("NegativeBinomial", {
  constraints: { totalCount: positive, probs: missableProbability, logits: real },
  oneOf: ["probs", "logits"],
  support: nonnegativeInteger,
  formulas: ({ totalCount: r, ...p }, d) => ({
    logDensity: (x) =>
      p.probs === undefined
        ? logNegativeBinomialOfLogits(x, r, p.logits as Tensor)
        : logNegativeBinomial(x, r, oddsOf(p)),
    draw: (key, shape) => gammaPoissonDraw(key, r, (rate) => rate.mul(oddsOf(p)), shape),
    mean: () => r.mul(oddsOf(p)),
    variance: () => {
      const odds = oddsOf(p);
      return r.mul(odds).mul(odds.add(1));
    },
    cdf: (x) => {
      const [one, zero] = outcomesOf(p);
      return betaTail(floor(x).clip(0, Number.MAX_VALUE).add(1), r, one.probability, zero.probability);
    },
    icdf: (q) => countQuantile(d, q),
  }),
  divergences: ofNegativeBinomial,
}) {
  get probs(): Tensor {
    return probsOf(this.params);
  }
}

/**
 * NegativeBinomial2: counts with mean m and variance m + m² / c, where c = concentration. It is Poisson with a rate drawn from
 * Gamma(c, c / m), and also NegativeBinomial with totalCount c and odds m / c.
 *
 *     log p(k) = log Γ(k + c) - log Γ(c) - log k! + c log(c / (c + m)) + k log(m / (c + m)).
 *
 * @example new NegativeBinomial2(2, 5).variance.item() // 2.8
 */
export class NegativeBinomial2 extends /* @__PURE__ */ family<
  Tensors<"mean" | "concentration">,
  [mean: TensorLike, concentration: TensorLike]
>("NegativeBinomial2", {
  constraints: { mean: positive, concentration: positive },
  support: nonnegativeInteger,
  formulas: ({ mean, concentration }) => ({
    as: () => new NegativeBinomial({ totalCount: concentration, logits: log(mean).sub(log(concentration)) }),
    logDensity: (x) => logNegativeBinomial(x, concentration, mean.div(concentration)),
    mean: () => mean,
    variance: () => mean.add(square(mean).div(concentration)),
  }),
}) {}

/**
 * GammaPoisson: Poisson with a rate drawn from Gamma(a = concentration, b = rate). It is also NegativeBinomial with totalCount a and odds
 * 1 / b.
 *
 *     log p(k) = -log B(k + 1, a) - log(k + a) + a log(b / (1 + b)) - k log(1 + b).
 *
 * @example new GammaPoisson(3, 2).mean.item() // 1.5
 */
export class GammaPoisson extends /* @__PURE__ */ family<
  Tensors<"concentration" | "rate">,
  [concentration: TensorLike, rate?: TensorLike]
>("GammaPoisson", {
  constraints: { concentration: positive, rate: positive },
  defaults: { rate: 1 },
  support: nonnegativeInteger,
  formulas: ({ concentration: a, rate: b }) => ({
    as: () => new NegativeBinomial({ totalCount: a, logits: log(b).neg() }),
    logDensity: (x) => logNegativeBinomial(x, a, reciprocal(b)),
    draw: (key, shape) => gammaPoissonDraw(key, a, (x) => x.div(b), shape),
    mean: () => a.div(b),
    variance: () => a.div(b).mul(reciprocal(b).add(1)),
  }),
}) {}
