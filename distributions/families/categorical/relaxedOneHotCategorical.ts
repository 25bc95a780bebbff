/**
 * RelaxedOneHotCategorical: a one-hot vector made continuous, softmax((logits + G) / T) with G Gumbel and T = temperature (Maddison,
 * Mnih and Teh 2017; Jang, Gu and Poole 2017). For K classes
 *
 *     log p(x) = log Γ(K) + (K - 1) log T + Σ_k (logits_k - (T + 1) log x_k) - K log Σ_k exp(logits_k - T log x_k).
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  argmax,
  clip,
  lgamma,
  log,
  logsumexp,
  oneHot,
  random,
  softmax,
  sum,
  type Tensor,
  type TensorLike,
} from "../../../autodiff/index.js";
import { type Constraint, logWeights, multinomial, positive, simplex, weights } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Given, readParameters, type Signature } from "../../core/parameters.js";
import { straightThrough } from "../bounded/relaxedBernoulli.js";
import { Categorical } from "./categorical.js";
import { OneHotCategorical } from "./oneHotCategorical.js";

type Params = { readonly temperature: Tensor; readonly probs?: Tensor; readonly logits?: Tensor };
const RELAXED_ONE_HOT: Signature<Params> = {
  name: "RelaxedOneHotCategorical",
  constraints: { temperature: positive, probs: weights, logits: logWeights },
  oneOf: ["probs", "logits"],
};

export class RelaxedOneHotCategorical extends Distribution<Params> {
  constructor(temperature: TensorLike, probs?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(RELAXED_ONE_HOT, args));
  }

  /** Normalised log probabilities, batchShape + [K]. */
  get logits(): Tensor {
    const { probs, logits } = this.params;
    return new Categorical(probs === undefined ? { logits: logits as Tensor } : { probs }).logits;
  }
  override get support(): Constraint {
    return simplex;
  }
  override get eventShape(): Shape {
    return ((this.params.probs ?? this.params.logits) as Tensor).shape.slice(-1);
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { logits } = this;
    const { temperature } = this.params;
    const [t, classes] = [temperature.expandDims(-1), logits.shape.at(-1) as number];
    const logX = log(clip(value, Number.MIN_VALUE, 1));
    const weights = logits.sub(logX.mul(t));
    return sum(weights.sub(logX), -1)
      .sub(logsumexp(weights, -1).mul(classes))
      .add(log(temperature).mul(classes - 1))
      .add(lgamma(classes));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const noise = random.gumbel(key, [...shape, ...this.eventShape]);
    return softmax(noise.add(this.logits).div(this.params.temperature.expandDims(-1)));
  }
}

/**
 * RelaxedOneHotCategoricalStraightThrough: draws are one-hot, with the mass of OneHotCategorical(logits), and have the gradient of the
 * relaxed draw whose largest entry they point at.
 */
export class RelaxedOneHotCategoricalStraightThrough extends RelaxedOneHotCategorical {
  override get support(): Constraint {
    return multinomial(1);
  }
  override logDensity(value: Tensor): Tensor {
    return new OneHotCategorical({ logits: this.logits }).logDensity(value);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const soft = super.draw(key, shape);
    return straightThrough(oneHot(argmax(soft, -1), soft.shape.at(-1) as number), soft);
  }
}
