/**
 * Binomial: successes in n = totalCount trials of probability p = probs, or sigmoid(logits).
 *
 *     log p(k) = log C(n, k) + k log p + (n - k) log(1 - p).
 */

import { readNumbers } from "../../../autodiff/core/reads.js";
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  arange,
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
import { trackProvenance } from "../../../provenance/index.js";
import { type Constraint, integerInterval, nonnegativeInteger, real, unitInterval } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Given, readParameters, type Signature } from "../../core/parameters.js";
import { betaTail, countQuantile } from "../../densities/countQuantiles.js";
import { FAR_LOGIT, logBinomial } from "../../densities/counts.js";
import { outcomesOf } from "./bernoulli.js";

type Params = { readonly totalCount: Tensor; readonly probs?: Tensor; readonly logits?: Tensor };
const BINOMIAL: Signature<Params> = {
  name: "Binomial",
  constraints: { totalCount: nonnegativeInteger, probs: unitInterval, logits: real },

  oneOf: ["probs", "logits"],
};

export class Binomial extends Distribution<Params> {
  constructor(totalCount: TensorLike, probs?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(BINOMIAL, args));
  }

  get probs(): Tensor {
    return this.params.probs ?? sigmoid(this.params.logits as Tensor);
  }
  override get support(): Constraint {
    return integerInterval(0, this.params.totalCount);
  }
  override logDensity(value: Tensor): Tensor {
    const { totalCount: n, probs, logits } = this.params;
    if (probs !== undefined) return logBinomial(value, n, probs);
    // Of the rarer outcome, whose probability is known to all its digits.
    const l = logits as Tensor;
    const isTurned = less(0, l);
    const [k, rarer] = [where(isTurned, n.sub(value), value), where(isTurned, l.neg(), l)];
    return logBinomial(k, n, sigmoid(maximum(rarer, -FAR_LOGIT))).add(gate(k, minimum(rarer.add(FAR_LOGIT), 0)));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return random.binomial(key, this.params.totalCount, this.probs, shape);
  }
  override get mean(): Tensor {
    return this.spread(this.params.totalCount.mul(this.probs));
  }
  override get variance(): Tensor {
    const [one, zero] = outcomesOf(this.params);
    return this.spread(this.params.totalCount.mul(one.probability).mul(zero.probability));
  }
  override cumulative(value: Tensor): Tensor {
    const n = this.params.totalCount;
    const [one, zero] = outcomesOf(this.params);
    const k = floor(value).clip(0, n.sub(1));
    const within = betaTail(k.add(1), n.sub(k), one.probability, zero.probability);
    return where(less(value, 0), 0, where(less(value, n), within, 1));
  }
  override quantile(q: Tensor): Tensor {
    return countQuantile((k) => this.cumulative(k), q, this.params.totalCount);
  }
  override get hasEnumerateSupport(): boolean {
    return true;
  }
  override supportValues(): Tensor {
    const { totalCount } = this.params;
    const [n = 0, ...others] = readNumbers(totalCount, "totalCount");
    if (others.some((other) => other !== n)) return this.hasNo("common support of different totalCounts");
    return trackProvenance(arange(n + 1), totalCount.provenance);
  }
}
