import {
  abs,
  exp,
  expm1,
  greater,
  less,
  log,
  log1p,
  minimum,
  square,
  type Tensor,
  type TensorLike,
  where,
} from "../../../autodiff/index.js";
import { real, unitInterval } from "../../constraints/index.js";
import { family, type OneOf } from "../../core/family.js";
import { langevin, langevinSlope, logSinhc } from "../../densities/sinhc.js";
import { ofContinuousBernoulli } from "../../kl/bounded.js";
import { finiteLogits } from "./relaxedBernoulli.js";

type Params = OneOf<"probs" | "logits">;
const halfOf = (p: Params): Tensor => finiteLogits(p).mul(0.5);
/**
 * Whether the density increases, and -|l|; then whether l is near 0, and l if it is. There the second result is 1, since the formulas divide
 * by it, and the results are polynomials in l, whose derivatives keep their digits.
 */
function partsOf(logits: Tensor): [isRising: Tensor, minusSize: Tensor, isNear: Tensor, near: Tensor] {
  const [size, isNear] = [abs(logits), less(abs(logits), 1e-3)];
  return [greater(logits, 0), where(isNear, 1, size.neg()), isNear, where(isNear, logits, 0)];
}
/** a + b l + c l² + d l³. */
const cubic = (l: Tensor, a: Tensor, b: Tensor, c: Tensor, d: Tensor): Tensor =>
  l.mul(d).add(c).mul(l).add(b).mul(l).add(a);

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
  logDensity: (x, p) => {
    const logits = finiteLogits(p);
    return logits.mul(x.sub(0.5)).sub(logSinhc(logits.mul(0.5)));
  },
  mean: (p) => langevin(halfOf(p)).mul(0.5).add(0.5),
  variance: (p) => langevinSlope(halfOf(p)).mul(0.25),
  entropy: (p) => {
    const h = halfOf(p);
    return logSinhc(h).sub(h.mul(langevin(h)));
  },
  cdf: (value, p) => {
    const logits = finiteLogits(p);
    const x = value.clip(0, 1);
    // The integral starts at the end where the density is low. So it needs only exp(-|l|), which cannot overflow.
    const [isRising, minusSize, isNear, near] = partsOf(logits);
    const share = expm1(minusSize.mul(x)).div(expm1(minusSize));
    const skewed = where(isRising, share.mul(exp(minusSize.mul(x.neg().add(1)))), share);
    // The Bernoulli polynomials, without their values at 0.
    const half = x.mul(x.sub(1)).div(2);
    const level = cubic(near, x, half, half.mul(x.mul(2).sub(1)).div(6), square(half).div(6));
    return where(isNear, level, skewed);
  },
  icdf: (q, p) => {
    const logits = finiteLogits(p);
    const [isRising, minusSize, isNear, near] = partsOf(logits);
    const part = where(isRising, q.neg().add(1), q);
    // log(1 - part (1 - exp(-|l|))), written with a sum of two positive terms, so that nothing cancels where `part` is near 1.
    const nearOne = log(where(isRising, q, q.neg().add(1)).add(part.mul(exp(minusSize))));
    const x = where(less(part, 0.5), log1p(part.mul(expm1(minusSize))), nearOne).div(minusSize);
    // Results near 0 have a separate formula, because 1 - x would lose their digits.
    const growth = q.mul(expm1(minimum(minusSize.neg(), 700)));
    const rising = where(less(growth, 1), log1p(minimum(growth, 1)).div(minusSize.neg()), x.neg().add(1));
    // The cumulants of Bernoulli(q).
    const half = q.mul(q.neg().add(1)).div(2);
    const level = cubic(near, q, half, half.mul(q.mul(-2).add(1)).div(3), half.mul(half.mul(-12).add(1)).div(12));
    return where(isNear, level, where(isRising, rising, x)).clip(0, 1);
  },
  divergences: ofContinuousBernoulli,
}) {
  get logits(): Tensor {
    return finiteLogits(this.params);
  }
}
