/** KL(q | p) within one family; each row is a formula in the parameters of both. */

import { sameShape } from "../../autodiff/core/shape.js";
import {
  abs,
  besselGap,
  cholesky,
  exp,
  eye,
  gate,
  greaterEqual,
  i0e,
  i1e,
  lgamma,
  log,
  logicalAnd,
  matmul,
  sin,
  square,
  sub,
  sum,
  type Tensor,
  tensor,
  triangularSolve,
  tril,
  where,
} from "../../autodiff/index.js";
import { matrixTranspose } from "../../autodiff/ops/linalg/matmul.js";
import { readAll } from "../constraints/read.js";
import { EULER } from "../core/constants.js";
import type { Derived, Independent } from "../core/distribution.js";
import { poissonDivergence, stirlingDivergence } from "../densities/continuous.js";
import type { Beta } from "../families/bounded/beta.js";
import type { BetaProportion } from "../families/bounded/betaProportion.js";
import type { Uniform } from "../families/bounded/uniform.js";
import type { VonMises } from "../families/bounded/vonMises.js";
import type { Categorical } from "../families/categorical/categorical.js";
import type { OneHotCategorical } from "../families/categorical/oneHotCategorical.js";
import { outcomesOf } from "../families/counts/bernoulli.js";
import type { Binomial } from "../families/counts/binomial.js";
import type { NegativeBinomial } from "../families/counts/negativeBinomial.js";
import type { Poisson } from "../families/counts/poisson.js";
import type { Chi2 } from "../families/positive/chi2.js";
import type { Exponential } from "../families/positive/exponential.js";
import type { Gamma } from "../families/positive/gamma.js";
import type { HalfNormal } from "../families/positive/halfNormal.js";
import type { Pareto } from "../families/positive/pareto.js";
import type { Weibull } from "../families/positive/weibull.js";
import type { Cauchy } from "../families/real/cauchy.js";
import type { Gumbel } from "../families/real/gumbel.js";
import type { Laplace } from "../families/real/laplace.js";
import type { Normal } from "../families/real/normal.js";
import type { Dirichlet } from "../families/vectors/dirichlet.js";
import type { LowRankMultivariateNormal } from "../families/vectors/lowRankMultivariateNormal.js";
import { halfLogDeterminant, type MultivariateNormal } from "../families/vectors/multivariateNormal.js";
import { type Row, row } from "./row.js";

// With r = scale_q / scale_p:  (r² - 1) / 2 - log r
const scaleDivergence = (r: Tensor): Tensor => square(r).sub(1).mul(0.5).sub(log(r));
// KL(Gamma(a, 1) | Gamma(c, 1))
const gammaDivergence = (a: Tensor, c: Tensor): Tensor => poissonDivergence(c, a).add(stirlingDivergence(a, c));

type Trial = { readonly probs?: Tensor; readonly logits?: Tensor };
/** One success or failure. Of probabilities as a sum of deviances, which stay small where the two are close. */
function trialDivergence(q: Trial, p: Trial): Tensor {
  if (q.probs !== undefined && p.probs !== undefined)
    return poissonDivergence(q.probs, p.probs).add(poissonDivergence(sub(1, q.probs), sub(1, p.probs)));
  const [[one, zero], [one_, zero_]] = [outcomesOf(q), outcomesOf(p)];
  return gate(one.probability, sub(one.log, one_.log)).add(gate(zero.probability, sub(zero.log, zero_.log)));
}
const classDivergence = (q: Pick<Categorical, "probs" | "logits">, p: Pick<Categorical, "logits">): Tensor =>
  sum(gate(q.probs, sub(q.logits, p.logits)), -1);

const normal = row(({ params: q }: Normal, { params: p }: Normal) =>
  scaleDivergence(q.scale.div(p.scale)).add(square(q.loc.sub(p.loc).div(p.scale)).mul(0.5)),
);

/** Rows for every pair of families that can be read as one; null where what is given cannot. */
function readAs<T>(readers: Readonly<Record<string, (d: never) => T | null>>, f: (q: T, p: T) => Tensor) {
  const rows: Record<string, Row> = {};
  for (const from in readers)
    for (const to in readers)
      rows[`${from} ${to}`] = (q, p) => {
        const [x, y] = [readers[from]?.(q as never), readers[to]?.(p as never)];
        return x && y ? f(x, y) : null;
      };
  return rows;
}
const itself = <T>(d: T): T => d;
const ownParams = <T>({ params }: { readonly params: T }): T => params;

