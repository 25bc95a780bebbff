/** KL(q | p) within one family; each row is a formula in the parameters of both. */

import { readNumbers } from "../../autodiff/core/reads.js";
import { sameShape } from "../../autodiff/core/shape.js";
import {
  abs,
  cholesky,
  diag,
  eye,
  greaterEqual,
  i0e,
  i1e,
  log1p,
  logicalAnd,
  matmul,
  sin,
  square,
  stack,
  sub,
  sum,
  type Tensor,
  tensor,
  triangularSolve,
  tril,
  where,
} from "../../autodiff/index.js";
import { matrixTranspose } from "../../autodiff/ops/linalg/matmul.js";
import { EULER } from "../core/constants.js";
import type { Derived, Independent } from "../core/distribution.js";
import { logRatio, poissonDivergence, stirlingDivergence } from "../densities/continuous.js";
import {
  classDivergence,
  excessOverExp,
  gammaDivergence,
  lgammaExcess,
  rateDivergence,
  scaleDivergence,
  vonMisesDivergence,
} from "../densities/divergences.js";
import { sinhcDivergence } from "../densities/sinhc.js";
import type { Beta, BetaProportion } from "../families/bounded/beta.js";
import type { ContinuousBernoulli } from "../families/bounded/continuousBernoulli.js";
import type { Uniform } from "../families/bounded/uniform.js";
import type { VonMises } from "../families/bounded/vonMises.js";
import type { Categorical } from "../families/categorical/categorical.js";
import type { OneHotCategorical } from "../families/categorical/oneHotCategorical.js";
import type { Binomial } from "../families/counts/binomial.js";
import type { NegativeBinomial } from "../families/counts/negativeBinomial.js";
import { outcomesOf } from "../families/counts/odds.js";
import type { Poisson } from "../families/counts/poisson.js";
import type { Exponential } from "../families/positive/exponential.js";
import type { Chi2, Gamma } from "../families/positive/gamma.js";
import type { HalfNormal } from "../families/positive/half.js";
import type { Pareto } from "../families/positive/pareto.js";
import type { Weibull } from "../families/positive/weibull.js";
import type { Cauchy, Gumbel, Laplace, Normal } from "../families/real/locationScale.js";
import type { Dirichlet } from "../families/vectors/dirichlet.js";
import type { LowRankMultivariateNormal } from "../families/vectors/lowRankMultivariateNormal.js";
import type { MultivariateNormal } from "../families/vectors/multivariateNormal.js";
import { type Row, row } from "./row.js";

type Trial = { readonly probs?: Tensor; readonly logits?: Tensor };
/** One success or failure, of probabilities as a sum of deviances. */
function trials(q: Trial, p: Trial): Tensor {
  if (q.probs !== undefined && p.probs !== undefined)
    return poissonDivergence(q.probs, p.probs).add(poissonDivergence(sub(1, q.probs), sub(1, p.probs)));
  const [own, other] = [outcomesOf(q), outcomesOf(p)];
  const probs = stack([own[0].probability, own[1].probability], -1);
  return classDivergence(probs, logsOf(own), logsOf(other));
}
const logsOf = ([one, zero]: ReturnType<typeof outcomesOf>): Tensor => stack([one.log, zero.log], -1);
const classes = (q: Categorical, p: Categorical): Tensor => classDivergence(q.probs, q.logits, p.logits);

const normal = /* @__PURE__ */ row(({ params: q }: Normal, { params: p }: Normal) =>
  scaleDivergence(q.scale, p.scale).add(square(q.loc.sub(p.loc).div(p.scale)).mul(0.5)),
);

/** Rows for every pair of families that can be read as one; null where what is given cannot. */
function rowsByConversion<T>(conversions: Readonly<Record<string, (d: never) => T | null>>, f: (q: T, p: T) => Tensor) {
  const rows: Record<string, Row> = {};
  for (const from in conversions)
    for (const to in conversions)
      rows[`${from} ${to}`] = (q, p) => {
        const [x, y] = [conversions[from]?.(q as never), conversions[to]?.(p as never)];
        return x && y ? f(x, y) : null;
      };
  return rows;
}
const identity = <T>(d: T): T => d;
const paramsOf = <T>({ params }: { readonly params: T }): T => params;

