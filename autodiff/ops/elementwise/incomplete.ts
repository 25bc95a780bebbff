/**
 * The incomplete gamma and beta functions as ops, and the derivatives of their quantiles, which carry gradients through draws (implicit
 * reparameterisation, Figurnov et al. 2018). Let F be a distribution function with density f and a parameter p. Let x be a quantile, so
 * that F stays fixed when p changes, and h = -(dF/dp) / f the derivative of x with respect to p. Then
 *
 *     dh/dx = -d log f/dp - h d log f/dx,
 *
 * and dh/dp, which has no closed form, is computed to about 1e-9 by central differences of h.
 */
import { noFurtherDerivative } from "../../core/op.js";
import type { Tensor } from "../../core/tensor.js";
import * as special from "../../kernels/special/index.js";
import { type Binary, binary, derivatives, productZeroWins, type Ternary, ternary } from "./elementwise.js";
import {
  add,
  cos,
  div,
  equal,
  exp,
  greater,
  less,
  log,
  log1p,
  logicalAnd,
  mul,
  mulZeroWins,
  neg,
  reciprocal,
  sin,
  square,
  sub,
  where,
} from "./math.js";
import { digamma, digammaDifference, i0e, i1e } from "./special.js";

/** f'(p) for a scalar function that varies on the scale of min(p, √p), as functions of gamma and beta parameters do. */
function slopeAt(p: number, f: (p: number) => number): number {
  const h = 1e-3 * Math.min(p, Math.sqrt(p));
  return (8 * (f(p + h) - f(p - h)) - (f(p + 2 * h) - f(p - 2 * h))) / (12 * h);
}
type Scalar3 = (a: number, b: number, x: number) => number;
/** An op whose derivatives are not known. */
const withoutDerivative = (name: string, f: (a: number, b: number) => number): Binary =>
  binary(name, f, [noFurtherDerivative(name), noFurtherDerivative(name)]);

// Gamma(a, 1), density x^(a-1) exp(-x) / Γ(a)
const gammaDensity: Binary = binary(
  "gammaDensity",
  special.gammaDensity,
  derivatives([
    (y, a, x) => mulZeroWins(y, gammaScoreA(a, x)),
    (y, a, x) => where(isAtEnd(a, x), gammaDensity(sub(a, 1), x), mul(y, sub(shapeOver(a, x), 1))),
  ]),
);
const gammaScoreA = (a: Tensor, x: Tensor): Tensor => sub(log(x), digamma(a));
/** Where a factor x^(a-1) with a > 1 may be too small to be divided by x; its derivative contains x^(a-2). */
const isAtEnd = (a: Tensor, x: Tensor): Tensor => logicalAnd(less(x, 1e-100), greater(a, 1));
/** (a - 1) / x, or 0 if a is 1 and x is 0. */
const shapeOver = (a: Tensor, x: Tensor): Tensor => div(sub(a, 1), where(logicalAnd(equal(a, 1), equal(x, 0)), 1, x));
/** P(a, x), differentiable in both arguments. */
export const gammainc: Binary = binary(
  "gammainc",
  special.gammainc,
  derivatives([(_, a, x) => neg(gammaincSlope(a, x)), (_, a, x) => gammaDensity(a, x)]),
);
/** -dP/da. The implicit gradient is 0 at x = 0, and wins over an infinite density. */
const gammaincSlope: Binary = binary(
  "gammaincSlope",
  (a, x) => productZeroWins(special.gammaImplicitGrad(a, x), special.gammaDensity(a, x)),
  derivatives([
    (y, a, x) => add(mulZeroWins(gammaImplicitCurve(a, x), gammaDensity(a, x)), mulZeroWins(y, gammaScoreA(a, x))),
    (_, a, x) => neg(mulZeroWins(gammaDensity(a, x), gammaScoreA(a, x))),
  ]),
);
/** Q(a, x) = 1 - P(a, x), computed without cancellation. */
export const gammaincc: Binary = binary(
  "gammaincc",
  special.gammaincc,
  derivatives([(_, a, x) => gammaincSlope(a, x), (_, a, x) => neg(gammaDensity(a, x))]),
);
/** The x with P(a, x) = p. */
export const gammaincinv: Binary = binary(
  "gammaincinv",
  special.gammaincinv,
  derivatives([(x, a) => gammaImplicitGrad(a, x), (x, a) => reciprocal(gammaDensity(a, x))]),
);
/** dx/da at fixed P(a, x). */
export const gammaImplicitGrad: Binary = binary(
  "gammaImplicitGrad",
  special.gammaImplicitGrad,
  derivatives([
    (_, a, x) => gammaImplicitCurve(a, x),
    (h, a, x) => sub(sub(digamma(a), log(x)), mul(h, sub(div(sub(a, 1), x), 1))),
  ]),
);
/** The derivative of gammaImplicitGrad with respect to a, at fixed x. */
const gammaImplicitCurve = withoutDerivative("gammaImplicitCurve", (a, x) =>
  slopeAt(a, (p) => special.gammaImplicitGrad(p, x)),
);

