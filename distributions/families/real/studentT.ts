import {
  type Binary,
  betainc,
  betaincinv,
  binary,
  clip,
  digammaDifference,
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
  type TensorLike,
  tensor,
  where,
} from "../../../autodiff/index.js";
import { log1p as log1pOf, log as logOf } from "../../../autodiff/kernels/formulas/scalarFormulas.js";
import { positive, real } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { betaincc } from "../../densities/countQuantiles.js";

/** log(1 + z²/df), also where z² overflows. */
const logOnePlusSquareOver: Binary = /* @__PURE__ */ binary(
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

/** Beyond this many degrees of freedom a number knows no difference from the normal distribution. */
const NORMAL = 1e22;
/** Draws of z stay within this, so that those of x are numbers. */
const FARTHEST = 1e290;
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

/**
 * StudentT with df degrees of freedom, z = (x - loc) / scale:
 *
 *     log p(x) = -(df + 1)/2 log(1 + z²/df) - log B(1/2, df/2) - log(df)/2 - log(scale).
 *
 * @example new StudentT(5, 0, 1).variance.item() // 1.6667
 */
export class StudentT extends /* @__PURE__ */ family<
  Tensors<"df" | "loc" | "scale">,
  [df: TensorLike, loc?: TensorLike, scale?: TensorLike]
>("StudentT", {
  constraints: { df: positive, loc: real, scale: positive },
  defaults: { loc: 0, scale: 1 },
  support: real,
  logDensity: (x, { df, loc, scale }) =>
    logOnePlusSquareOver(x.sub(loc).div(scale), df)
      .mul(df.add(1).mul(0.5))
      .add(logBeta(0.5, df.mul(0.5)))
      .add(log(df).mul(0.5))
      .add(log(scale))
      .neg(),
  draw: (key, shape, { df, loc, scale }) => {
    const [k1, k2] = [...random.split(key)] as [Tensor, Tensor];
    const half = df.mul(0.5);
    // In logarithms: of few degrees of freedom most gamma draws are smaller than any number.
    const spread = exp(random.logGamma(k2, half, shape).mul(-0.5)).mul(sqrt(half));
    return clip(random.normal(k1, shape).mul(spread), -FARTHEST, FARTHEST).mul(scale).add(loc);
  },
  mean: ({ df, loc }) => where(greater(df, 1), loc, NaN),
  variance: ({ df, scale }) => {
    const finite = square(scale).mul(df.div(df.sub(2)));
    return where(greater(df, 2), finite, where(greater(df, 1), Infinity, NaN));
  },
  cdf: (x, { df, loc, scale }) => {
    const z = x.sub(loc).div(scale);
    const isBelow = less(z, 0);
    const isNormal = greater(df, NORMAL);
    const tail = upperTail(where(isBelow, z.neg(), z), where(isNormal, 1, df));
    return where(isNormal, ndtr(z), where(isBelow, tail, tail.neg().add(1)));
  },
  icdf: (q, { df, loc, scale }) => {
    const isBelow = less(q, 0.5);
    const isNormal = greater(df, NORMAL);
    const size = sizeOf(where(isBelow, q, q.neg().add(1)).mul(2), where(isNormal, 1, df));
    return where(isNormal, ndtri(q), where(isBelow, size.neg(), size))
      .mul(scale)
      .add(loc);
  },
  entropy: ({ df, scale }) => {
    const half = df.mul(0.5);
    const spread = digammaDifference(half, 0.5).mul(half.add(0.5));
    return spread.add(log(df).mul(0.5)).add(logBeta(0.5, half)).add(log(scale));
  },
}) {}