const gammas = (q: Gamma["params"], p: Gamma["params"]): Tensor =>
  poissonDivergence(p.concentration, q.concentration.mul(p.rate.div(q.rate))).add(
    stirlingDivergence(q.concentration, p.concentration),
  );
const ofRate = ({ params: { rate } }: Exponential): Gamma["params"] => ({ concentration: tensor(1), rate });
const ofInverseRate = ({ params: { rate } }: Exponential): Weibulls => ({
  scale: rate.reciprocal(),
  concentration: tensor(1),
});
const ofChi2 = ({ params: { df } }: Chi2): Gamma["params"] => ({ concentration: df.mul(0.5), rate: tensor(0.5) });

/** From the concentrations of q, and the steps from there to those of p. */
export function betaDivergence(a: Tensor, b: Tensor, aStep: Tensor, bStep: Tensor): Tensor {
  const one = (x: Tensor, step: Tensor): Tensor => gammaDivergence(x, x.add(step), step);
  return one(a, aStep)
    .add(one(b, bStep))
    .sub(one(a.add(b), aStep.add(bStep)));
}
const betas = ({ concentration1: a, concentration0: b }: Beta["params"], p: Beta["params"]): Tensor =>
  betaDivergence(a, b, p.concentration1.sub(a), p.concentration0.sub(b));
const ofProportion = ({ params: { mean, concentration } }: BetaProportion): Beta["params"] => ({
  concentration1: mean.mul(concentration),
  concentration0: sub(1, mean).mul(concentration),
});
const proportions = /* @__PURE__ */ row((q: BetaProportion, p: BetaProportion) => {
  const { concentration1, concentration0 } = ofProportion(q);
  const step = p.params.concentration.sub(q.params.concentration);
  const shift = p.params.mean.sub(q.params.mean).mul(q.params.concentration);
  return betaDivergence(
    concentration1,
    concentration0,
    p.params.mean.mul(step).add(shift),
    sub(1, p.params.mean).mul(step).sub(shift),
  );
});

// log ((s_q + s_p)² + d²) / (4 s_q s_p), d the distance of the locations (Chyzak and Nielsen 2019)
const cauchyDivergence = (s: Tensor, t: Tensor, d: Tensor): Tensor =>
  log1p(square(s.sub(t)).add(square(d)).div(s.mul(t).mul(4)));

// φ(w) + log Γ(1 + u) + γ u, w = log Γ(2 + u) - d: of Gumbel variables with scales s_q = (1 + u) s_p and d = (loc_q - loc_p) / s_p
function gumbelDivergence(u: Tensor, d: Tensor): Tensor {
  const excess = lgammaExcess(u);
  return excessOverExp(excess.sub(u.mul(EULER)).add(log1p(u)).sub(d)).add(excess);
}
// The logarithm of a Weibull variable, turned around, is a Gumbel variable.
type Weibulls = Weibull["params"];
export const weibulls = (q: Weibulls, p: Weibulls): Tensor =>
  gumbelDivergence(
    p.concentration.sub(q.concentration).div(q.concentration),
    logRatio(p.scale, q.scale).mul(p.concentration),
  );

/** Of the widths, or of the counts of numbers where both ends are `counted`. */
const uniforms = (counted: 0 | 1): Row =>
  row(({ params: q }: Uniform, { params: p }: Uniform) =>
    where(
      logicalAnd(p.low.lessEqual(q.low), q.high.lessEqual(p.high)),
      log1p(p.high.sub(q.high).add(q.low.sub(p.low)).div(q.high.sub(q.low).add(counted))),
      Infinity,
    ),
  );

