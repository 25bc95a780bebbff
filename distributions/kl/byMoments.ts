/**
 * KL(q | p) for families p whose log density is linear in a few statistics of x: with H the entropy of q,
 *
 *     KL(q | p) = -H(q) - E_q[log p(x)],
 *
 * where E_q needs the mean, the variance, E log x or E log(1 - x) of q. So one row serves every q that knows these; it is Infinity where q
 * has mass outside the support of p, and null where q does not know them.
 */

import { readNumbers } from "../../autodiff/core/reads.js";
import {
  abs,
  digamma,
  digammaDifference,
  exp,
  less,
  lgamma,
  log,
  log1mexp,
  log1p,
  logBeta,
  logicalAnd,
  mul,
  ndtr,
  PedigradError,
  square,
  sub,
  sum,
  type Tensor,
  tensor,
  where,
  xlogy,
} from "../../autodiff/index.js";
import { exp as expOf, log1p as log1pOf } from "../../autodiff/kernels/formulas/scalarFormulas.js";
import { boundsOf } from "../constraints/constraint.js";
import { EULER, LOG_SQRT_2PI } from "../core/constants.js";
import type { Distribution } from "../core/distribution.js";
import { logRatio } from "../densities/continuous.js";
import { digammaStep, rateDivergence } from "../densities/divergences.js";
import { logSinhc } from "../densities/sinhc.js";
import type { Beta } from "../families/bounded/beta.js";
import type { ContinuousBernoulli } from "../families/bounded/continuousBernoulli.js";
import type { Kumaraswamy } from "../families/bounded/kumaraswamy.js";
import type { Uniform } from "../families/bounded/uniform.js";
import type { Exponential } from "../families/positive/exponential.js";
import type { Gamma } from "../families/positive/gamma.js";
import type { Pareto } from "../families/positive/pareto.js";
import type { Weibull } from "../families/positive/weibull.js";
import type { Gumbel, Laplace, Normal } from "../families/real/locationScale.js";
import { type Row, row } from "./row.js";
import { betaDivergence, weibulls } from "./sameFamily.js";

/** The bounds of a distribution of real numbers; what is made of another one answers by that one's moments, masked or not. */
const boundsOfValues = (q: Distribution): [low: Tensor, high: Tensor] | null =>
  q.eventDim > 0 || q.isDiscrete || "base" in q ? null : boundsOf(q.support);

/** E log x by family. */
const MEAN_LOG: Readonly<Record<string, (q: Distribution) => Tensor>> = {
  Exponential: (q) =>
    log((q as Exponential).params.rate)
      .neg()
      .sub(EULER),
  Gamma: (q) => digamma((q as Gamma).params.concentration).sub(log((q as Gamma).params.rate)),
  Weibull: (q) => {
    const { scale, concentration } = (q as Weibull).params;
    return log(scale).sub(mul(EULER, concentration.reciprocal()));
  },
  Pareto: (q) => log((q as Pareto).params.scale).add((q as Pareto).params.alpha.reciprocal()),
  Beta: (q) => {
    const { concentration1: a, concentration0: b } = (q as Beta).params;
    return digammaDifference(a, b).neg();
  },
  Kumaraswamy: (q) => {
    const { concentration1: a, concentration0: b } = (q as Kumaraswamy).params;
    return digammaDifference(1, b).div(a).neg();
  },
  // Between l and h: (h log h - l log l) / (h - l) - 1
  Uniform: (q) => meanLogBetween((q as Uniform).params.low, (q as Uniform).params.high),
};
const meanLogBetween = (low: Tensor, high: Tensor): Tensor =>
  xlogy(high, high).sub(xlogy(low, low)).div(high.sub(low)).sub(1);

/** E log(1 - x) by family. */
const MEAN_LOG_REST: Readonly<Record<string, (q: Distribution) => Tensor>> = {
  Beta: (q) => {
    const { concentration1: a, concentration0: b } = (q as Beta).params;
    return digammaDifference(b, a).neg();
  },
  Uniform: (q) => {
    const { low, high } = (q as Uniform).params;
    return meanLogBetween(high.neg().add(1), low.neg().add(1));
  },
  // x^a = 1 - v^(1/b) for v uniform: by the double exponential rule (Takahasi and Mori 1974), v = 1 / (1 + exp(-π sinh t)).
  Kumaraswamy: (q) => {
    const { concentration1: a, concentration0: b } = (q as Kumaraswamy).params;
    const step = 1 / 32;
    const t = Array.from({ length: 257 }, (_, i) => (i - 128) * step);
    const logOdds = t.map((s) => (Math.PI / 2) * (expOf(s) - expOf(-s)));
    const logV = logOdds.map((x) => -log1pOf(expOf(-x)));
    const weights = t.map(
      (s, i) =>
        (step * (Math.PI / 2) * (expOf(s) + expOf(-s))) /
        (expOf(-(logV[i] as number)) * (1 + expOf(logOdds[i] as number))),
    );
    const logPower = log1mexp(tensor(logV).div(b.expandDims(-1)));
    return sum(log1mexp(logPower.div(a.expandDims(-1))).mul(weights), -1);
  },
};

