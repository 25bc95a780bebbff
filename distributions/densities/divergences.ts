/**
 * Divergences that keep their digits where q and p are almost the same. KL(q | p) is of second order in their difference: for parameters
 * that are 1e-7 apart it is about 1e-14. In a formula with terms of first order these terms cancel and leave no digits. So each formula
 * here is a sum of parts >= 0 without terms of first order. With φ(x) = exp(x) - 1 - x >= 0 and u = q/p - 1,
 *
 *     scale     (r² - 1)/2 - log r = (u - log(1 + u)) + u²/2          r = q/p, for scales of normal distributions
 *     rate      r - 1 - log r                                         r = p/q, for rates of exponential distributions
 *     classes   -v̄ = log(1 + Σ_k q_k φ(v_k - v̄)) - log Σ_k q_k exp(v_k)       v = log p - log q, v̄ = Σ_k q_k v_k
 *
 * If q and p belong to one exponential family with cumulant A, KL = (p - q)² ∫_0^1 (1 - t) A''(q + t (p - q)) dt, which is computed by
 * quadrature where q and p are close.
 */
import {
  abs,
  type Binary,
  besselGap,
  digammaDifference,
  div,
  exp,
  expm1,
  greater,
  i0e,
  i1e,
  isFinite,
  less,
  lgamma,
  log1p,
  min,
  mul,
  mulZeroWins,
  reciprocal,
  square,
  sub,
  sum,
  type Tensor,
  type Ternary,
  trigamma,
  type Unary,
  where,
} from "../../autodiff/index.js";
import { expm1 as expm1Of, log1p as log1pOf, log as logOf } from "../../autodiff/kernels/formulas/scalarFormulas.js";
import {
  besselRatioSlope,
  circularVariance,
  excessOverLog,
  gaussLegendre,
  i0e as i0eOf,
  i1e as i1eOf,
  logI0,
  trigamma as trigammaOf,
} from "../../autodiff/kernels/special/index.js";
import { EULER } from "../core/constants.js";
import { devianceFrom, logRatio } from "./continuous.js";
import { binaryBySlopes, ternaryBySlopes, unaryBySlope } from "./slopes.js";
import { stirlingExcess } from "./stirling.js";

/** d² ∫_0^1 (1 - t) curvature(from + t d) dt: A(from + d) - A(from) - d A'(from) for a function A with A'' = curvature. */
export const bregman = (curvature: (x: number) => number, from: number, d: number): number =>
  d * d * gaussLegendre((t) => (1 - t) * curvature(from + t * d), 0, 1);

/** D(k, m) as an op: KL(Poisson(k) | Poisson(m)). The difference m - k may have more correct digits than the rounded m. */
export const poissonDivergence: Ternary = /* @__PURE__ */ ternaryBySlopes(
  "poissonDivergence",
  devianceFrom,
  (k, m) => logRatio(k, m),
  (k, m) => sub(1, mulZeroWins(k, reciprocal(m))),
  () => 0,
);

/** φ(x) = exp(x) - 1 - x. */
export const excessOverExp: Unary = /* @__PURE__ */ unaryBySlope(
  "excessOverExp",
  (x) => {
    if (Math.abs(x) > 0.5) return x < Infinity ? expm1Of(x) - x : x;
    let sum = 1;
    for (let k = 17; k >= 3; k--) sum = 1 + (x / k) * sum;
    return 0.5 * x * x * sum;
  },
  expm1,
);

/** r - 1 - log r for r = p/q and q, p > 0. */
function rateExcess(q: number, p: number): number {
  const r = p / q;
  // The ratio of two representable numbers may overflow or underflow.
  return r > 1e-300 && r < 1e300 ? excessOverLog((p - q) / q, r) : r - 1 + (logOf(q) - logOf(p));
}