type AnyNormal = MultivariateNormal | LowRankMultivariateNormal | VectorOfNormals;
type VectorOfNormals = Pick<MultivariateNormal, "scale" | "eventShape"> & { readonly params: { readonly loc: Tensor } };
const diagonal = (x: Tensor): Tensor => x.expandDims(-1).mul(eye(x.shape.at(-1) as number));
/** The lower triangle L with covariance L Lᵀ. */
function scaleOfNormal(d: AnyNormal): Tensor {
  if ("scale" in d) return d.scale;
  const { covFactor, covDiag } = d.params;
  return cholesky(matmul(covFactor, matrixTranspose(covFactor)).add(diagonal(covDiag)));
}
/** Normal variables side by side, as one vector; null for what else may be made one event. */
function vectorOf({ base, reinterpreted, eventShape }: Independent): VectorOfNormals | null {
  const of = base.family === "Expanded" ? (base as Derived).base : base;
  if (of.family !== "Normal" || reinterpreted !== 1) return null;
  const { loc, scale } = (of as Normal).params;
  const [centre, spread] = [loc, scale].map((x) => x.broadcastTo(base.batchShape)) as [Tensor, Tensor];
  return { scale: diagonal(spread), params: { loc: centre }, eventShape };
}
// Σ_i KL of the scales L_ii + (Σ_{i>j} E_ij² + |L_p⁻¹ (m_q - m_p)|²) / 2 for L_p⁻¹ L_q = I + E
function multivariateNormals(q: AnyNormal, p: AnyNormal): Tensor {
  const [from, to] = [tril(scaleOfNormal(q)), scaleOfNormal(p)];
  const shift = triangularSolve(to, q.params.loc.sub(p.params.loc).expandDims(-1));
  const below = tril(triangularSolve(to, from.sub(tril(to))), -1);
  const squares = sum(square(below), [-1, -2]).add(sum(square(shift), [-1, -2]));
  return sum(scaleDivergence(diag(from), diag(to)), -1).add(squares.mul(0.5));
}

/** Whether two parameters are the same numbers: they are read where they are not one tensor. */
export function areSame(x: Tensor, y: Tensor): boolean {
  if (x === y) return true;
  if (x.batch !== null && y.batch !== null)
    return x.batch.level === y.batch.level && areSame(x.batch.value, y.batch.value);
  if (x.batch !== null || y.batch !== null || !sameShape(x.shape, y.shape)) return false;
  const others = readNumbers(y, "a parameter");
  return readNumbers(x, "a parameter").every((element, i) => element === others[i]);
}

