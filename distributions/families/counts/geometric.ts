import {
  type Binary,
  exp,
  floor,
  less,
  log,
  log1p,
  maximum,
  mulZeroWins,
  softplus,
  sub,
  type Tensor,
  type TensorLike,
  where,
  xlog1py,
} from "../../../autodiff/index.js";
import {
  expm1 as expm1Of,
  exp as expOf,
  xlog1py as xlog1pyOf,
} from "../../../autodiff/kernels/formulas/scalarFormulas.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { nonnegativeInteger, positiveProbability, real } from "../../constraints/index.js";
import { family } from "../../core/family.js";
import { countQuantile } from "../../densities/countQuantiles.js";
import { type Odds, probsOf } from "../../densities/odds.js";
import { binaryBySlopes } from "../../densities/slopes.js";
import { ofGeometric } from "../../kl/counts.js";

/** (1 - p) / p, the mean number of failures. */
const failuresOf = ({ probs, logits }: Odds): Tensor =>
  probs === undefined ? exp((logits as Tensor).neg()) : probs.neg().add(1).div(probs);

/** (1 - p)^n and 1 - (1 - p)^n for whole n, with their derivatives with respect to p, also at p = 1. */
const missAll: Binary = /* @__PURE__ */ binaryBySlopes(
  "missAll",
  (n, p) => expOf(xlog1pyOf(n, -p)),
  () => 0,
  (n, p) => mulZeroWins(n, missAll(sub(n, 1), p)).neg(),
);
const hitOnce: Binary = /* @__PURE__ */ binaryBySlopes(
  "hitOnce",
  (n, p) => -expm1Of(xlog1pyOf(n, -p)),
  () => 0,
  (n, p) => mulZeroWins(n, missAll(sub(n, 1), p)),
);

/**
 * Geometric: the number of failures before the first success, where a trial succeeds with probability p = probs or sigmoid(logits).
 *
 *     log p(k) = k log(1 - p) + log p.
 *
 * @example new Geometric(0.25).mean.item() // 3
 */
export class Geometric extends /* @__PURE__ */ family<Odds, [probs?: TensorLike]>("Geometric", {
  constraints: { probs: positiveProbability, logits: real },
  oneOf: ["probs", "logits"],
  support: nonnegativeInteger,
  formulas: (p, d) => ({
    logDensity: (x) => {
      if (p.probs !== undefined) return xlog1py(x, p.probs.neg()).add(log(p.probs));
      const l = p.logits as Tensor;
      return mulZeroWins(x, softplus(l)).neg().sub(softplus(l.neg()));
    },
    // For very negative logits the probability rounds to 0. Clip it at 1e-300, so that draws are finite, though at most about 1e300.
    draw: (key, shape) => random.geometric(key, maximum(probsOf(p), 1e-300), shape),
    mean: () => failuresOf(p),
    variance: () => failuresOf(p).div(probsOf(p)),
    entropy: () => {
      if (p.probs !== undefined) return mulZeroWins(failuresOf(p), log1p(p.probs.neg())).add(log(p.probs)).neg();
      const l = p.logits as Tensor;
      // (1 - p) / p · softplus(l) is log(1 + e^l) / e^l, which rounds to 1 for small e^l.
      return where(less(l, -40), 1, failuresOf(p).mul(softplus(l))).add(softplus(l.neg()));
    },
    cdf: (x) => hitOnce(floor(maximum(x, -1)).add(1), probsOf(p)),
    icdf: (q) => countQuantile(d, q),
  }),
  divergences: ofGeometric,
}) {
  get probs(): Tensor {
    return probsOf(this.params);
  }
}