/** KL(Exponential(q) | Exponential(p)). */
export const rateDivergence: Binary = /* @__PURE__ */ binaryBySlopes(
  "rateDivergence",
  rateExcess,
  (q, p) => sub(q, p).div(q).div(q),
  (q, p) => sub(p, q).div(p).div(q),
);

/** KL(Normal(0, q) | Normal(0, p)). */
export const scaleDivergence: Binary = /* @__PURE__ */ binaryBySlopes(
  "scaleDivergence",
  (q, p) => {
    const u = (q - p) / p;
    return rateExcess(p, q) + 0.5 * u * u;
  },
  (q, p) =>
    sub(q, p)
      .div(p)
      .mul(reciprocal(q).add(reciprocal(p))),
  (q, p) => sub(p, q).div(p).mul(div(q, p).add(1)).div(p),
);

const signOf = (x: Tensor): Tensor => where(less(x, 0), -1, 1);
/** |x|, with derivative 1 at 0, because even functions of it, such as divergences, have their second derivatives from it. */
export const sizeOf = (x: Tensor): Tensor => x.mul(signOf(x));

/** ψ(c) - ψ(a) for d = c - a, where ψ is the digamma function. If c is much less than a, a + d would lose its digits. */
export const digammaStep = (a: Tensor, c: Tensor, d: Tensor): Tensor =>
  mul(signOf(d), digammaDifference(where(less(d, 0), c, a), sizeOf(d)));

/**
 * KL(Gamma(a, 1) | Gamma(c, 1)) - D(c, a). d = c - a is a separate argument, because it may have more correct digits than the difference of
 * the rounded a and c.
 */
export const stirlingDivergence: Ternary = /* @__PURE__ */ ternaryBySlopes(
  "stirlingDivergence",
  stirlingExcess,
  (a, _, d) => mulZeroWins(d, sub(reciprocal(a), trigamma(a))),
  (a, c, d) => sub(digammaStep(a, c, d), logRatio(c, a)),
  () => 0,
);

/** log Γ(1 + u) + γ u for |u| < 1/2: log Γ(1 + u) without its first-order term, -γ u. */
const lgammaExcess: Unary = /* @__PURE__ */ unaryBySlope(
  "lgammaExcess",
  (u) => bregman(trigammaOf, 1, u),
  (u) => digammaStep(u.mul(0).add(1), u.add(1), u),
);

/**
 * KL(q | p) of Gumbel distributions: φ(w) + log Γ(r) + γ u, where w = log Γ(1 + r) - d, r = s/t and u = r - 1. The scales of q and p are s
 * and t, and d = (loc_q - loc_p) / t.
 */
export function gumbelDivergence(s: Tensor, t: Tensor, d: Tensor): Tensor {
  const [u, logr] = [s.sub(t).div(t), logRatio(s, t)];
  const isNear = less(abs(u), 0.5);
  const excess = lgammaExcess(where(isNear, u, 0));
  const first = u.mul(EULER);
  // log Γ(1 + r)
  const logGamma = where(isNear, excess.sub(first).add(logr), lgamma(where(isNear, 1, s.div(t).add(1))));
  // An infinite d would give Infinity - Infinity.
  const w = where(isFinite(d), logGamma.sub(d), -Infinity);
  return excessOverExp(w).add(where(isNear, excess, logGamma.sub(logr).add(first)));
}

