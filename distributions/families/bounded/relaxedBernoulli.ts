import type { Shape } from "../../../autodiff/core/shape.js";
import {
  greater,
  log,
  log1p,
  sigmoid,
  softplus,
  stopGradient,
  type Tensor,
  type TensorLike,
} from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { boolean, type Constraint, positive, real, unitInterval } from "../../constraints/index.js";
import { clampInside } from "../../constraints/inside.js";
import { family, type OneOf, type Tensors } from "../../core/family.js";
import { Bernoulli } from "../counts/bernoulli.js";

/** `x` moved to strictly between 0 and 1, where log odds are finite. */
const inside = (x: Tensor): Tensor => clampInside(x, unitInterval);

const logit = (x: Tensor): Tensor => log(x).sub(log1p(x.neg()));

/** Log odds. For a probability of 0 or 1, the log odds of the nearest number inside (0, 1). */
export function finiteLogits({ probs, logits }: OneOf<"probs" | "logits">): Tensor {
  return probs === undefined ? (logits as Tensor) : logit(inside(probs));
}

/**
 * RelaxedBernoulli: a continuous relaxation of Bernoulli, sigmoid((logits + L) / temperature) with L drawn from Logistic(0, 1) (Maddison,
 * Mnih and Teh 2017, "The Concrete distribution"). With d = logits - temperature · logit(x),
 *
 *     log p(x) = log temperature - log(1 + exp d) - log(1 + exp(-d)) - log x - log(1 - x).
 *
 * @example new RelaxedBernoulli(0.5, 0.3).logProb(0.2).item() // -0.2528
 */
export class RelaxedBernoulli extends /* @__PURE__ */ family<
  Tensors<"temperature"> & OneOf<"probs" | "logits">,
  [temperature: TensorLike, probs?: TensorLike]
>("RelaxedBernoulli", {
  constraints: { temperature: positive, probs: unitInterval, logits: real },
  oneOf: ["probs", "logits"],
  support: unitInterval,
  logDensity: (value, p) => {
    const x = inside(value);
    const [logX, logRest] = [log(x), log1p(x.neg())];
    const d = finiteLogits(p).sub(logX.sub(logRest).mul(p.temperature));
    return log(p.temperature).sub(softplus(d)).sub(softplus(d.neg())).sub(logX).sub(logRest);
  },
  draw: (key, shape, p) => inside(sigmoid(random.logistic(key, shape).add(finiteLogits(p)).div(p.temperature))),
  cdf: (x, p) => sigmoid(logit(inside(x)).mul(p.temperature).sub(finiteLogits(p))),
  icdf: (q, p) => sigmoid(logit(q).add(finiteLogits(p)).div(p.temperature)),
}) {
  get logits(): Tensor {
    return finiteLogits(this.params);
  }
}

/**
 * RelaxedBernoulliStraightThrough: draws are 0 or 1, distributed as Bernoulli(logits). A draw is a rounded relaxed draw and has the gradient
 * of the relaxed draw (Bengio, Léonard and Courville 2013). This gradient is a biased estimate of low variance.
 *
 * @example new RelaxedBernoulliStraightThrough(0.5, 0.3).logProb(1).item() // -1.204
 */
export class RelaxedBernoulliStraightThrough extends RelaxedBernoulli {
  override get support(): Constraint {
    return boolean;
  }
  override get hasRsample(): boolean {
    return true;
  }
  get #hard(): Bernoulli {
    return new Bernoulli({ logits: this.logits });
  }
  override logDensity(value: Tensor): Tensor {
    return this.#hard.logDensity(value);
  }
  override cumulative(value: Tensor): Tensor {
    return this.#hard.cumulative(value);
  }
  override quantile(q: Tensor): Tensor {
    return this.#hard.quantile(q);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const soft = super.draw(key, shape);
    return straightThrough(greater(soft, 0.5), soft);
  }
}

/** The value of `hard` with the gradient of `soft`. */
export const straightThrough = (hard: Tensor, soft: Tensor): Tensor =>
  stopGradient(hard).add(soft.sub(stopGradient(soft)));
