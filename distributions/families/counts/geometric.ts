/**
 * Geometric: failures before the first success of probability p = probs, or sigmoid(logits).
 *
 *     log p(k) = k log(1 - p) + log p.
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  exp,
  expm1,
  floor,
  gate,
  less,
  log,
  log1p,
  maximum,
  random,
  sigmoid,
  softplus,
  type Tensor,
  type TensorLike,
  where,
  xlog1py,
} from "../../../autodiff/index.js";
import { type Constraint, nonnegativeInteger, positiveProbability, real } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Given, readParameters, type Signature } from "../../core/parameters.js";
import { countQuantile } from "../../densities/countQuantiles.js";

type Params = { readonly probs?: Tensor; readonly logits?: Tensor };
const GEOMETRIC: Signature<Params> = {
  name: "Geometric",
  constraints: { probs: positiveProbability, logits: real },

  oneOf: ["probs", "logits"],
};

export class Geometric extends Distribution<Params> {
  constructor(probs?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(GEOMETRIC, args));
  }

  get probs(): Tensor {
    return this.params.probs ?? sigmoid(this.params.logits as Tensor);
  }
  /** (1 - p) / p. */
  get #odds(): Tensor {
    const { probs, logits } = this.params;
    return probs === undefined ? exp((logits as Tensor).neg()) : probs.neg().add(1).div(probs);
  }
  override get support(): Constraint {
    return nonnegativeInteger;
  }
  override logDensity(value: Tensor): Tensor {
    const { probs, logits } = this.params;
    if (probs !== undefined) return xlog1py(value, probs.neg()).add(log(probs));
    const l = logits as Tensor;
    return gate(value, softplus(l)).neg().sub(softplus(l.neg()));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    // Logits may be of a probability beneath all numbers; counts of 1e300 then stand for larger ones.
    return random.geometric(key, maximum(this.probs, 1e-300), shape);
  }
  override get mean(): Tensor {
    return this.spread(this.#odds);
  }
  override get variance(): Tensor {
    return this.spread(this.#odds.div(this.probs));
  }
  override entropy(): Tensor {
    const { probs, logits } = this.params;
    if (probs !== undefined) return this.spread(gate(this.#odds, log1p(probs.neg())).add(log(probs)).neg());
    const l = logits as Tensor;
    // odds · softplus(l) is log(1 + e^l) / e^l, 1 where e^l is beneath rounding.
    const failures = where(less(l, -40), 1, this.#odds.mul(softplus(l)));
    return this.spread(failures.add(softplus(l.neg())));
  }
  override cumulative(value: Tensor): Tensor {
    const count = floor(maximum(value, -1)).add(1);
    return expm1(xlog1py(count, this.probs.neg())).neg();
  }
  override quantile(q: Tensor): Tensor {
    return countQuantile((k) => this.cumulative(k), q);
  }
}
