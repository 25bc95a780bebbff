/**
 * NegativeBinomial: successes of probability p = probs, or sigmoid(logits), before r = totalCount failures.
 *
 *     log p(k) = log Γ(k + r) - log Γ(r) - log k! + r log(1 - p) + k log p.
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  exp,
  floor,
  gate,
  less,
  maximum,
  minimum,
  random,
  sigmoid,
  type Tensor,
  type TensorLike,
  where,
} from "../../../autodiff/index.js";
import { type Constraint, missableProbability, nonnegativeInteger, positive, real } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Given, readParameters, type Signature } from "../../core/parameters.js";
import { betaTail, countQuantile } from "../../densities/countQuantiles.js";
import { FAR_LOGIT, logNegativeBinomial } from "../../densities/counts.js";
import { outcomesOf } from "./bernoulli.js";

type Params = { readonly totalCount: Tensor; readonly probs?: Tensor; readonly logits?: Tensor };
const NEGATIVE_BINOMIAL: Signature<Params> = {
  name: "NegativeBinomial",
  constraints: { totalCount: positive, probs: missableProbability, logits: real },

  oneOf: ["probs", "logits"],
};

export class NegativeBinomial extends Distribution<Params> {
  constructor(totalCount: TensorLike, probs?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(NEGATIVE_BINOMIAL, args));
  }

  get probs(): Tensor {
    return this.params.probs ?? sigmoid(this.params.logits as Tensor);
  }
  /** p / (1 - p). */
  get #odds(): Tensor {
    const { probs, logits } = this.params;
    return probs === undefined ? exp(logits as Tensor) : probs.div(probs.neg().add(1));
  }
  override get support(): Constraint {
    return nonnegativeInteger;
  }
  override logDensity(value: Tensor): Tensor {
    const { totalCount: r, probs, logits } = this.params;
    if (probs !== undefined) return logNegativeBinomial(value, r, this.#odds);
    const l = logits as Tensor;
    return logNegativeBinomial(value, r, exp(l.clip(-FAR_LOGIT, FAR_LOGIT)))
      .sub(r.mul(maximum(l.sub(FAR_LOGIT), 0)))
      .add(gate(value, minimum(l.add(FAR_LOGIT), 0)));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const [k1, k2] = [...random.split(key)] as [Tensor, Tensor];
    const rate = random.gamma(k1, this.params.totalCount, shape).mul(this.#odds);
    return random.poisson(k2, rate, shape);
  }
  override cumulative(value: Tensor): Tensor {
    const [one, zero] = outcomesOf(this.params);
    const k = floor(value).clip(0, Number.MAX_VALUE);
    const within = betaTail(k.add(1), this.params.totalCount, one.probability, zero.probability);
    return where(less(value, 0), 0, within);
  }
  override quantile(q: Tensor): Tensor {
    return countQuantile((k) => this.cumulative(k), q);
  }
  override get mean(): Tensor {
    return this.spread(this.params.totalCount.mul(this.#odds));
  }
  override get variance(): Tensor {
    const odds = this.#odds;
    return this.spread(this.params.totalCount.mul(odds).mul(odds.add(1)));
  }
}
