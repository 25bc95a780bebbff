import {
  type Binary,
  binary,
  div,
  exp,
  less,
  neg,
  sub,
  type Tensor,
  type TensorLike,
  where,
} from "../../../autodiff/index.js";
import {
  expm1 as expm1Of,
  exp as expOf,
  log1p as log1pOf,
  log as logOf,
} from "../../../autodiff/kernels/formulas/scalarFormulas.js";
import { derivatives } from "../../../autodiff/ops/elementwise/elementwise.js";
import { real, unitInterval } from "../../constraints/index.js";
import { family, type OneOf } from "../../core/family.js";
import { langevin, langevinSlope, logSinhc, sinhcDivergence } from "../../densities/sinhc.js";
import { binaryBySlopes } from "../../densities/slopes.js";
import { ofContinuousBernoulli } from "../../kl/bounded.js";
import { finiteLogits } from "./relaxedBernoulli.js";

type Params = OneOf<"probs" | "logits">;
const meanOf = (logits: Tensor): Tensor => langevin(logits.mul(0.5)).mul(0.5).add(0.5);
const logDensityOf = (logits: Tensor, x: Tensor): Tensor => logits.mul(x.sub(0.5)).sub(logSinhc(logits.mul(0.5)));
const densityOf = (logits: Tensor, x: Tensor): Tensor => exp(logDensityOf(logits, x));

/** P(X <= x), integrated from the end where the density is low. So it needs only exp(-|l|), which cannot overflow. */
const cdfOf: Binary = /* @__PURE__ */ binaryBySlopes(
  "continuousBernoulliCdf",
  (l, x) => {
    if (l === 0) return x;
    const share = expm1Of(-Math.abs(l) * x) / expm1Of(-Math.abs(l));
    return l > 0 ? share * expOf(-l * (1 - x)) : share;
  },
  cdfSlope,
  densityOf,
);
/** dF/dl = F · (E[X | X <= x] - E X) = (1 - F) · (E X - E[X | X > x]), of which the form with the smaller probability is used. */
function cdfSlope(l: Tensor, x: Tensor): Tensor {
  const [below, rest] = [cdfOf(l, x), sub(1, x)];
  const fromBelow = below.mul(x.mul(meanOf(l.mul(x))).sub(meanOf(l)));
  const aboveMean = x.add(rest.mul(meanOf(l.mul(rest))));
  const fromAbove = cdfOf(l.neg(), rest).mul(meanOf(l).sub(aboveMean));
  return where(less(below, 0.5), fromBelow, fromAbove);
}
const quantileOf: Binary = /* @__PURE__ */ binary(
  "continuousBernoulliIcdf",
  (l, q) => {
    if (l === 0 || !(q > 0 && q < 1)) return q;
    if (l > 700) return Math.max(0, 1 + logOf(q) / l);
    // Where l < -1 and q is near 1, the sum in log1p would cancel.
    const logSum = l < -1 && q >= 0.5 ? logOf(1 - q + q * expOf(l)) : log1pOf(q * expm1Of(l));
    return Math.min(1, logSum / l);
  },
  /* @__PURE__ */ derivatives([(x, l) => neg(div(cdfSlope(l, x), densityOf(l, x))), (x, l) => div(1, densityOf(l, x))]),
);

/**
 * ContinuousBernoulli (Loaiza-Ganem and Cunningham 2019) on [0, 1], l = logit(probs):
 *
 *     log p(x) = l x - log((exp l - 1) / l) = l (x - 1/2) - log(sinh h / h),   h = l / 2.
 *
 * This is an exponential family. Its mean and variance follow from the derivatives of log(sinh h / h), of which the first is coth h - 1/h.
 *
 * @example new ContinuousBernoulli(0.3).logProb(0.5).item() // -0.0297
 */
export class ContinuousBernoulli extends /* @__PURE__ */ family<Params, [probs?: TensorLike]>("ContinuousBernoulli", {
  constraints: { probs: unitInterval, logits: real },
  oneOf: ["probs", "logits"],
  support: unitInterval,
  logDensity: (x, p) => logDensityOf(finiteLogits(p), x),
  mean: (p) => meanOf(finiteLogits(p)),
  variance: (p) => langevinSlope(finiteLogits(p).mul(0.5)).mul(0.25),
  // Minus the divergence from the uniform distribution, which has logits 0.
  entropy: (p) => sinhcDivergence(finiteLogits(p).mul(0.5), 0).neg(),
  cdf: (x, p) => cdfOf(finiteLogits(p), x.clip(0, 1)),
  icdf: (q, p) => quantileOf(finiteLogits(p), q),
  divergences: ofContinuousBernoulli,
}) {
  get logits(): Tensor {
    return finiteLogits(this.params);
  }
}
