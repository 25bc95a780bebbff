import type { Shape } from "../../../autodiff/core/shape.js";
import {
  argmax,
  clip,
  lgamma,
  log,
  logsumexp,
  oneHot,
  softmax,
  sum,
  type Tensor,
  type TensorLike,
} from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { type Constraint, logWeights, multinomial, positive, simplex, weights } from "../../constraints/index.js";
import { SMALLEST } from "../../constraints/inside.js";
import { family, type Tensors } from "../../core/family.js";
import { straightThrough } from "../bounded/relaxedBernoulli.js";
import { type Classes, classesOf, logitsOf } from "./classes.js";
import { OneHotCategorical } from "./oneHotCategorical.js";

/**
 * RelaxedOneHotCategorical: a continuous relaxation of OneHotCategorical, softmax((logits + G) / T) with G drawn from Gumbel(0, 1) and
 * T = temperature (Maddison, Mnih and Teh 2017; Jang, Gu and Poole 2017). For K classes
 *
 *     log p(x) = log Γ(K) + (K - 1) log T + Σ_k (logits_k - (T + 1) log x_k) - K log Σ_k exp(logits_k - T log x_k).
 *
 * @example new RelaxedOneHotCategorical(0.5, [0.3, 0.7]).logProb([0.4, 0.6]).item() // -0.7544
 */
export class RelaxedOneHotCategorical extends /* @__PURE__ */ family<
  Tensors<"temperature"> & Classes,
  [temperature: TensorLike, probs?: TensorLike]
>("RelaxedOneHotCategorical", {
  constraints: { temperature: positive, probs: weights, logits: logWeights },
  oneOf: ["probs", "logits"],
  support: simplex,
  eventShape: (p) => [classesOf(p)],
  logDensity: (x, p) => {
    const classes = classesOf(p);
    const logX = log(clip(x, SMALLEST, 1));
    const tilted = logitsOf(p).sub(logX.mul(p.temperature.expandDims(-1)));
    return sum(tilted.sub(logX), -1)
      .sub(logsumexp(tilted, -1).mul(classes))
      .add(log(p.temperature).mul(classes - 1))
      .add(lgamma(classes));
  },
  draw: (key, shape, p) =>
    softmax(
      random
        .gumbel(key, [...shape, classesOf(p)])
        .add(logitsOf(p))
        .div(p.temperature.expandDims(-1)),
    ),
}) {
  /** Normalised log probabilities, batchShape + [K]. */
  get logits(): Tensor {
    return logitsOf(this.params);
  }
}

/**
 * RelaxedOneHotCategoricalStraightThrough: draws are one-hot vectors, distributed as OneHotCategorical(logits). A draw has its 1 at the
 * largest entry of a relaxed draw, and has the gradient of the relaxed draw.
 *
 * @example new RelaxedOneHotCategoricalStraightThrough(0.5, [0.3, 0.7]).logProb([0, 1]).item() // -0.3567
 */
export class RelaxedOneHotCategoricalStraightThrough extends RelaxedOneHotCategorical {
  override get support(): Constraint {
    return multinomial(1);
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    return new OneHotCategorical({ logits: this.logits }).logDensity(value);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const soft = super.draw(key, shape);
    return straightThrough(oneHot(argmax(soft, -1), soft.shape.at(-1) as number), soft);
  }
}
