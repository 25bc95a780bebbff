/**
 * Student's t in standard units, z = (x - loc) / scale: its tails keep their relative precision however far out z lies, and draws are
 * normal ones over the root of a chi-squared variable.
 */
import type { Shape } from "../../autodiff/core/shape.js";
import {
  type Binary,
  betainc,
  betaincinv,
  binary,
  equal,
  exp,
  greater,
  less,
  log,
  logBeta,
  minimum,
  mulZeroWins,
  ndtr,
  ndtri,
  random,
  sqrt,
  square,
  type Tensor,
  tensor,
  where,
} from "../../autodiff/index.js";
import { log1p as log1pOf, log as logOf } from "../../autodiff/kernels/formulas/scalarFormulas.js";
import { betaincc } from "./countQuantiles.js";

/** log(1 + z²/df), also where z² overflows. */
export const logOnePlusSquareOver: Binary = /* @__PURE__ */ binary(
  "logOnePlusSquareOver",
  (z, df) => {
    const ratio = (z * z) / df;
    return ratio < Infinity ? log1pOf(ratio) : 2 * logOf(Math.abs(z)) - logOf(df);
  },
  [
    (g, _, z, df) => mulZeroWins(g, z.mul(2).div(square(z).add(df))),
    (g, _, z, df) => {
      const t = minimum(square(z), 1e300);
      return mulZeroWins(g, t.div(t.add(df)).div(df).neg());
    },
  ],
);

/** With more degrees of freedom than this the distribution is normal to the last digit. */
const NORMAL = 1e22;
/** Beyond this z² would overflow. */
const FAR = 1e150;

/** log of df/2 B(df/2, 1/2): the tail beyond z goes to (df / z²)^(df/2) over twice this number. */
const logTailNorm = (half: Tensor): Tensor => log(half).add(logBeta(half, 0.5));

/** P(Z > |z|) of a standard variable: with t = z², x = df / (df + t) is Beta(df/2, 1/2), and so it is I_x / 2 = (1 - I_(1-x)) / 2. */
function upperTail(size: Tensor, df: Tensor): Tensor {
  const half = df.mul(0.5);
  // Away from 0 by nothing that counts: there x has no derivative of its own.
  const t = square(minimum(size, FAR).add(1e-30));
  const far = betainc(half, 0.5, df.div(df.add(t)));
  const near = betaincc(tensor(0.5), half, t.div(df.add(t)));
  const isOver = greater(size, FAR);
  const over = exp(half.mul(log(df).sub(log(where(isOver, size, 1)).mul(2))).sub(logTailNorm(half)));
  return where(isOver, over, where(less(t, df), near, far)).mul(0.5);
}

/** |z| for P(|Z| > |z|) = both, of a standard variable. */
function sizeOf(both: Tensor, df: Tensor): Tensor {
  const half = df.mul(0.5);
  // x and 1 - x each from its own quantile: near 1 a difference would lose it.
  const x = betaincinv(half, 0.5, both);
  const isOver = less(x, 1e-290);
  const t = df.mul(betaincinv(0.5, half, both.neg().add(1))).div(where(isOver, 1, x));
  const tail = log(where(isOver, both, 1))
    .add(logTailNorm(half))
    .div(half);
  return where(isOver, exp(log(df).sub(tail).mul(0.5)), where(equal(t, 0), 0, sqrt(t)));
}

/** √(df / W) for draws W of Chi2(df). In logarithms: with few degrees of freedom most of them are smaller than any number. */
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

/** z with P(Z <= z) = q. */
export function studentQuantile(q: Tensor, df: Tensor): Tensor {
  const isBelow = less(q, 0.5);
  const isNormal = greater(df, NORMAL);
  const size = sizeOf(where(isBelow, q, q.neg().add(1)).mul(2), where(isNormal, 1, df));
  return where(isNormal, ndtri(q), where(isBelow, size.neg(), size));
}
