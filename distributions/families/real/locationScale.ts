/**
 * Location-scale families on the whole line. A row describes the standard member, with loc = 0 and scale = 1. With z = (x - loc) / scale,
 *
 *     log p(x) = logKernel(z) - logNorm - log(scale),   mean = loc + scale mean(z),   variance = scale² variance(z),   cdf(x) = cdf(z).
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  abs,
  atan,
  clip,
  exp,
  greater,
  less,
  log,
  log1p,
  logaddexp,
  maximum,
  ndtr,
  ndtri,
  reciprocal,
  sigmoid,
  softplus,
  square,
  type Tensor,
  type TensorLike,
  tan,
  where,
} from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { positive, real } from "../../constraints/index.js";
import { EULER, LOG_2PI, LOG_4PI, LOG_HALF_PI, LOG_PI, LOG_SQRT_2PI } from "../../core/constants.js";
import type { Divergences } from "../../core/divergence.js";
import { family, type Tensors } from "../../core/family.js";
import { ofCauchy, ofGumbel, ofLaplace, ofNormal } from "../../kl/real.js";

/** The distribution of z. */
interface Standard {
  /** The log density of z, plus `logNorm`. */
  readonly logKernel: (z: Tensor) => Tensor;
  readonly logNorm: number;
  readonly draw: (key: Tensor, shape: Shape) => Tensor;
  readonly mean: number;
  readonly variance: number;
  readonly entropy: number;
  readonly cdf: (z: Tensor) => Tensor;
  readonly icdf: (q: Tensor) => Tensor;
  readonly divergences?: () => Divergences;
}

const locationScale = (name: string, standard: Standard) =>
  family<Tensors<"loc" | "scale">, [loc?: TensorLike, scale?: TensorLike]>(name, {
    constraints: { loc: real, scale: positive },
    defaults: { loc: 0, scale: 1 },
    support: real,
    isLocationScale: true,
    formulas: ({ loc, scale }) => ({
      logDensity: (x) =>
        standard
          .logKernel(x.sub(loc).div(scale))
          .sub(standard.logNorm === 0 ? log(scale) : log(scale).add(standard.logNorm)),
      draw: (key, shape) => standard.draw(key, shape).mul(scale).add(loc),
      mean: () => (standard.mean === 0 ? loc : scale.mul(standard.mean).add(loc)),
      variance: () => (standard.variance === 1 ? square(scale) : square(scale).mul(standard.variance)),
      entropy: () => log(scale).add(standard.entropy),
      cdf: (x) => standard.cdf(x.sub(loc).div(scale)),
      icdf: (q) => standard.icdf(q).mul(scale).add(loc),
    }),
    ...(standard.divergences && { divergences: standard.divergences }),
  });

/**
 * Normal (Gaussian), where scale is the standard deviation:
 *
 *     log p(z) = -z²/2 - log √(2π).
 *
 * @example new Normal(0, 1).logProb(1).item() // -1.4189
 */
export class Normal extends /* @__PURE__ */ locationScale("Normal", {
  logKernel: (z) => square(z).mul(-0.5),
  logNorm: LOG_SQRT_2PI,
  draw: (key, shape) => random.normal(key, shape),
  mean: 0,
  variance: 1,
  // 1/2 + log √(2π)
  entropy: 1.4189385332046727,
  cdf: (z) => ndtr(z),
  icdf: (q) => ndtri(q),
  divergences: ofNormal,
}) {}

/**
 * Laplace:
 *
 *     log p(z) = -|z| - log 2.
 *
 * @example new Laplace(0, 1).logProb(1).item() // -1.6931
 */
export class Laplace extends /* @__PURE__ */ locationScale("Laplace", {
  logKernel: (z) => abs(z).neg(),
  logNorm: Math.LN2,
  draw: (key, shape) => random.laplace(key, shape),
  mean: 0,
  variance: 2,
  // 1 + log 2
  entropy: 1.6931471805599454,
  cdf: (z) => {
    const isBelow = less(z, 0);
    const tail = exp(where(isBelow, z, z.neg())).mul(0.5);
    return where(isBelow, tail, tail.neg().add(1));
  },
  icdf: (q) => where(less(q, 0.5), log(q.mul(2)), log(q.neg().add(1).mul(2)).neg()),
  divergences: ofLaplace,
}) {}