const gammas = (q: Gamma["params"], p: Gamma["params"]): Tensor =>
  poissonDivergence(p.concentration, q.concentration.mul(p.rate.div(q.rate))).add(
    stirlingDivergence(q.concentration, p.concentration),
  );
const ofChi2 = ({ params: { df } }: Chi2): Gamma["params"] => ({ concentration: df.mul(0.5), rate: tensor(0.5) });

const betas = (q: Beta["params"], p: Beta["params"]): Tensor =>
  gammaDivergence(q.concentration1, p.concentration1)
    .add(gammaDivergence(q.concentration0, p.concentration0))
    .sub(gammaDivergence(q.concentration1.add(q.concentration0), p.concentration1.add(p.concentration0)));
const ofProportion = ({ params: { mean, concentration } }: BetaProportion): Beta["params"] => ({
  concentration1: mean.mul(concentration),
  concentration0: sub(1, mean).mul(concentration),
});

// log ((s_q + s_p)² + d²) / (4 s_q s_p), d the distance of the locations (Chyzak and Nielsen 2019)
const cauchyDivergence = (s: Tensor, t: Tensor, d: Tensor): Tensor =>
  log(square(s.add(t)).add(square(d)).div(s.mul(t).mul(4)));

/** Of the widths, or of the counts of numbers where both ends are `counted`. */
const uniforms = (counted: 0 | 1): Row =>
  row(({ params: q }: Uniform, { params: p }: Uniform) =>
    where(
      logicalAnd(p.low.lessEqual(q.low), q.high.lessEqual(p.high)),
      log(p.high.sub(p.low).add(counted).div(q.high.sub(q.low).add(counted))),
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
// log |L_p| / |L_q| + (|L_p⁻¹ L_q|² + |L_p⁻¹ (m_q - m_p)|² - n) / 2
function multivariateNormals(q: AnyNormal, p: AnyNormal): Tensor {
  const [from, to] = [tril(scaleOfNormal(q)), scaleOfNormal(p)];
  const shift = triangularSolve(to, q.params.loc.sub(p.params.loc).expandDims(-1));
  const squares = sum(square(triangularSolve(to, from)), [-1, -2]).add(sum(square(shift), [-1, -2]));
  return halfLogDeterminant(to)
    .sub(halfLogDeterminant(from))
    .add(squares.sub(q.eventShape[0] as number).mul(0.5));
}

/** Whether two parameters are the same numbers: they are read where they are not one tensor. */
export function areSame(x: Tensor, y: Tensor): boolean {
  if (x === y) return true;
  if (x.batch !== null && y.batch !== null)
    return x.batch.level === y.batch.level && areSame(x.batch.value, y.batch.value);
  if (x.batch !== null || y.batch !== null || !sameShape(x.shape, y.shape)) return false;
  const others = readAll(y);
  return readAll(x).every((element, i) => element === others[i]);
}

export const SAME_FAMILY: Readonly<Record<string, Row>> = {
  "Normal Normal": normal,
  "LogNormal LogNormal": normal,
  ...readAs<AnyNormal>(
    { MultivariateNormal: itself, LowRankMultivariateNormal: itself, Independent: vectorOf },
    multivariateNormals,
  ),
  "HalfNormal HalfNormal": row((q: HalfNormal, p: HalfNormal) => scaleDivergence(q.params.scale.div(p.params.scale))),
  "Exponential Exponential": row((q: Exponential, p: Exponential) => {
    const r = p.params.rate.div(q.params.rate);
    return r.sub(1).sub(log(r));
  }),
  ...readAs<Gamma["params"]>({ Gamma: ownParams, Chi2: ofChi2 }, gammas),
  // 1/x of an inverse gamma variable is a gamma variable.
  ...readAs<Gamma["params"]>({ InverseGamma: ownParams }, gammas),
  ...readAs<Beta["params"]>({ Beta: ownParams, BetaProportion: ofProportion }, betas),
  "Dirichlet Dirichlet": row(({ params: q }: Dirichlet, { params: p }: Dirichlet) =>
    sum(gammaDivergence(q.concentration, p.concentration), -1).sub(
      gammaDivergence(sum(q.concentration, -1), sum(p.concentration, -1)),
    ),
  ),
  "Uniform Uniform": uniforms(0),
  "DiscreteUniform DiscreteUniform": uniforms(1),
  // |d| / s_p + (s_q / s_p) exp(-|d| / s_q) - 1 - log(s_q / s_p), d = loc_q - loc_p
  "Laplace Laplace": row(({ params: q }: Laplace, { params: p }: Laplace) => {
    const [r, d] = [q.scale.div(p.scale), abs(q.loc.sub(p.loc))];
    return d
      .div(p.scale)
      .add(r.mul(exp(d.div(q.scale).neg())))
      .sub(1)
      .sub(log(r));
  }),
  // E exp(-(x - loc_p) / s_p) = exp((loc_p - loc_q) / s_p) Γ(1 + r), r = s_q / s_p
  "Gumbel Gumbel": row(({ params: q }: Gumbel, { params: p }: Gumbel) => {
    const [r, d] = [q.scale.div(p.scale), q.loc.sub(p.loc).div(p.scale)];
    return exp(lgamma(r.add(1)).sub(d))
      .sub(1)
      .add(d)
      .add(r.sub(1).mul(EULER))
      .sub(log(r));
  }),
  "Cauchy Cauchy": row(({ params: q }: Cauchy, { params: p }: Cauchy) =>
    cauchyDivergence(q.scale, p.scale, q.loc.sub(p.loc)),
  ),
  // A pair of Cauchy laws around 0, by symmetry
  "HalfCauchy HalfCauchy": row(({ params: q }: Cauchy, { params: p }: Cauchy) =>
    cauchyDivergence(q.scale, p.scale, q.scale.mul(0)),
  ),
  // a_p log(s_q / s_p) + a_p / a_q - 1 - log(a_p / a_q) where s_q >= s_p
  "Pareto Pareto": row(({ params: q }: Pareto, { params: p }: Pareto) => {
    const r = p.alpha.div(q.alpha);
    const divergence = p.alpha.mul(log(q.scale.div(p.scale))).add(r.sub(1).sub(log(r)));
    return where(greaterEqual(q.scale, p.scale), divergence, Infinity);
  }),
  // With k the concentrations and r = k_p / k_q, E (x / s_p)^k_p = (s_q / s_p)^k_p Γ(1 + r)
  "Weibull Weibull": row(({ params: q }: Weibull, { params: p }: Weibull) => {
    const [r, d] = [p.concentration.div(q.concentration), log(q.scale.div(p.scale)).mul(p.concentration)];
    return exp(d.add(lgamma(r.add(1))))
      .sub(1)
      .sub(d)
      .add(r.sub(1).mul(EULER))
      .sub(log(r));
  }),
  // (κ_p - κ_q) (1 - A) + 2 κ_p A sin²(d/2) - log (exp(-κ_q) I_0(κ_q) / (exp(-κ_p) I_0(κ_p))), A = I_1(κ_q) / I_0(κ_q)
  "VonMises VonMises": row(({ params: q }: VonMises, { params: p }: VonMises) => {
    const [k, m] = [q.concentration, p.concentration];
    const [alignment, spread] = [i1e(k).div(i0e(k)), besselGap(k).div(i0e(k))];
    const turn = square(sin(q.loc.sub(p.loc).mul(0.5))).mul(2);
    return m
      .sub(k)
      .mul(spread)
      .add(m.mul(alignment).mul(turn))
      .sub(log(i0e(k).div(i0e(m))));
  }),
  "Bernoulli Bernoulli": row(({ params: q }, { params: p }) => trialDivergence(q, p)),
  // The same number of trials; with others there is no closed form
  "Binomial Binomial": row(({ params: q }: Binomial, { params: p }: Binomial) =>
    areSame(q.totalCount, p.totalCount) ? trialDivergence(q, p).mul(q.totalCount) : null,
  ),
  // 1 / probs trials, of which each counts
  "Geometric Geometric": row(({ params: q }, { params: p }) => trialDivergence(q, p).div(outcomesOf(q)[0].probability)),
  // totalCount / P(failure) trials; with another count there is no closed form
  "NegativeBinomial NegativeBinomial": row(({ params: q }: NegativeBinomial, { params: p }: NegativeBinomial) =>
    areSame(q.totalCount, p.totalCount)
      ? trialDivergence(q, p).mul(q.totalCount).div(outcomesOf(q)[1].probability)
      : null,
  ),
  "Poisson Poisson": row((q: Poisson, p: Poisson) => poissonDivergence(q.params.rate, p.params.rate)),
  "Categorical Categorical": row((q: Categorical, p: Categorical) => classDivergence(q, p)),
  "OneHotCategorical OneHotCategorical": row((q: OneHotCategorical, p: OneHotCategorical) =>
    classDivergence(q.index, p.index),
  ),
};
