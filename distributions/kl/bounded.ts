/** Divergences of families on an interval. */
import {
  abs,
  digammaDifference,
  i0e,
  i1e,
  less,
  log,
  log1mexp,
  log1p,
  logBeta,
  logicalAnd,
  mulZeroWins,
  sin,
  square,
  sub,
  sum,
  type Tensor,
  tensor,
  where,
  xlogy,
} from "../../autodiff/index.js";
import { exp as expOf, log1p as log1pOf } from "../../autodiff/kernels/formulas/scalarFormulas.js";
import type { Distribution } from "../core/distribution.js";
import { byParams, type Divergence, type Divergences, divergence, type Having } from "../core/divergence.js";
import type { Tensors } from "../core/family.js";
import {
  digammaStep,
  poissonDivergence,
  rateDivergence,
  stirlingDivergence,
  vonMisesDivergence,
} from "../densities/divergences.js";
import { logSinhc, sinhcDivergence } from "../densities/sinhc.js";
import { byConversion, type Conversion, paramsOf } from "./conversion.js";
import { byMoments, meanLog, meanLogRest } from "./moments.js";

type Concentrations = Having<"concentration1" | "concentration0">;
type BetaParams = Concentrations["params"];

/**
 * KL(q | p) of Beta distributions. `aStep` and `bStep` are the differences of their concentrations. They may have more correct digits than
 * the differences of the rounded concentrations. There are two formulas. If the differences are small, terms of first order would cancel in
 * `far`. If they are large, terms that grow with the larger concentration would cancel in `close`.
 */
export function klOfBetas(
  { concentration1: a, concentration0: b }: BetaParams,
  { concentration1: c, concentration0: d }: BetaParams,
  aStep: Tensor = c.sub(a),
  bStep: Tensor = d.sub(b),
): Tensor {
  const isSmall = (step: Tensor, x: Tensor): Tensor => less(abs(step), x.mul(0.02));
  const isNear = logicalAnd(isSmall(aStep, a), isSmall(bStep, b));
  const far = logBeta(c, d)
    .sub(logBeta(a, b))
    .add(mulZeroWins(aStep, digammaDifference(a, b)))
    .add(mulZeroWins(bStep, digammaDifference(b, a)));
  const [n, m] = [a.add(b), c.add(d)];
  const growth = m.div(n);
  // `close` is the divergence between Gamma(a, 1) and Gamma(c, 1), plus that between Gamma(b, 1) and Gamma(d, 1), minus that between their sums.
  // The deviances D(c, a) + D(d, b) - D(m, n) in it are D(c, a m/n) + D(d, b m/n), where a m/n - c = d - b m/n is `shift`.
  const shift = a.div(n).mul(bStep).sub(b.div(n).mul(aStep));
  const close = poissonDivergence(c, a.mul(growth), shift)
    .add(poissonDivergence(d, b.mul(growth), shift.neg()))
    .add(stirlingDivergence(a, c, aStep))
    .add(stirlingDivergence(b, d, bStep))
    .sub(stirlingDivergence(n, m, aStep.add(bStep)));
  return where(isNear, close, far);
}
const betaOf = ({ mean, concentration }: Proportion): BetaParams => ({
  concentration1: mean.mul(concentration),
  concentration0: sub(1, mean).mul(concentration),
});
const proportionAsBeta = ({ params }: Distribution<Proportion>): BetaParams => betaOf(params);
const toBetas = (convert: Conversion<BetaParams>) =>
  byConversion(convert, { Beta: paramsOf, BetaProportion: proportionAsBeta }, (q: BetaParams, p: BetaParams) =>
    klOfBetas(q, p),
  );

/** -H(q) = KL(q | Uniform(0, 1)). If q is almost uniform, the result is small, and `nearUniform` computes it without cancellation. */
function minusEntropy(q: Concentrations, nearUniform: (a: Tensor, b: Tensor) => Tensor): Tensor {
  const { concentration1: a, concentration0: b } = q.params;
  const isNear = logicalAnd(less(abs(a.sub(1)), 0.25), less(abs(b.sub(1)), 0.25));
  return where(isNear, nearUniform(where(isNear, a, 1), where(isNear, b, 1)), q.entropy().neg());
}