/**
 * Logistic:
 *
 *     log p(z) = -softplus(z) - softplus(-z).
 *
 * @example new Logistic(0, 1).cdf(1).item() // 0.7311
 */
export class Logistic extends /* @__PURE__ */ locationScale("Logistic", {
  logKernel: (z) => softplus(z).add(softplus(z.neg())).neg(),
  logNorm: 0,
  draw: (key, shape) => random.logistic(key, shape),
  mean: 0,
  // π²/3
  variance: 3.289868133696453,
  entropy: 2,
  cdf: (z) => sigmoid(z),
  icdf: (q) => log(q).sub(log1p(q.neg())),
}) {}

/**
 * Cauchy, which has no mean:
 *
 *     log p(z) = -log(1 + z²) - log π.
 *
 * @example new Cauchy(0, 1).cdf(1).item() // 0.75
 */
export class Cauchy extends /* @__PURE__ */ locationScale("Cauchy", {
  logKernel: (z) => logOnePlusSquare(z).neg(),
  logNorm: LOG_PI,
  draw: (key, shape) => random.cauchy(key, shape),
  mean: NaN,
  variance: NaN,
  entropy: LOG_4PI,
  cdf: (z) => {
    // The probability of a tail is computed from the small angle atan(1 / |z|), so that nothing cancels.
    const tail = atan(reciprocal(abs(z))).div(Math.PI);
    return where(less(z, -1), tail, where(greater(z, 1), tail.neg().add(1), atan(z).div(Math.PI).add(0.5)));
  },
  icdf: (q) => {
    // q, or q - 1 in the upper half. For q = 1, `edge` is -0, so that the reciprocal of the tangent is -Infinity.
    const edge = where(less(q, 0.5), q, q.neg().add(1).neg());
    return where(less(abs(edge), 0.25), reciprocal(tan(edge.mul(Math.PI))).neg(), tan(q.sub(0.5).mul(Math.PI)));
  },
  divergences: ofCauchy,
}) {}

/** log(1 + z²). For large |z|, it is computed from log |z|, since z² would overflow. */
export function logOnePlusSquare(z: Tensor): Tensor {
  const size = abs(z);
  return where(greater(size, 1e8), log(maximum(size, 1)).mul(2), log1p(square(clip(z, -1e8, 1e8))));
}

/**
 * Gumbel (of maxima):
 *
 *     log p(z) = -z - exp(-z).
 *
 * @example new Gumbel(0, 1).cdf(0).item() // 0.3679
 */
export class Gumbel extends /* @__PURE__ */ locationScale("Gumbel", {
  logKernel: (far) => {
    // For z = -Infinity, the sum z + exp(-z) would be NaN.
    const z = maximum(far, -Number.MAX_VALUE);
    return z.add(exp(z.neg())).neg();
  },
  logNorm: 0,
  draw: (key, shape) => random.gumbel(key, shape),
  mean: EULER,
  // π²/6
  variance: 1.6449340668482264,
  // 1 + γ
  entropy: 1.5772156649015328,
  cdf: (z) => exp(exp(z.neg()).neg()),
  icdf: (q) => log(log(q).neg()).neg(),
  divergences: ofGumbel,
}) {}

/**
 * SoftLaplace, the hyperbolic secant distribution: like Laplace, but smooth at 0. exp z is HalfCauchy(1).
 *
 *     log p(z) = -log(exp z + exp(-z)) - log(π / 2).
 *
 * @example new SoftLaplace(0, 1).cdf(0).item() // 0.5
 */
export class SoftLaplace extends /* @__PURE__ */ locationScale("SoftLaplace", {
  logKernel: (z) => logaddexp(z, z.neg()).neg(),
  logNorm: LOG_HALF_PI,
  draw: (key, shape) => log(abs(random.cauchy(key, shape))),
  mean: 0,
  // π²/4
  variance: 2.4674011002723395,
  entropy: LOG_2PI,
  cdf: (z) => {
    const isHigh = greater(z, 0);
    const tail = atan(exp(where(isHigh, z.neg(), z))).mul(2 / Math.PI);
    return where(isHigh, tail.neg().add(1), tail);
  },
  icdf: (q) => {
    const isLow = less(q, 0.5);
    const tail = log(tan(where(isLow, q, q.neg().add(1)).mul(Math.PI / 2)));
    return where(isLow, tail, tail.neg());
  },
}) {}