// Beta(a, b), density x^(a-1) (1-x)^(b-1) / B(a, b), and the derivatives of its logarithm
const betaDensity: Ternary = ternary(
  "betaDensity",
  special.betaDensity,
  derivatives([
    (y, a, b, x) => mulZeroWins(y, betaScoreA(a, b, x)),
    (y, a, b, x) => mulZeroWins(y, betaScoreB(a, b, x)),
    (y, a, b, x) => {
      const inside = where(
        isAtEnd(b, sub(1, x)),
        betaDensity(a, sub(b, 1), x).mul(sub(1, add(a, b))),
        mul(y, betaScoreX(a, b, x)),
      );
      return where(isAtEnd(a, x), betaDensity(sub(a, 1), b, x).mul(sub(add(a, b), 1)), inside);
    },
  ]),
);
const betaScoreA = (a: Tensor, b: Tensor, x: Tensor): Tensor => add(log(x), digammaDifference(a, b));
const betaScoreB = (a: Tensor, b: Tensor, x: Tensor): Tensor => add(log1p(neg(x)), digammaDifference(b, a));
const betaScoreX = (a: Tensor, b: Tensor, x: Tensor): Tensor => sub(shapeOver(a, x), shapeOver(b, sub(1, x)));
/** I_x(a, b), with arguments in the order a, b, x; differentiable in all three. */
export const betainc: Ternary = ternary(
  "betainc",
  special.betainc,
  derivatives([
    (_, a, b, x) => neg(betaincSlopeA(a, b, x)),
    (_, a, b, x) => neg(betaincSlopeB(a, b, x)),
    (_, a, b, x) => betaDensity(a, b, x),
  ]),
);
/** The derivatives of betaImplicitGradA and betaImplicitGradB with respect to a and b, at fixed x. */
const betaCurveAA = betaCurve("betaCurveAA", special.betaImplicitGradA, 0);
const betaCurveAB = betaCurve("betaCurveAB", special.betaImplicitGradA, 1);
const betaCurveBA = betaCurve("betaCurveBA", special.betaImplicitGradB, 0);
const betaCurveBB = betaCurve("betaCurveBB", special.betaImplicitGradB, 1);
/** The derivative of f with respect to a if `parameter` is 0, to b if it is 1. */
function betaCurve(name: string, f: Scalar3, parameter: 0 | 1): Ternary {
  const slope: Scalar3 = (a, b, x) => (parameter === 0 ? slopeAt(a, (p) => f(p, b, x)) : slopeAt(b, (p) => f(a, p, x)));
  return ternary(name, slope, [noFurtherDerivative(name), noFurtherDerivative(name), noFurtherDerivative(name)]);
}
/** -dI/dp for the parameter p whose implicit gradient is `implicitGrad`, whose curves are given, and whose score is `score`. */
function betaincSlope(
  name: string,
  implicitGrad: Scalar3,
  curves: readonly [Ternary, Ternary],
  score: typeof betaScoreA,
) {
  return ternary(
    name,
    (a, b, x) => productZeroWins(implicitGrad(a, b, x), special.betaDensity(a, b, x)),
    derivatives([
      (y, a, b, x) => add(mulZeroWins(curves[0](a, b, x), betaDensity(a, b, x)), mulZeroWins(y, betaScoreA(a, b, x))),
      (y, a, b, x) => add(mulZeroWins(curves[1](a, b, x), betaDensity(a, b, x)), mulZeroWins(y, betaScoreB(a, b, x))),
      (_, a, b, x) => neg(mulZeroWins(betaDensity(a, b, x), score(a, b, x))),
    ]),
  );
}
const betaincSlopeA = betaincSlope("betaincSlopeA", special.betaImplicitGradA, [betaCurveAA, betaCurveAB], betaScoreA);
const betaincSlopeB = betaincSlope("betaincSlopeB", special.betaImplicitGradB, [betaCurveBA, betaCurveBB], betaScoreB);

