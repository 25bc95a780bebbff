import {
  add,
  type Binary,
  binary,
  digamma,
  div,
  exp,
  gammaImplicitGrad,
  gammainc,
  gammaincc,
  gammaincinv,
  greater,
  log,
  maximum,
  reciprocal,
  square,
  sub,
  type TensorLike,
  type Ternary,
  where,
} from "../../../autodiff/index.js";
import { log as logOf } from "../../../autodiff/kernels/formulas/scalarFormulas.js";
import { gammainccinv as gammainccinvOf, lgamma, productMinus } from "../../../autodiff/kernels/special/index.js";
import { derivatives } from "../../../autodiff/ops/elementwise/elementwise.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { nonnegative, positive } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { devianceFrom, halfLogOverTwoPi, logGammaDensity, stirlingError } from "../../densities/continuous.js";
import { ternaryBySlopes } from "../../densities/slopes.js";
import { gammaEntropy } from "../../densities/stirling.js";
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
  keepInside: true,
  formulas: ({ concentration: a, rate: b }) => ({
    logDensity: (x) => logGammaDensity(a, b, x),
    draw: (key, shape) => random.gamma(key, a, shape).div(b),
    mean: () => a.div(b),
    variance: () => a.div(square(b)),
    entropy: () => gammaEntropy(a).sub(log(b)),
    cdf: (x) => gammainc(a, maximum(x, 0).mul(b)),
    icdf: (q) => gammaincinv(a, q).div(b),
  }),
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
  formulas: ({ df }) => ({
    as: () => new Gamma(df.mul(0.5), 0.5),
    mean: () => df,
    variance: () => df.mul(2),
  }),
  divergences: ofChi2,
}) {}

/** a log b - (a + 1) log x - b / x - lgamma(a) for a, b, x > 0. */
const logInverseGammaDensity: Ternary = /* @__PURE__ */ ternaryBySlopes(
  "logInverseGammaDensity",
  (a, b, x) => {
    const m = b / x;
    if (m === Infinity) return -Infinity;
    if (a < 1e-290 || m < 1e-290) return a * (logOf(b) - logOf(x)) - logOf(x) - m - lgamma(a);
    const difference = m - a - productMinus(m, x, b) / x;
    return halfLogOverTwoPi(a) - logOf(x) - devianceFrom(a, m, difference) - stirlingError(a);
  },
  (a, b, x) => sub(sub(log(b), log(x)), digamma(a)),
  (a, b, x) => sub(div(a, b), reciprocal(x)),
  (a, b, x) => div(sub(div(b, x), add(a, 1)), x),
);

/** The x with P(X > x) = q for Gamma(a, 1). */
const gammainccinv: Binary = /* @__PURE__ */ binary(
  "gammainccinv",
  gammainccinvOf,
  /* @__PURE__ */ derivatives([(x, a) => gammaImplicitGrad(a, x), (x, a) => exp(logGammaDensity(a, 1, x).neg()).neg()]),
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
  keepInside: true,
  formulas: ({ concentration: a, rate: b }) => ({
    logDensity: (x) => logInverseGammaDensity(a, b, x),
    draw: (key, shape) => b.div(random.gamma(key, a, shape)),
    mean: () => where(greater(a, 1), b.div(a.sub(1)), Infinity),
    variance: () => where(greater(a, 2), square(b.div(a.sub(1))).div(a.sub(2)), Infinity),
    entropy: () => gammaEntropy(a).sub(digamma(a).mul(2)).add(log(b)),
    cdf: (x) => where(greater(x, 0), gammaincc(a, b.div(maximum(x, 0))), 0),
    icdf: (q) => b.div(gammainccinv(a, q)),
  }),
  divergences: ofInverseGamma,
}) {}
