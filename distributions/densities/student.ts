/**
 * Student's t in standard units, z = (x - loc) / scale. Tail probabilities keep their relative precision however large |z| is. A draw is a
 * normal draw times `studentSpread`, √(df / W) for a chi-squared variable W.
 */
import type { Shape } from "../../autodiff/core/shape.js";
import {
  abs,
  type Binary,
  betainc,
  betaincinv,
  equal,
  exp,
  greater,
  less,
  log,
  logBeta,
  minimum,
  ndtr,
  ndtri,
  reciprocal,
  sqrt,
  square,
  sub,
  type Tensor,
  tensor,
  where,
} from "../../autodiff/index.js";
import * as formulas from "../../autodiff/kernels/formulas/scalarFormulas.js";
import * as random from "../../autodiff/ops/random/random.js";
import { betaincc, betaincinvRest } from "./countQuantiles.js";
import { binaryBySlopes } from "./slopes.js";

/** log(1 + z²/df), even where z² overflows. */
export const logOnePlusSquareOver: Binary = /* @__PURE__ */ binaryBySlopes(
  "logOnePlusSquareOver",
  formulas.logOnePlusSquareOver,
  (z, df) => where(greater(abs(z), FAR), reciprocal(z.add(df.div(z))), z.div(square(z).add(df))).mul(2),
  (z, df) => {
    const t = minimum(square(z), 1e300);
    return t.div(t.add(df)).div(df).neg();
  },
);

/** With more degrees of freedom than this, the cdf equals the normal cdf to the last digit. */
const NORMAL = 1e22;
/** For |z| beyond this number, formulas avoid z², which overflows beyond 1.3e154. */
export const FAR = 1e150;

/** log N for N = df/2 B(df/2, 1/2) and half = df/2. For large z, P(Z > z) is (df / z²)^(df/2) / (2 N). */
const logTailNorm = (half: Tensor): Tensor => log(half).add(logBeta(half, 0.5));

/**
 * P(Z > |z|) in standard units: with t = z², x = df / (df + t) is Beta(df/2, 1/2), so the tail is I_x / 2 = (1 - I_(1-x)) / 2. Near 0, where
 * second derivatives by way of t would lose their digits, it is 1/2 minus the power series of the density's integral (DLMF 15.2.1).
 */
function upperTail(size: Tensor, df: Tensor): Tensor {
  const half = df.mul(0.5);
  const isCentral = less(size, minimum(sqrt(df), 1).mul(0.01));
  const t = square(where(isCentral, 1, minimum(size, FAR)));
  const far = betainc(half, 0.5, df.div(df.add(t)));
  const near = betaincc(tensor(0.5), half, t.div(df.add(t)));
  const isOver = greater(size, FAR);
  const over = exp(half.mul(log(df).sub(log(where(isOver, size, 1)).mul(2))).sub(logTailNorm(half)));
  const centre = where(isCentral, size, 0);
  const q = square(centre).div(df);
  // The ratios of successive terms of ₂F₁(1/2, df/2 + 1/2; 3/2; -q).
  const series = [7 / 36, 5 / 21, 3 / 10, 1 / 3].reduce(
    (sum, ratio, i) =>
      q
        .mul(half.add(3.5 - i))
        .mul(-ratio)
        .mul(sum)
        .add(1),
    tensor(1),
  );
  const below = centre
    .mul(series)
    .mul(exp(logBeta(0.5, half).neg()))
    .div(sqrt(df));
  const beyond = where(isOver, over, where(less(t, df), near, far)).mul(0.5);
  return where(isCentral, sub(0.5, below), beyond);
}

/** The |z| for which P(|Z| > |z|) = `both`, the probability of both tails. */
function sizeOf(both: Tensor, df: Tensor): Tensor {
  const half = df.mul(0.5);
  const x = betaincinv(half, 0.5, both);
  const isOver = less(x, 1e-290);
  const t = df.mul(betaincinvRest(half, 0.5, both)).div(where(isOver, 1, x));
  const tail = log(where(isOver, both, 1))
    .add(logTailNorm(half))
    .div(half);
  // At the median, a straight line, whose slope follows from the density at 0, √df / (2 N).
  const centre = sub(1, both)
    .mul(exp(logTailNorm(half)))
    .div(sqrt(df));
  return where(isOver, exp(log(df).sub(tail).mul(0.5)), where(equal(t, 0), centre, sqrt(t)));
}

/** √(df / W) for draws W of Chi2(df), computed from log W, because for small df most draws W would underflow to 0. */
export function studentSpread(key: Tensor, df: Tensor, shape: Shape): Tensor {
  const half = df.mul(0.5);
  return exp(random.logGamma(key, half, shape).mul(-0.5)).mul(sqrt(half));
}

/** P(Z <= z). */
export function studentCdf(z: Tensor, df: Tensor): Tensor {
  const isBelow = less(z, 0);
  const isNormal = greater(df, NORMAL);
  const tail = upperTail(where(isBelow, z.neg(), z), where(isNormal, 1, df));
  return where(isNormal, ndtr(z), where(isBelow, tail, tail.neg().add(1)));
}

/** The z for which P(Z <= z) = q. */
export function studentQuantile(q: Tensor, df: Tensor): Tensor {
  const isBelow = less(q, 0.5);
  // Beyond 1e16, the quantiles equal normal quantiles, too.
  const isNormal = greater(df, 1e16);
  const size = sizeOf(where(isBelow, q, q.neg().add(1)).mul(2), where(isNormal, 1, df));
  return where(isNormal, ndtri(q), where(isBelow, size.neg(), size));
}
