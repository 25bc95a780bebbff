import {
  clip,
  equal,
  erfcx,
  exp,
  expm1,
  isFinite,
  less,
  log,
  log1p,
  logicalOr,
  logNdtr,
  maximum,
  minimum,
  ndtri,
  sqrt,
  square,
  sum,
  type Tensor,
  type TensorLike,
  tensor,
  where,
} from "../../../autodiff/index.js";
import { quadratureRule } from "../../../autodiff/kernels/special/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { type Constraint, extendedReal, interval, positive, real } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { withImplicitGradient } from "../../core/implicit.js";
import { logMassOver, nearest } from "../../densities/normalMass.js";

/** A number, or Infinity, greater than `low`. */
const above = (low: Tensor): Constraint => ({
  name: "greaterThan",
  must: "> low",
  eventDim: 0,
  isDiscrete: false,
  check: (x) => x.greater(low),
});

/**
 * TruncatedNormal on [low, high]. In standard units z = (x - loc) / scale, with bounds a and b:
 *
 *     log p(x) = log φ(z) - log(scale) - log(Φ(b) - Φ(a)),
 *
 * where both φ(z) and Φ(b) - Φ(a) are divided by φ(m), as in normalMass.ts. Quantiles use Q(z) = 1 - Φ(z) = φ(z) M(z), where M is Mills'
 * ratio. Where a + b < 0, quantiles are computed for the reflected problem (-z, with bounds -b and -a), so that the far tail is on the right:
 *
 *     log Q(z) - log Q(a) = (a - z)(a + z)/2 + log M(z)/M(a) =: D(a, z) <= 0.
 *
 * Nothing cancels, even if the bounds lie a hundred standard deviations from loc or very close together. Moments use Gauss–Legendre
 * quadrature.
 *
 * @example new TruncatedNormal({ loc: 0, scale: 1, low: 0 }).mean.item() // 0.7979
 */
export class TruncatedNormal extends /* @__PURE__ */ family<
  Tensors<"loc" | "scale" | "low" | "high">,
  [loc?: TensorLike, scale?: TensorLike, low?: TensorLike, high?: TensorLike]
>("TruncatedNormal", {
  constraints: { loc: real, scale: positive, low: extendedReal, high: ({ low }) => above(low) },
  defaults: { loc: 0, scale: 1, low: -Infinity, high: Infinity },
  support: ({ low, high }) => interval(low, high),
  formulas: ({ loc, scale, low, high }, d) => {
    /** A difference in units of scale. An infinite one is divided by 1, since its second derivative by scale would be NaN. */
    const inUnits = (difference: Tensor): Tensor => difference.div(where(isFinite(difference), scale, 1));
    const standard = (x: Tensor): Tensor => x.sub(loc).div(scale);
    const bounds = (): [a: Tensor, b: Tensor] => [inUnits(low.sub(loc)), inUnits(high.sub(loc))];
    /** The bounds in standard units, replaced by (-b, -a) where a + b < 0, and whether they were replaced. */
    const mirroredBounds = (): [a: Tensor, b: Tensor, isMirrored: Tensor] => {
      const [a, b] = bounds();
      const isMirrored = a.less(b.neg());
      return [where(isMirrored, b.neg(), a), where(isMirrored, a.neg(), b), isMirrored];
    };
    /** log((Φ(z) - Φ(a)) / φ(m)) for x in standard units z, where m is the number between a and z that is nearest to 0. */
    const logMassTo = (x: Tensor, a: Tensor, z: Tensor): Tensor => logMassOver(a, z, inUnits(x.sub(low)));
    /** log φ(z) - log φ(m). */
    const fallBetween = (m: Tensor, z: Tensor): Tensor => m.sub(z).mul(m.add(z)).mul(0.5);
    /** x moved between the bounds. */
    const within = (x: Tensor): Tensor => clip(x, low, high);
    const logDensity = (x: Tensor): Tensor => {
      const [a, b] = bounds();
      return fallBetween(nearest(a, b), standard(x))
        .sub(logMassTo(high, a, b))
        .sub(log(scale));
    };
    const cdf = (value: Tensor): Tensor => {
      const [x, [a, b]] = [within(value), bounds()];
      const z = standard(x);
      const logShare = logMassTo(x, a, z).sub(logMassTo(high, a, b));
      return exp(fallBetween(nearest(a, b), nearest(a, z)).add(logShare));
    };
    return {
      logDensity,
      // The gradient uses the formula `cdf`, not d.cumulative, which is constant from a bound outwards: a draw rounded to a bound would then
      // have gradient 0.
      draw: (key, shape) =>
        withImplicitGradient(d.quantile(random.uniform(key, shape)), { cumulative: cdf, logDensity }),
      mean: () => {
        const mirrored = mirroredBounds();
        const [mean] = moments(mirrored);
        return where(mirrored[2], mean.neg(), mean).mul(scale).add(loc);
      },
      variance: () => moments(mirroredBounds())[1].mul(square(scale)),
      entropy: () => {
        const [a, b] = bounds();
        const [, , meanSquare] = moments(mirroredBounds());
        const energy = meanSquare.sub(square(nearest(a, b))).mul(0.5);
        return logMassTo(high, a, b).add(energy).add(log(scale));
      },
      cdf,
      icdf: (q) => {
        const [a, b, isMirrored] = mirroredBounds();
        const rest = q.neg().add(1);
        const [p, oneMinusP] = [where(isMirrored, rest, q), where(isMirrored, q, rest)];
        const fall = logFall(a, b);
        const left = where(less(p, 0.5), log1p(p.mul(expm1(fall))), log(oneMinusP.add(p.mul(exp(fall)))));
        const z = upperQuantile(logNdtr(a.neg()).add(left));
        const x = within(where(isMirrored, z.neg(), z).mul(scale).add(loc));
        return where(equal(q, 0), low, where(equal(q, 1), high, x));
      },
    };
  },
}) {}

