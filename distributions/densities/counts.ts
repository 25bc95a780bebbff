/**
 * Log probabilities of counts, in the form of continuous.ts, without the huge terms that cancel in the textbook formulas. With q = 1 - p and
 * the beta function B,
 *
 *     log(C(n, k) p^k q^(n-k)) = log(p^k q^(n-k) / B(k, n-k)) - log(k (n-k) / n),
 *     log(Γ(k+r) / (Γ(r) k!) p^k q^r) = log(p^k q^r / B(k, r)) - log k.
 */

import {
  add,
  digamma,
  digammaDifference,
  log,
  log1p,
  mul,
  mulZeroWins,
  reciprocal,
  sub,
  type Ternary,
} from "../../autodiff/index.js";
import { log1p as log1pOf, log as logOf, xlog1py, xlogy } from "../../autodiff/kernels/formulas/scalarFormulas.js";
import { productMinus } from "../../autodiff/kernels/special/index.js";
import { logPowersOverBeta } from "./continuous.js";
import { remembering } from "./remembering.js";
import { ternaryBySlopes } from "./slopes.js";

const logOfCount = /* @__PURE__ */ remembering(logOf);

/** log(C(n, k) p^k (1 - p)^(n - k)) for 0 <= k <= n. */
export const logBinomial: Ternary = /* @__PURE__ */ ternaryBySlopes(
  "logBinomial",
  (k, n, p) => {
    if (k === 0) return xlog1py(n, -p);
    if (k === n) return xlogy(n, p);
    return logPowersOverBeta(k, n - k, p, 1 - p, productMinus(n, p, k)) - logOf(k * ((n - k) / n));
  },
  (k, n, p) => add(sub(log(p), log1p(p.neg())), sub(digamma(sub(n, k).add(1)), digamma(k.add(1)))),
  (k, n, p) => add(log1p(p.neg()), digammaDifference(sub(n, k).add(1), k)),
  (k, n, p) => sub(mulZeroWins(k, reciprocal(p)), mulZeroWins(sub(n, k), reciprocal(sub(1, p)))),
);

/** log(Γ(k + r) / (Γ(r) k!) s^k / (1 + s)^(k + r)), where s, the odds of a success, is finite. */
export const logNegativeBinomial: Ternary = /* @__PURE__ */ ternaryBySlopes(
  "logNegativeBinomial",
  (k, r, s) => {
    if (k === 0) return -r * log1pOf(s);
    return logPowersOverBeta(k, r, s / (1 + s), 1 / (1 + s), productMinus(r, s, k) / (1 + s)) - logOfCount(k);
  },
  (k, r, s) => add(sub(log(s), log1p(s)), sub(digamma(add(k, r)), digamma(k.add(1)))),
  (k, r, s) => sub(digammaDifference(r, k), log1p(s)),
  (k, r, s) => mul(sub(mulZeroWins(k, reciprocal(s)), r), reciprocal(add(s, 1))),
);

/** Beyond this logit a count divided by the odds may overflow, so a log probability is continued as a straight line in the logit. */
export const FAR_LOGIT = 600;