export const sameFamily = (): Readonly<Record<string, Row>> => ({
  "Normal Normal": normal,
  "LogNormal LogNormal": normal,
  ...rowsByConversion<AnyNormal>(
    { MultivariateNormal: identity, LowRankMultivariateNormal: identity, Independent: vectorOf },
    multivariateNormals,
  ),
  "HalfNormal HalfNormal": row((q: HalfNormal, p: HalfNormal) => scaleDivergence(q.params.scale, p.params.scale)),
  ...rowsByConversion<Gamma["params"]>({ Gamma: paramsOf, Chi2: ofChi2, Exponential: ofRate }, gammas),
  ...rowsByConversion<Weibull["params"]>({ Weibull: paramsOf, Exponential: ofInverseRate }, weibulls),
  "Exponential Exponential": row((q: Exponential, p: Exponential) => rateDivergence(q.params.rate, p.params.rate)),
  // 1/x of an inverse gamma variable is a gamma variable.
  ...rowsByConversion<Gamma["params"]>({ InverseGamma: paramsOf }, gammas),
  ...rowsByConversion<Beta["params"]>({ Beta: paramsOf, BetaProportion: ofProportion }, betas),
  "BetaProportion BetaProportion": proportions,
  "Dirichlet Dirichlet": row(({ params: { concentration: a } }: Dirichlet, { params: p }: Dirichlet) => {
    const step = p.concentration.sub(a);
    const [total, whole] = [sum(a, -1), sum(step, -1)];
    return sum(gammaDivergence(a, a.add(step), step), -1).sub(gammaDivergence(total, total.add(whole), whole));
  }),
  "Uniform Uniform": uniforms(0),
  "DiscreteUniform DiscreteUniform": uniforms(1),
  // r φ(-t) + r - 1 - log r, r = s_q / s_p, t = |loc_q - loc_p| / s_q
  "Laplace Laplace": row(({ params: q }: Laplace, { params: p }: Laplace) => {
    const t = abs(q.loc.sub(p.loc)).div(q.scale);
    return q.scale.div(p.scale).mul(excessOverExp(t.neg())).add(rateDivergence(p.scale, q.scale));
  }),
  "Gumbel Gumbel": row(({ params: q }: Gumbel, { params: p }: Gumbel) =>
    gumbelDivergence(q.scale.sub(p.scale).div(p.scale), q.loc.sub(p.loc).div(p.scale)),
  ),
  "Cauchy Cauchy": row(({ params: q }: Cauchy, { params: p }: Cauchy) =>
    cauchyDivergence(q.scale, p.scale, q.loc.sub(p.loc)),
  ),
  // That of two Cauchy distributions around 0, by symmetry
  "HalfCauchy HalfCauchy": row(({ params: q }: Cauchy, { params: p }: Cauchy) =>
    cauchyDivergence(q.scale, p.scale, q.scale.mul(0)),
  ),
  // a_p log(s_q / s_p) + r - 1 - log r, r = a_p / a_q, where s_q >= s_p
  "Pareto Pareto": row(({ params: q }: Pareto, { params: p }: Pareto) => {
    const divergence = p.alpha.mul(logRatio(q.scale, p.scale)).add(rateDivergence(q.alpha, p.alpha));
    return where(greaterEqual(q.scale, p.scale), divergence, Infinity);
  }),
  // That of the concentrations, and 2 κ_p A sin²(d/2) for the turn, A = I_1(κ_q) / I_0(κ_q)
  "VonMises VonMises": row(({ params: q }: VonMises, { params: p }: VonMises) => {
    const [k, m] = [q.concentration, p.concentration];
    const turn = square(sin(q.loc.sub(p.loc).mul(0.5))).mul(2);
    return vonMisesDivergence(k, m).add(m.mul(i1e(k).div(i0e(k))).mul(turn));
  }),
  "ContinuousBernoulli ContinuousBernoulli": row((q: ContinuousBernoulli, p: ContinuousBernoulli) =>
    sinhcDivergence(q.logits.mul(0.5), p.logits.mul(0.5)),
  ),
  "Bernoulli Bernoulli": row(({ params: q }, { params: p }) => trials(q, p)),
  // The same number of trials; with others there is no closed form
  "Binomial Binomial": row(({ params: q }: Binomial, { params: p }: Binomial) =>
    areSame(q.totalCount, p.totalCount) ? trials(q, p).mul(q.totalCount) : null,
  ),
  // 1 / probs trials, of which each counts
  "Geometric Geometric": row(({ params: q }, { params: p }) => trials(q, p).div(outcomesOf(q)[0].probability)),
  // totalCount / P(failure) trials; with another count there is no closed form
  "NegativeBinomial NegativeBinomial": row(({ params: q }: NegativeBinomial, { params: p }: NegativeBinomial) =>
    areSame(q.totalCount, p.totalCount) ? trials(q, p).mul(q.totalCount).div(outcomesOf(q)[1].probability) : null,
  ),
  "Poisson Poisson": row((q: Poisson, p: Poisson) => poissonDivergence(q.params.rate, p.params.rate)),
  "Categorical Categorical": row((q: Categorical, p: Categorical) => classes(q, p)),
  "OneHotCategorical OneHotCategorical": row((q: OneHotCategorical, p: OneHotCategorical) => classes(q.index, p.index)),
});
