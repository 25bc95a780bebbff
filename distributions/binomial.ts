/**
 * Binomial: successes in n = totalCount trials of probability p = probs, or sigmoid(logits).
 *
 *     log p(k) = log C(n, k) + k log p + (n - k) log(1 - p).
 */
import { elementsOf } from "../autodiff/copy.js";
import {
  arange,
  floor,
  gate,
  less,
  log,
  log1p,
  logBeta,
  random,
  sigmoid,
  softplus,
  type Tensor,
  type TensorLike,
  where,
} from "../autodiff/index.js";
import type { Shape } from "../autodiff/view.js";
import { outcomesOf } from "./bernoulli.js";
import { type Constraint, integerInterval, nonnegativeInteger, real, unitInterval } from "./constraints.js";
import { betaTail, countQuantile } from "./counts.js";
import { Distribution } from "./distribution.js";
import { type Family, type Given, readParameters, wholeNumber } from "./parameters.js";

type Params = { readonly totalCount: Tensor; readonly probs?: Tensor; readonly logits?: Tensor };
const BINOMIAL: Family<Params> = {
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
    const rest = n.sub(value);
    // log C(n, k) = -log(n + 1) - log B(k + 1, n - k + 1)
    const ways = log(n.add(1))
      .add(logBeta(value.add(1), rest.add(1)))
      .neg();
    if (probs !== undefined) return ways.add(gate(value, log(probs))).add(gate(rest, log1p(probs.neg())));
    const l = logits as Tensor;
    return ways.sub(gate(value, softplus(l.neg()))).sub(gate(rest, softplus(l)));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return random.binomial(key, this.params.totalCount, this.probs, shape);
  }
  override get mean(): Tensor {
    return this.spread(this.params.totalCount.mul(this.probs));
  }
  override get variance(): Tensor {
    const p = this.probs;
    return this.spread(this.params.totalCount.mul(p).mul(p.neg().add(1)));
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
    const n = wholeNumber(totalCount);
    if (elementsOf(totalCount).some((other) => other !== n))
      return this.hasNo("common support of different totalCounts");
    return arange(n + 1);
  }
}