/** -H(q) - E log p where q lies within [low, high], else Infinity. */
function fromMeanLogDensity(
  q: Distribution,
  low: Tensor | number,
  high: Tensor | number,
  meanLogDensity: () => Tensor | undefined,
): Tensor | null {
  const bounds = boundsOfValues(q);
  if (bounds === null) return null;
  const inside = logicalAnd(bounds[0].greaterEqual(low), bounds[1].lessEqual(high));
  const energy = valueIfKnown(() => meanLogDensity()?.sub(negativeEntropy(q)));
  if (energy !== undefined) return where(inside, energy.neg(), Infinity);
  return readNumbers(inside, "the bounds of a support").some((yes) => yes === 1) ? null : inside.mul(0).add(Infinity);
}
/** -H(q), which is KL(q | Uniform(0, 1)) within the unit interval: there it is small where q is almost flat. */
function negativeEntropy(q: Distribution): Tensor {
  const entropy = q.entropy().neg();
  if (q.family !== "Beta" && q.family !== "Kumaraswamy") return entropy;
  const { concentration1: a, concentration0: b } = (q as Beta | Kumaraswamy).params;
  const isFlat = logicalAnd(less(abs(a.sub(1)), 0.25), less(abs(b.sub(1)), 0.25));
  const [c, d] = [where(isFlat, a, 1), where(isFlat, b, 1)];
  const flat =
    q.family === "Beta"
      ? betaDivergence(c, d, sub(1, c), sub(1, d))
      : rateDivergence(c, 1)
          .add(rateDivergence(d, 1))
          .sub(sub(1, c.reciprocal()).mul(digammaStep(tensor(2), d.sub(1))));
  return where(isFlat, flat, entropy);
}
/** The value of f, or null where q does not know it. */
function valueIfKnown<T>(f: () => T): T | undefined {
  try {
    return f();
  } catch (error) {
    if (error instanceof PedigradError && error.code === "no-closed-form") return undefined;
    throw error;
  }
}
/** A row's energy, of the E log x and E log(1 - x) of q where it knows them. */
const meanLog = (q: Distribution): Tensor | undefined => MEAN_LOG[q.family]?.(q);
const meanLogRest = (q: Distribution): Tensor | undefined => MEAN_LOG_REST[q.family]?.(q);

export const byMoments = (): Readonly<Record<string, Row>> => ({
  "* Normal": row((q, { params: { loc, scale } }: Normal) =>
    fromMeanLogDensity(q, -Infinity, Infinity, () =>
      q.variance
        .add(square(q.mean.sub(loc)))
        .div(square(scale))
        .mul(-0.5)
        .sub(log(scale))
        .sub(LOG_SQRT_2PI),
    ),
  ),
  "* Exponential": row((q, { params: { rate } }: Exponential) =>
    fromMeanLogDensity(q, 0, Infinity, () => log(rate).sub(rate.mul(q.mean))),
  ),
  "* Gamma": row((q, { params: { concentration, rate } }: Gamma) =>
    fromMeanLogDensity(q, 0, Infinity, () => {
      const logs = meanLog(q);
      return logs
        ?.mul(concentration.sub(1))
        .add(concentration.mul(log(rate)))
        .sub(rate.mul(q.mean))
        .sub(lgamma(concentration));
    }),
  ),
  // KL(q | Exponential(rate)), and what the gamma's power of x changes
  "Weibull Gamma": row((q: Weibull, { params: { concentration, rate } }: Gamma) => {
    const { scale, concentration: k } = q.params;
    const logs = logRatio(scale, rate.reciprocal()).sub(mul(EULER, k.reciprocal()));
    return weibulls(q.params, { scale: rate.reciprocal(), concentration: tensor(1) })
      .add(lgamma(concentration))
      .sub(concentration.sub(1).mul(logs));
  }),
  "* Uniform": row((q, { params: { low, high } }: Uniform) =>
    fromMeanLogDensity(q, low, high, () => log(high.sub(low)).neg()),
  ),
  "* Beta": row((q, { params: { concentration1: a, concentration0: b } }: Beta) =>
    fromMeanLogDensity(q, 0, 1, () => {
      const [logs, logRests] = [meanLog(q), meanLogRest(q)];
      return (
        logs &&
        logRests &&
        logs
          .mul(a.sub(1))
          .add(logRests.mul(b.sub(1)))
          .sub(logBeta(a, b))
      );
    }),
  ),
  "* ContinuousBernoulli": row((q, p: ContinuousBernoulli) =>
    fromMeanLogDensity(q, 0, 1, () => p.logits.mul(q.mean.sub(0.5)).sub(logSinhc(p.logits.mul(0.5)))),
  ),
  "* Pareto": row((q, { params: { scale, alpha } }: Pareto) =>
    fromMeanLogDensity(q, scale, Infinity, () => {
      const logs = meanLog(q);
      return (
        logs &&
        log(alpha)
          .add(alpha.mul(log(scale)))
          .sub(logs.mul(alpha.add(1)))
      );
    }),
  ),
  // E exp(-(x - loc) / s) = exp(loc / s) (1 + 1 / (s rate))^-concentration
  "Gamma Gumbel": row((q: Gamma, { params: { loc, scale } }: Gumbel) =>
    fromMeanLogDensity(q, -Infinity, Infinity, () => {
      const { concentration, rate } = q.params;
      const decay = exp(loc.div(scale).sub(concentration.mul(log1p(scale.mul(rate).reciprocal()))));
      return q.mean.sub(loc).div(scale).add(log(scale)).add(decay).neg();
    }),
  ),
  // E |x - loc| of a normal variable around m: s √(2/π) exp(-d²/2) + (m - loc) (2 Φ(d) - 1), d = (m - loc) / s
  "Normal Laplace": row((q: Normal, { params: { loc, scale } }: Laplace) =>
    fromMeanLogDensity(q, -Infinity, Infinity, () => {
      const shift = abs(q.params.loc.sub(loc));
      const d = shift.div(q.params.scale);
      const centred = exp(square(d).mul(-0.5)).mul(q.params.scale.mul(Math.sqrt(2 / Math.PI)));
      const distance = centred.add(shift.mul(ndtr(d).mul(2).sub(1)));
      return distance.div(scale).add(log(scale)).add(Math.LN2).neg();
    }),
  ),
});
