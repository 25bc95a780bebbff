/** Divergences of families on the positive numbers. */
import {
  abs,
  digamma,
  exp,
  greater,
  greaterEqual,
  less,
  lgamma,
  log,
  log1p,
  logicalAnd,
  mul,
  type Tensor,
  tensor,
  where,
} from "../../autodiff/index.js";
import { EULER } from "../core/constants.js";
import { byParams, type Divergences, type Having } from "../core/divergence.js";
import type { Tensors } from "../core/family.js";
import { logRatio } from "../densities/continuous.js";
import { gumbelDivergence, poissonDivergence, rateDivergence, stirlingDivergence } from "../densities/divergences.js";
import { byConversion, type Conversion, paramsOf } from "./conversion.js";
import { byMoments, meanLog } from "./moments.js";

type GammaParams = Tensors<"concentration" | "rate">;
type WeibullParams = Tensors<"scale" | "concentration">;

function klOfGammas(q: GammaParams, p: GammaParams): Tensor {
  const [a, c] = [q.concentration, p.concentration];
  // The ratio of two representable numbers may overflow or underflow, and so may its product with another number.
  const isSafe = (x: Tensor): Tensor => logicalAnd(greater(x, 1e-300), less(x, 1e300));
  const ratio = p.rate.div(q.rate);
  const mean = where(isSafe(ratio), a.mul(ratio), a.div(q.rate).mul(p.rate));
  const rounded = mean.sub(c);
  const exact = a.mul(p.rate.sub(q.rate).div(q.rate)).sub(c.sub(a));
  const difference = where(less(abs(rounded), c.mul(0.5)), exact, rounded);
  const logs = log(c)
    .sub(log(a))
    .sub(log(p.rate).sub(log(q.rate)));
  const deviance = where(isSafe(mean), poissonDivergence(c, mean, difference), c.mul(logs).add(rounded));
  return deviance.add(stirlingDivergence(a, c, c.sub(a)));
}
const rateAsGamma = ({ params: { rate } }: Having<"rate">): GammaParams => ({ concentration: tensor(1), rate });
const dfAsGamma = ({ params: { df } }: Having<"df">): GammaParams => ({
  concentration: df.mul(0.5),
  rate: tensor(0.5),
});
const toGammas = (convert: Conversion<GammaParams>) =>
  byConversion(convert, { Gamma: paramsOf, Chi2: dfAsGamma, Exponential: rateAsGamma }, klOfGammas);

// Minus the logarithm of a Weibull variable is a Gumbel variable.
const klOfWeibulls = (q: WeibullParams, p: WeibullParams): Tensor =>
  gumbelDivergence(p.concentration, q.concentration, logRatio(p.scale, q.scale).mul(p.concentration));
const rateAsWeibull = ({ params: { rate } }: Having<"rate">): WeibullParams => ({
  scale: rate.reciprocal(),
  concentration: tensor(1),
});
const toWeibulls = (convert: Conversion<WeibullParams>) =>
  byConversion(convert, { Weibull: paramsOf, Exponential: rateAsWeibull }, klOfWeibulls);

export const ofExponential = (): Divergences => ({
  to: {
    ...toGammas(rateAsGamma),
    ...toWeibulls(rateAsWeibull),
    Exponential: byParams((q: Tensors<"rate">, p: Tensors<"rate">) => rateDivergence(q.rate, p.rate)),
  },
  from: {
    "*": byMoments((q, { params: { rate } }: Having<"rate">) => log(rate).sub(rate.mul(q.mean))),
  },
  meanLog: ({ params: { rate } }: Having<"rate">) => log(rate).neg().sub(EULER),
});

export const ofGamma = (): Divergences => ({
  to: {
    ...toGammas(paramsOf),
    // E exp(-(x - loc) / s) = exp(loc / s) (1 + 1 / (s rate))^-concentration
    Gumbel: byMoments((q: Having<"concentration" | "rate">, { params: { loc, scale } }: Having<"loc" | "scale">) => {
      const { concentration, rate } = q.params;
      const decay = exp(loc.div(scale).sub(concentration.mul(log1p(scale.mul(rate).reciprocal()))));
      return q.mean.sub(loc).div(scale).add(log(scale)).add(decay).neg();
    }),
  },
  from: {
    "*": byMoments((q, { params: { concentration, rate } }: Having<"concentration" | "rate">) =>
      meanLog(q)
        ?.mul(concentration.sub(1))
        .add(concentration.mul(log(rate)))
        .sub(rate.mul(q.mean))
        .sub(lgamma(concentration)),
    ),
  },
  meanLog: ({ params: { concentration, rate } }: Having<"concentration" | "rate">) =>
    digamma(concentration).sub(log(rate)),
});
export const ofChi2 = (): Divergences => ({ to: toGammas(dfAsGamma) });
// 1/x of an inverse gamma variable is a gamma variable.
export const ofInverseGamma = (): Divergences => ({
  to: byConversion(paramsOf, { InverseGamma: paramsOf }, klOfGammas),
});

export const ofWeibull = (): Divergences => ({
  to: {
    ...toWeibulls(paramsOf),
    // KL(q | Exponential(rate)), plus the terms from the factor x^(concentration - 1) of the gamma density.
    Gamma: byParams((q: WeibullParams, { concentration, rate }: GammaParams) => {
      const logs = logRatio(q.scale, rate.reciprocal()).sub(mul(EULER, q.concentration.reciprocal()));
      return klOfWeibulls(q, { scale: rate.reciprocal(), concentration: tensor(1) })
        .add(lgamma(concentration))
        .sub(concentration.sub(1).mul(logs));
    }),
  },
  meanLog: ({ params: { scale, concentration } }: Having<"scale" | "concentration">) =>
    log(scale).sub(mul(EULER, concentration.reciprocal())),
});

type Pareto = Having<"scale" | "alpha">;
export const ofPareto = (): Divergences => ({
  to: {
    // a_p log(s_q / s_p) + r - 1 - log r, r = a_p / a_q, where s_q >= s_p
    Pareto: byParams((q: Pareto["params"], p: Pareto["params"]) => {
      const parts = p.alpha.mul(logRatio(q.scale, p.scale)).add(rateDivergence(q.alpha, p.alpha));
      return where(greaterEqual(q.scale, p.scale), parts, Infinity);
    }),
  },
  from: {
    "*": byMoments((q, { params: { scale, alpha } }: Pareto) => {
      const logs = meanLog(q);
      return (
        logs &&
        log(alpha)
          .add(alpha.mul(log(scale)))
          .sub(logs.mul(alpha.add(1)))
      );
    }),
  },
  meanLog: ({ params: { scale, alpha } }: Pareto) => log(scale).add(alpha.reciprocal()),
});
