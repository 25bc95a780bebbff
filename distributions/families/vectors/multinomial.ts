/**
 * Multinomial: how often each of K classes, of probability probs_k (or softmax(logits)_k), comes up in n = totalCount draws.
 *
 *     log p(x) = log n! - Σ_k log x_k! + Σ_k x_k log probs_k.
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  cumsum,
  flip,
  gate,
  less,
  lgamma,
  log,
  random,
  slice,
  stack,
  sum,
  type Tensor,
  type TensorLike,
  where,
} from "../../../autodiff/index.js";
import { type Constraint, logWeights, multinomial, nonnegativeInteger, weights } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Given, readParameters, type Signature } from "../../core/parameters.js";
import { logPoisson } from "../../densities/continuous.js";
import { Categorical } from "../categorical/categorical.js";

type Params = { readonly totalCount: Tensor; readonly probs?: Tensor; readonly logits?: Tensor };
const MULTINOMIAL: Signature<Params> = {
  name: "Multinomial",
  constraints: { totalCount: nonnegativeInteger, probs: weights, logits: logWeights },
  oneOf: ["probs", "logits"],
};

export class Multinomial extends Distribution<Params> {
  constructor(totalCount: TensorLike, probs?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(MULTINOMIAL, args));
  }

  /** The distribution of one draw. */
  get #one(): Categorical {
    const { probs, logits } = this.params;
    return new Categorical(probs === undefined ? { logits: logits as Tensor } : { probs });
  }
  /** batchShape + [K]. */
  get probs(): Tensor {
    return this.#one.probs;
  }
  override get support(): Constraint {
    return multinomial(this.params.totalCount);
  }
  override get eventShape(): Shape {
    return [this.#one.numCategories];
  }
  override logDensity(value: Tensor): Tensor {
    const n = sum(value, -1, { keepDims: true });
    const { probs, logits } = this.#one;
    // Independent Poisson counts, given their sum: sizes do not cancel.
    const given = (p: Tensor): Tensor => logPoisson(value, p.mul(n));
    const total = logPoisson(n, n).squeeze(-1);
    if (this.params.probs !== undefined) return sum(given(probs), -1).sub(total);
    // Logits may be of probabilities beneath all numbers.
    const isTiny = less(probs, 1e-290);
    const tiny = gate(value, logits.add(log(n))).sub(lgamma(value.add(1)));
    return sum(where(isTiny, tiny, given(where(isTiny, 1, probs))), -1).sub(total);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return countsOf(key, this.params.totalCount, this.probs, shape);
  }
  override get mean(): Tensor {
    return this.spread(this.params.totalCount.expandDims(-1).mul(this.probs));
  }
  override get variance(): Tensor {
    const p = this.probs;
    return this.spread(this.params.totalCount.expandDims(-1).mul(p).mul(p.neg().add(1)));
  }
}

/** Multinomial draws, one class after the other: of what is left, a class gets its share of the probability that is left. */
export function countsOf(key: Tensor, totalCount: Tensor, probs: Tensor, shape: Shape): Tensor {
  const classes = probs.shape.at(-1) as number;
  const keys = [...random.split(key, classes)];
  const left = flip(cumsum(flip(probs, -1), -1), -1);
  const of = (x: Tensor, k: number): Tensor => slice(x, k, k + 1, { axis: -1 }).squeeze(-1);
  let rest = totalCount.broadcastTo(shape);
  const counts: Tensor[] = [];
  for (let k = 0; k < classes - 1; k++) {
    const share = of(probs, k).div(of(left, k));
    const count = random.binomial(keys[k] as Tensor, rest, where(of(left, k).greater(0), share, 0).clip(0, 1), shape);
    counts.push(count);
    rest = rest.sub(count);
  }
  return stack([...counts, rest], -1);
}
