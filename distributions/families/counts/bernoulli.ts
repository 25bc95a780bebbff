import {
  arange,
  lessEqual,
  log,
  log1p,
  logSigmoid,
  mulZeroWins,
  sub,
  type Tensor,
  type TensorLike,
  type Ternary,
  ternary,
  where,
} from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { boolean, extendedReal, unitInterval } from "../../constraints/index.js";
import { family } from "../../core/family.js";
import { entropyOf, type Odds, outcomesOf, probsOf, varianceOf } from "../../densities/odds.js";
import { ofBernoulli } from "../../kl/counts.js";

/** x a + (1 - x) b, where a product whose first factor is 0 is 0. */
const weighted: Ternary = /* @__PURE__ */ ternary(
  "weighted",
  (x, a, b) => (x === 0 ? 0 : x * a) + (x === 1 ? 0 : (1 - x) * b),
  [
    (g, _, __, a, b) => sub(mulZeroWins(g, a), mulZeroWins(g, b)),
    (g, _, x) => mulZeroWins(g, x),
    (g, _, x) => mulZeroWins(g, sub(1, x)),
  ],
);

/**
 * Bernoulli: 1 with probability probs, else 0; either probs or logits = log(probs / (1 - probs)).
 *
 *     log p(x) = x log(probs) + (1 - x) log(1 - probs) = logSigmoid((2x - 1) logits).
 *
 * @example new Bernoulli({ logits: 0 }).logProb(1).item() // -0.6931
 */
export class Bernoulli extends /* @__PURE__ */ family<Odds, [probs?: TensorLike]>("Bernoulli", {
  constraints: { probs: unitInterval, logits: extendedReal },
  oneOf: ["probs", "logits"],
  support: boolean,
  values: () => arange(2),
  logDensity: (x, { probs, logits }) => {
    if (logits !== undefined) return logSigmoid(x.mul(2).sub(1).mul(logits));
    return weighted(x, log(probs as Tensor), log1p((probs as Tensor).neg()));
  },
  draw: (key, shape, p) => random.bernoulli(key, probsOf(p), shape),
  mean: probsOf,
  variance: varianceOf,
  entropy: entropyOf,
  cdf: (_x, p) => outcomesOf(p)[1].probability,
  icdf: (q, p) => where(lessEqual(q, outcomesOf(p)[1].probability), 0, where(lessEqual(q, 1), 1, NaN)),
  divergences: ofBernoulli,
}) {
  get probs(): Tensor {
    return probsOf(this.params);
  }
  get logits(): Tensor {
    return this.params.logits ?? log(this.probs).sub(log1p(this.probs.neg()));
  }
}
