/**
 * Categorical: class k = 0 … K-1 with probability probs_k / Σ probs, or softmax(logits)_k, along the last axis of the parameter.
 *
 *     log p(k) = log(probs_k) - log Σ probs = logits_k - logsumexp(logits).
 *
 * probs are weights of any sum: they are divided by it, and gradients are those of the normalised probabilities.
 */
import { broadcastShapes, type Shape } from "../../../autodiff/core/shape.js";
import {
  arange,
  broadcastTo,
  cumsum,
  exp,
  floor,
  less,
  log,
  logSoftmax,
  random,
  reshape,
  sum,
  type Tensor,
  type TensorLike,
  take,
  takeAlongAxis,
  where,
  xlogy,
} from "../../../autodiff/index.js";
import { type Constraint, integerInterval, logWeights, weights } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Given, readParameters, type Signature } from "../../core/parameters.js";
import { expectation } from "../../densities/divergences.js";

type Params = { readonly probs?: Tensor; readonly logits?: Tensor };
const CATEGORICAL: Signature<Params> = {
  name: "Categorical",
  constraints: { probs: weights, logits: logWeights },
  oneOf: ["probs", "logits"],
};

export class Categorical extends Distribution<Params> {
  constructor(probs?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(CATEGORICAL, args));
  }

  /** Normalised log probabilities, batchShape + [K]. */
  get logits(): Tensor {
    const { probs, logits } = this.params;
    return probs === undefined ? logSoftmax(logits as Tensor) : log(probs).sub(log(sum(probs, -1, { keepDims: true })));
  }
  get probs(): Tensor {
    const { probs, logits } = this.params;
    return probs === undefined ? exp(logSoftmax(logits as Tensor)) : probs.div(sum(probs, -1, { keepDims: true }));
  }
  /** K. */
  get numCategories(): number {
    return ((this.params.probs ?? this.params.logits) as Tensor).shape.at(-1) as number;
  }
  override get support(): Constraint {
    return integerInterval(0, this.numCategories - 1);
  }
  override get hasEnumerateSupport(): boolean {
    return true;
  }
  override supportValues(): Tensor {
    return arange(this.numCategories);
  }
  override logDensity(value: Tensor): Tensor {
    return pickAlongLast(this.logits, where(this.inside(value), value, 0));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return random.categorical(key, this.logits, shape);
  }
  override cumulative(value: Tensor): Tensor {
    const last = this.numCategories - 1;
    const below = pickAlongLast(cumsum(this.probs, -1), floor(value).clip(0, last));
    return where(less(value, 0), 0, where(less(value, last), below.minimum(1), 1));
  }
  override entropy(): Tensor {
    const { probs } = this.params;
    if (probs === undefined) return expectation(this.probs, this.logits).neg();
    const total = sum(probs, -1);
    return log(total).sub(sum(xlogy(probs, probs), -1).div(total));
  }
}

/** table[..., index[...]], where the axes before the last broadcast against those of the index. */
export function pickAlongLast(table: Tensor, index: Tensor): Tensor {
  if (table.shape.length === 1) return take(table, index);
  const batch = broadcastShapes("Categorical", table.shape.slice(0, -1), index.shape);
  const rows = broadcastTo(table, [...batch, table.shape.at(-1) as number]);
  return reshape(takeAlongAxis(rows, reshape(broadcastTo(index, batch), [...batch, 1]), -1), batch);
}
