import {
  add,
  digamma,
  div,
  gammainc,
  gammaincc,
  gammaincinv,
  greater,
  log,
  maximum,
  mulZeroWins,
  reciprocal,
  square,
  sub,
  type TensorLike,
  type Ternary,
  ternary,
  where,
} from "../../../autodiff/index.js";
import { log as logOf } from "../../../autodiff/kernels/formulas/scalarFormulas.js";
import { lgamma, productMinus } from "../../../autodiff/kernels/special/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { nonnegative, positive } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import {
  devianceFrom,
  gammaEntropy,
  halfLogOverTwoPi,
  logGammaDensity,
  stirlingError,
} from "../../densities/continuous.js";
import { ofChi2, ofGamma, ofInverseGamma } from "../../kl/positive.js";

type Params = Tensors<"concentration" | "rate">;
type Arguments = [concentration: TensorLike, rate?: TensorLike];

/**
 * Gamma, a = concentration and b = rate = 1 / scale:
 *
 *     log p(x) = a log b + (a - 1) log x - b x - lgamma(a),   x >= 0.
 *
 * @example new Gamma(3, 2).mean.item() // 1.5
 */
export class Gamma extends /* @__PURE__ */ family<Params, Arguments>("Gamma", {
  constraints: { concentration: positive, rate: positive },
  defaults: { rate: 1 },
  support: nonnegative,
  logDensity: (x, { concentration, rate }) => logGammaDensity(concentration, rate, x),
  draw: (key, shape, { concentration, rate }) => random.gamma(key, concentration, shape).div(rate),
  keepInside: true,
  mean: ({ concentration, rate }) => concentration.div(rate),
  variance: ({ concentration, rate }) => concentration.div(square(rate)),
  entropy: ({ concentration, rate }) => gammaEntropy(concentration).sub(log(rate)),
  cdf: (x, { concentration, rate }) => gammainc(concentration, maximum(x, 0).mul(rate)),
  icdf: (q, { concentration, rate }) => gammaincinv(concentration, q).div(rate),
  divergences: ofGamma,
}) {}

/**
 * Chi2 with df degrees of freedom: Gamma(df/2, 1/2).
 *
 *     log p(x) = (df/2 - 1) log x - x/2 - df/2 log 2 - lgamma(df/2),   x >= 0.
 *
 * @example new Chi2(3).mean.item() // 3
 */
export class Chi2 extends /* @__PURE__ */ family<Tensors<"df">, [df: TensorLike]>("Chi2", {
  constraints: { df: positive },
  support: nonnegative,
  as: ({ df }) => new Gamma(df.mul(0.5), 0.5),
  mean: ({ df }) => df,
  variance: ({ df }) => df.mul(2),
  divergences: ofChi2,
}) {}

/** a log b - (a + 1) log x - b / x - lgamma(a) for a, b, x > 0. */
const logInverseGammaDensity: Ternary = /* @__PURE__ */ ternary(
  "logInverseGammaDensity",
  (a, b, x) => {
    const m = b / x;
    if (m === Infinity) return -Infinity;
    if (a < 1e-290) return a * (logOf(b) - logOf(x)) - logOf(x) - m - lgamma(a);
    const difference = m - a - productMinus(m, x, b) / x;
    return halfLogOverTwoPi(a) - logOf(x) - devianceFrom(a, m, difference) - stirlingError(a);
  },
  [
    (g, _, a, b, x) => mulZeroWins(g, sub(sub(log(b), log(x)), digamma(a))),
    (g, _, a, b, x) => mulZeroWins(g, sub(div(a, b), reciprocal(x))),
    (g, _, a, b, x) => mulZeroWins(g, div(sub(div(b, x), add(a, 1)), x)),
  ],
);

/**
 * InverseGamma: 1 / x is Gamma(a = concentration, b = rate).
 *
 *     log p(x) = a log b - lgamma(a) - (a + 1) log x - b / x,   x > 0.
 *
 * @example new InverseGamma(3, 2).mean.item() // 1
 */
export class InverseGamma extends /* @__PURE__ */ family<Params, Arguments>("InverseGamma", {
  constraints: { concentration: positive, rate: positive },
  defaults: { rate: 1 },
  support: positive,
  logDensity: (x, { concentration, rate }) => logInverseGammaDensity(concentration, rate, x),
  draw: (key, shape, { concentration, rate }) => rate.div(random.gamma(key, concentration, shape)),
  keepInside: true,
  mean: ({ concentration: a, rate }) => where(greater(a, 1), rate.div(a.sub(1)), Infinity),
  variance: ({ concentration: a, rate }) => where(greater(a, 2), square(rate.div(a.sub(1))).div(a.sub(2)), Infinity),
  entropy: ({ concentration: a, rate }) => gammaEntropy(a).sub(digamma(a).mul(2)).add(log(rate)),
  cdf: (x, { concentration, rate }) => where(greater(x, 0), gammaincc(concentration, rate.div(maximum(x, 0))), 0),
  icdf: (q, { concentration, rate }) => rate.div(gammaincinv(concentration, q.neg().add(1))),
  divergences: ofInverseGamma,
}) {}