/** KL between Cauchy distributions of scales s and t: log(((s + t)² + d²) / (4 s t)) with d = loc_q - loc_p (Chyzak and Nielsen 2019). */
export const cauchyDivergence: Ternary = /* @__PURE__ */ ternaryBySlopes(
  "cauchyDivergence",
  (s, t, d) => {
    const excess = 0.25 * (((s - t) / s) * ((s - t) / t) + (d / s) * (d / t));
    if (excess < Infinity) return log1pOf(excess);
    const [one, other] = [s + t, Math.abs(d)];
    const large = Math.max(one, other);
    const ratio = Math.min(one, other) / large;
    return 2 * logOf(large) + log1pOf(ratio * ratio) - 2 * Math.LN2 - logOf(s) - logOf(t);
  },
  cauchySlope,
  (s, t, d) => cauchySlope(t, s, d),
  (s, t, d) => {
    const q = d.div(s.add(t));
    const isWide = greater(abs(q), 1);
    const each = where(isWide, q.add(reciprocal(q)).reciprocal(), q.div(square(q).add(1)));
    return each.mul(2).div(s.add(t));
  },
);
/** The derivative of `cauchyDivergence` with respect to s: (s² - t² - d²) / (s ((s + t)² + d²)). */
function cauchySlope(s: Tensor, t: Tensor, d: Tensor): Tensor {
  const q = d.div(s.add(t));
  const share = where(greater(abs(q), 1), reciprocal(square(reciprocal(q)).add(1)), square(q).div(square(q).add(1)));
  return s.sub(t).div(s.add(t)).mul(share.neg().add(1)).sub(share).div(s);
}

/** p x, but 0 where p = 0, even if x is infinite or NaN there; likewise for the gradient. */
export const mulByProbability = (p: Tensor, x: Tensor): Tensor => mul(p, where(greater(p, 0), x, 0));
/** Σ_k p_k x_k over the last axis. */
export const expectation = (p: Tensor, x: Tensor): Tensor => sum(mulByProbability(p, x), -1);

/** KL(q | p) of categorical distributions, classes along the last axis, from the probabilities of q and the log probabilities of both. */
export function classDivergence(probs: Tensor, q: Tensor, p: Tensor): Tensor {
  const isPossible = greater(probs, 0);
  const v = where(isPossible, sub(p, q), 0);
  const isClose = min(less(abs(v), 1), -1, { keepDims: true });
  const close = where(isClose, v, 0);
  const centred = sub(close, sum(mul(probs, close), -1, { keepDims: true }));
  // The mass that p gives to classes which are impossible under q.
  const impossibleMass = sum(where(isPossible, 0, exp(p)), -1);
  const near = log1p(sum(mul(probs, excessOverExp(centred)), -1)).sub(log1p(impossibleMass.neg()));
  return where(isClose.squeeze(-1), near, expectation(probs, v.neg()));
}

/** 1 - A for A = I_1(κ) / I_0(κ), which keeps its digits at large κ. */
const spreadOf = (k: Tensor): Tensor => div(besselGap(k), i0e(k));
/**
 * A' = 1 - A/κ - A², whose derivative is (A/κ - A')/κ - 2 A A'. For small κ, the quotient would lose its digits; there the derivative is
 * computed from A = κ/2 - κ³/16 + κ⁵/96 - ….
 */
const alignmentSlope: Unary = /* @__PURE__ */ unaryBySlope("alignmentSlope", besselRatioSlope, (k) => {
  const [alignment, y] = [div(i1e(k), i0e(k)), alignmentSlope(k)];
  const exact = sub(div(sub(div(alignment, k), y), k), mul(mul(2, alignment), y));
  return where(less(k, 3e-3), mul(k, sub(mul(square(k), 5 / 24), 3 / 8)), exact);
});

/** KL between two von Mises distributions with the same loc, from their concentrations. */
export const vonMisesDivergence: Binary = /* @__PURE__ */ binaryBySlopes(
  "vonMisesDivergence",
  (k, m) => {
    if (Math.abs(m - k) < 0.5 * k) return bregman(besselRatioSlope, k, m - k);
    if (Math.max(k, m) < 1) return logI0(m) - logI0(k) - (m - k) * (i1eOf(k) / i0eOf(k));
    return (m - k) * circularVariance(k) - logOf(i0eOf(k) / i0eOf(m));
  },
  (k, m) => mul(sub(k, m), alignmentSlope(k)),
  (k, m) => sub(spreadOf(k), spreadOf(m)),
);