/**
 * The mean of z, its variance, and E[z²], by quadrature over the part of [a, b] where the density is more than exp(-40) times its maximum.
 * Distances are taken from the left end of this part, so that no digits are lost far from 0. For this, a + b must be >= 0.
 */
function moments([a, b]: readonly [a: Tensor, b: Tensor, ...others: unknown[]]): [
  mean: Tensor,
  variance: Tensor,
  square: Tensor,
] {
  const mode = nearest(a, b);
  const reach = sqrt(square(mode).add(80));
  const [from, to] = [maximum(a, reach.neg()), minimum(b, reach)];
  const [nodes, weights] = quadratureRule(4).map((list) => tensor(list)) as [Tensor, Tensor];
  const d = to.sub(from).expandDims(-1).mul(nodes);
  const z = d.add(from.expandDims(-1));
  const top = mode.expandDims(-1);
  const density = exp(z.sub(top).mul(z.add(top)).mul(-0.5)).mul(weights);
  const share = density.div(sum(density, -1, { keepDims: true }));
  const shift = sum(share.mul(d), -1);
  const variance = sum(share.mul(square(d.sub(shift.expandDims(-1)))), -1);
  const mean = from.add(shift);
  return [mean, variance, square(mean).add(variance)];
}

/** Below this bound, Q is 1 to the last digit. Mills' ratio, which overflows farther left, is not used there. */
const FAR_LEFT = -20;

/** M(x) = Q(x) / φ(x). */
const mills = (x: Tensor): Tensor => erfcx(x.mul(Math.SQRT1_2)).mul(Math.sqrt(Math.PI / 2));

/** D(a, z) = log Q(z) - log Q(a) for a <= z. */
function logFall(a: Tensor, z: Tensor): Tensor {
  const isFar = less(a, FAR_LEFT);
  const isEnd = equal(z, Infinity);
  const [from, to] = [where(logicalOr(isFar, equal(a, Infinity)), 0, a), where(logicalOr(isFar, isEnd), 0, z)];
  const near = from
    .sub(to)
    .mul(from.add(to))
    .mul(0.5)
    .add(log(mills(to).div(mills(from))));
  return where(isEnd, -Infinity, where(isFar, logNdtr(z.neg()).sub(logNdtr(a.neg())), near));
}

/**
 * The z with log Q(z) = t: the normal quantile at the probability of the smaller tail, or, if this probability is near underflow, the result
 * of Newton's method on log Q.
 */
function upperQuantile(t: Tensor): Tensor {
  const isFar = less(t, -700);
  const isLeft = less(-Math.LN2, t);
  const inside = where(isFar, -1, t);
  const near = where(isLeft, ndtri(expm1(inside).neg()), ndtri(exp(inside)).neg());
  const size = where(isFar, t.mul(-2), 1400);
  let far = sqrt(size.sub(log(size.mul(2 * Math.PI))));
  for (let k = 0; k < 3; k++)
    far = far.add(
      logNdtr(far.neg())
        .sub(where(isFar, t, -700))
        .mul(mills(far)),
    );
  return where(isFar, far, near);
}