/** The x with I_x(a, b) = p. */
export const betaincinv: Ternary = /* @__PURE__ */ ternary(
  "betaincinv",
  special.betaincinv,
  /* @__PURE__ */ derivatives([
    (x, a, b) => betaImplicitGradA(a, b, x),
    (x, a, b) => betaImplicitGradB(a, b, x),
    (x, a, b) => reciprocal(betaDensity(a, b, x)),
  ]),
);
/** dx/da at fixed I_x(a, b). */
export const betaImplicitGradA: Ternary = ternary(
  "betaImplicitGradA",
  special.betaImplicitGradA,
  derivatives([
    (_, a, b, x) => betaCurveAA(a, b, x),
    (_, a, b, x) => betaCurveAB(a, b, x),
    (h, a, b, x) => neg(add(betaScoreA(a, b, x), mul(h, betaScoreX(a, b, x)))),
  ]),
);
/** dx/db at fixed I_x(a, b). */
export const betaImplicitGradB: Ternary = ternary(
  "betaImplicitGradB",
  special.betaImplicitGradB,
  derivatives([
    (_, a, b, x) => betaCurveBA(a, b, x),
    (_, a, b, x) => betaCurveBB(a, b, x),
    (h, a, b, x) => neg(add(betaScoreB(a, b, x), mul(h, betaScoreX(a, b, x)))),
  ]),
);
// VonMises(0, κ), density exp(κ cos θ) / (2π I_0(κ)). In the code, k is κ and x is θ.
const vonMisesDensity = (k: Tensor, x: Tensor): Tensor =>
  div(exp(mul(k, mul(-2, square(sin(mul(0.5, x)))))), mul(2 * Math.PI, i0e(k)));
/** P(Θ <= θ) for -π <= θ <= π, with arguments in the order κ, θ; differentiable in both arguments. */
export const vonMisesCdf: Binary = /* @__PURE__ */ binary(
  "vonMisesCdf",
  (k, x) => special.vonMisesCdf(x, k),
  /* @__PURE__ */ derivatives([
    (_, k, x) => neg(mul(vonMisesImplicitGrad(k, x), vonMisesDensity(k, x))),
    (_, k, x) => vonMisesDensity(k, x),
  ]),
);
/** dθ/dκ at fixed P(Θ <= θ). */
export const vonMisesImplicitGrad: Binary = /* @__PURE__ */ binary(
  "vonMisesImplicitGrad",
  (k, x) => special.vonMisesImplicitGrad(x, k),
  /* @__PURE__ */ derivatives([
    (_, k, x) => vonMisesCurve(k, x),
    (h, k, x) => sub(sub(div(i1e(k), i0e(k)), cos(x)), mul(h, neg(mul(k, sin(x))))),
  ]),
);
const vonMisesCurve = /* @__PURE__ */ withoutDerivative("vonMisesCurve", (k, x) =>
  slopeAt(k, (p) => special.vonMisesImplicitGrad(x, p)),
);
