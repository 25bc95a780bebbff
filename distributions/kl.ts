/**
 * KL(q | p) = E_q[log q - log p] in closed form: a table of pairs by the names of their families, `*` standing for any. A pair that is
 * not in it has none, and an estimator samples instead. A row of it is a formula in the parameters of both; families with one line of
 * their own bring it here, longer ones from files beside this one.
 */
import { broadcastTo, gate, log, logicalAnd, square, sub, sum, type Tensor, where } from "../autodiff/index.js";
import { broadcastShapes } from "../autodiff/view.js";
import { sumOver } from "./axes.js";
import type { Bernoulli } from "./bernoulli.js";
import type { Beta } from "./beta.js";
import type { Categorical } from "./categorical.js";
import type { Delta } from "./delta.js";
import type { Dirichlet } from "./dirichlet.js";
import type { Derived, Distribution, Independent, Masked } from "./distribution.js";
import type { Exponential } from "./exponential.js";
import type { Gamma } from "./gamma.js";
import type { HalfNormal } from "./halfNormal.js";
import { poissonDivergence, stirlingDivergence } from "./kernels.js";
import type { Normal } from "./normal.js";
import type { Poisson } from "./poisson.js";
import type { Uniform } from "./uniform.js";

type Row = (q: Distribution, p: Distribution) => Tensor | null;
const row = <Q extends Distribution, P extends Distribution>(f: (q: Q, p: P) => Tensor | null): Row =>
  f as unknown as Row;

// With r = scale_q / scale_p:  (r² - 1) / 2 - log r
const scaleDivergence = (r: Tensor): Tensor => square(r).sub(1).mul(0.5).sub(log(r));
// KL(Gamma(a, 1) | Gamma(c, 1))
const gammaDivergence = (a: Tensor, c: Tensor): Tensor => poissonDivergence(c, a).add(stirlingDivergence(a, c));

const normal = row(({ params: q }: Normal, { params: p }: Normal) =>
  scaleDivergence(q.scale.div(p.scale)).add(square(q.loc.sub(p.loc).div(p.scale)).mul(0.5)),
);

const TABLE: Readonly<Record<string, Row>> = {
  "Normal Normal": normal,
  "LogNormal LogNormal": normal,
  "HalfNormal HalfNormal": row((q: HalfNormal, p: HalfNormal) => scaleDivergence(q.params.scale.div(p.params.scale))),
  "Exponential Exponential": row((q: Exponential, p: Exponential) => {
    const r = p.params.rate.div(q.params.rate);
    return r.sub(1).sub(log(r));
  }),
  "Gamma Gamma": row(({ params: q }: Gamma, { params: p }: Gamma) =>
    poissonDivergence(p.concentration, q.concentration.mul(p.rate.div(q.rate))).add(
      stirlingDivergence(q.concentration, p.concentration),
    ),
  ),
  "Beta Beta": row(({ params: q }: Beta, { params: p }: Beta) =>
    gammaDivergence(q.concentration1, p.concentration1)
      .add(gammaDivergence(q.concentration0, p.concentration0))
      .sub(gammaDivergence(q.concentration1.add(q.concentration0), p.concentration1.add(p.concentration0))),
  ),
  "Dirichlet Dirichlet": row(({ params: q }: Dirichlet, { params: p }: Dirichlet) =>
    sum(gammaDivergence(q.concentration, p.concentration), -1).sub(
      gammaDivergence(sum(q.concentration, -1), sum(p.concentration, -1)),
    ),
  ),
  "Uniform Uniform": row(({ params: q }: Uniform, { params: p }: Uniform) =>
    where(
      logicalAnd(p.low.lessEqual(q.low), q.high.lessEqual(p.high)),
      log(p.high.sub(p.low).div(q.high.sub(q.low))),
      Infinity,
    ),
  ),
  "Bernoulli Bernoulli": row((q: Bernoulli, p: Bernoulli) => {
    const [one, zero] = q.outcomes;
    const [one_, zero_] = p.outcomes;
    return gate(one.probability, sub(one.log, one_.log)).add(gate(zero.probability, sub(zero.log, zero_.log)));
  }),
  "Categorical Categorical": row((q: Categorical, p: Categorical) => sum(gate(q.probs, sub(q.logits, p.logits)), -1)),
  "Poisson Poisson": row((q: Poisson, p: Poisson) => poissonDivergence(q.params.rate, p.params.rate)),

  "Delta *": row(({ params: { v, logDensity } }: Delta, p) => logDensity.sub(p.logProb(v))),
  "Independent Independent": row((q: Independent, p: Independent) => {
    const n = Math.min(q.reinterpreted, p.reinterpreted);
    const within = klDivergence(q.base.toEvent(q.reinterpreted - n), p.base.toEvent(p.reinterpreted - n));
    return within && sumOver(within, n);
  }),
  "Masked Masked": row((q: Masked, p: Masked) => {
    const whole = klDivergence(q.base, p.base);
    return whole && where(logicalAnd(q.selected, p.selected), whole, 0);
  }),
  "Expanded *": row((q: Derived, p) => klDivergence(q.base, p)),
  "* Expanded": row((q, p: Derived) => klDivergence(q, p.base)),
  "NonReparameterized *": row((q: Derived, p) => klDivergence(q.base, p)),
  "* NonReparameterized": row((q, p: Derived) => klDivergence(q, p.base)),
};

/** KL(q | p), the batch shapes broadcast; Infinity where q has mass outside the support of p; null where there is no closed form. */
export function klDivergence(q: Distribution, p: Distribution): Tensor | null {
  const find = (pair: string): Row | undefined => (Object.hasOwn(TABLE, pair) ? TABLE[pair] : undefined);
  const rule = find(`${q.family} ${p.family}`) ?? find(`${q.family} *`) ?? find(`* ${p.family}`);
  const divergence = rule?.(q, p) ?? null;
  return divergence && broadcastTo(divergence, broadcastShapes("klDivergence", q.batchShape, p.batchShape));
}
