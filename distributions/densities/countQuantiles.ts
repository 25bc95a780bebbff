/** Distribution functions and quantiles of counts. */
import {
  betaImplicitGradA,
  betaImplicitGradB,
  betainc,
  equal,
  exp,
  less,
  mul,
  neg,
  type Tensor,
  type Ternary,
  tensor,
  ternary,
  where,
} from "../../autodiff/index.js";
import { betaincc as betainccOf, betaincinvRest as betaincinvRestOf } from "../../autodiff/kernels/special/index.js";
import { derivatives } from "../../autodiff/ops/elementwise/elementwise.js";
import { boundsOf } from "../constraints/constraint.js";
import type { Distribution } from "../core/distribution.js";
import { logBetaDensity } from "./continuous.js";
import { ternaryBySlopes } from "./slopes.js";

/** 1 - I_x(a, b), the upper tail of Beta(a, b), without the cancellation of the subtraction. */
export const betaincc: Ternary = /* @__PURE__ */ ternaryBySlopes(
  "betaincc",
  (a, b, x) => betainccOf(a, b, x),
  (a, b, x) => mul(betaImplicitGradA(a, b, x), exp(logBetaDensity(a, b, x))),
  (a, b, x) => mul(betaImplicitGradB(a, b, x), exp(logBetaDensity(a, b, x))),
  (a, b, x) => neg(exp(logBetaDensity(a, b, x))),
);

/**
 * I_q(b, a) = 1 - I_p(a, b) for p + q = 1, computed from the smaller of p and q. This is P(X <= a - 1) for a binomial count X of n trials with
 * b = n - a + 1, and also for a negative binomial count X with b failures.
 */
export const betaTail = (a: Tensor, b: Tensor, p: Tensor, q: Tensor): Tensor =>
  where(less(p, 0.5), betaincc(a, b, p), betainc(b, a, q));

/** 1 - y for the quantile y of Beta(a, b) at q, without the cancellation of the subtraction. */
export const betaincinvRest: Ternary = /* @__PURE__ */ ternary(
  "betaincinvRest",
  betaincinvRestOf,
  /* @__PURE__ */ derivatives([
    (rest, a, b) => betaImplicitGradB(b, a, rest),
    (rest, a, b) => betaImplicitGradA(b, a, rest),
    (rest, a, b) => neg(exp(neg(logBetaDensity(b, a, rest)))),
  ]),
);
/** The smallest whole number k >= `least` with cdf(k) >= q, by bisection; NaN from about 2^53 on, where not every whole number exists. */
export function leastCount(cdf: (k: Tensor) => Tensor, q: Tensor, least = 0): Tensor {
  let below = tensor(least - 1);
  for (let step = 2 ** 52; step >= 1; step /= 2) {
    const next = below.add(step);
    below = where(cdf(next).less(q), next, below);
  }
  return where(equal(below, least + 2 ** 53 - 2), NaN, below.add(1));
}

/** The quantile of a count, found from the cdf; NaN where q is NaN. */
export function countQuantile(d: Distribution, q: Tensor): Tensor {
  const [low, high] = boundsOf(d.support) as [Tensor, Tensor];
  const least = leastCount((k) => d.cumulative(low.add(k)), q).add(low);
  return where(less(q, 1), least, where(equal(q, 1), high, NaN));
}