export const ofBeta = (): Divergences => ({
  to: toBetas(paramsOf),
  from: {
    "*": byMoments((q, { params: { concentration1: a, concentration0: b } }: Concentrations) => {
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
  },
  meanLog: ({ params: { concentration1: a, concentration0: b } }: Concentrations) => digammaDifference(a, b).neg(),
  meanLogRest: ({ params: { concentration1: a, concentration0: b } }: Concentrations) => digammaDifference(b, a).neg(),
  negativeEntropy: (q) =>
    minusEntropy(q as Concentrations, (concentration1, concentration0) =>
      klOfBetas({ concentration1, concentration0 }, { concentration1: tensor(1), concentration0: tensor(1) }),
    ),
});

type Proportion = Tensors<"mean" | "concentration">;
export const ofBetaProportion = (): Divergences => ({
  to: {
    ...toBetas(proportionAsBeta),
    BetaProportion: byParams((q: Proportion, p: Proportion) => {
      const step = p.concentration.sub(q.concentration);
      const shift = p.mean.sub(q.mean).mul(q.concentration);
      return klOfBetas(betaOf(q), betaOf(p), p.mean.mul(step).add(shift), sub(1, p.mean).mul(step).sub(shift));
    }),
  },
});

export const ofKumaraswamy = (): Divergences => ({
  meanLog: ({ params: { concentration1: a, concentration0: b } }: Concentrations) =>
    digammaDifference(1, b).div(a).neg(),
  // E log(1 - x), where x^a = 1 - v^(1/b) for a uniform v, by double exponential quadrature (Takahasi and Mori 1974):
  // v = 1 / (1 + exp(-π sinh t)).
  meanLogRest: ({ params: { concentration1: a, concentration0: b } }: Concentrations) => {
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
  negativeEntropy: (q) =>
    minusEntropy(q as Concentrations, (a, b) =>
      rateDivergence(a, 1)
        .add(rateDivergence(b, 1))
        .sub(sub(1, a.reciprocal()).mul(digammaStep(tensor(2), b.add(1), b.sub(1)))),
    ),
});

type Range = Having<"low" | "high">;
/** log(width of p / width of q); with `counted` = 1, the log ratio of the numbers of integers from low to high, both included. */
const klOfUniforms = (counted: 0 | 1): Divergence =>
  byParams((q: Range["params"], p: Range["params"]) =>
    where(
      logicalAnd(p.low.lessEqual(q.low), q.high.lessEqual(p.high)),
      log1p(p.high.sub(q.high).add(q.low.sub(p.low)).div(q.high.sub(q.low).add(counted))),
      Infinity,
    ),
  );
// E log x of a Uniform between l = low and h = high: (h log h - l log l) / (h - l) - 1
const meanLogBetween = ({ low, high }: Tensors<"low" | "high">): Tensor =>
  xlogy(high, high).sub(xlogy(low, low)).div(high.sub(low)).sub(1);
export const ofUniform = (): Divergences => ({
  to: { Uniform: klOfUniforms(0) },
  from: {
    "*": byMoments((_, { params: { low, high } }: Range) => log(high.sub(low)).neg()),
  },
  meanLog: ({ params }: Range) => meanLogBetween(params),
  meanLogRest: ({ params: { low, high } }: Range) => meanLogBetween({ low: high.neg().add(1), high: low.neg().add(1) }),
});
export const ofDiscreteUniform = (): Divergences => ({ to: { DiscreteUniform: klOfUniforms(1) } });

type WithLogits = Distribution & { readonly logits: Tensor };
export const ofContinuousBernoulli = (): Divergences => ({
  to: {
    ContinuousBernoulli: divergence((q: WithLogits, p: WithLogits) =>
      sinhcDivergence(q.logits.mul(0.5), p.logits.mul(0.5)),
    ),
  },
  from: {
    "*": byMoments((q, p: WithLogits) => p.logits.mul(q.mean.sub(0.5)).sub(logSinhc(p.logits.mul(0.5)))),
  },
});

type Direction = Tensors<"loc" | "concentration">;
export const ofVonMises = (): Divergences => ({
  to: {
    // The divergence for equal loc, plus 2 κ_p A sin²(d/2), where d = loc_q - loc_p and A = I_1(κ_q) / I_0(κ_q).
    VonMises: byParams((q: Direction, p: Direction) => {
      const [k, m] = [q.concentration, p.concentration];
      const turn = square(sin(q.loc.sub(p.loc).mul(0.5))).mul(2);
      return vonMisesDivergence(k, m).add(m.mul(i1e(k).div(i0e(k))).mul(turn));
    }),
  },
});
