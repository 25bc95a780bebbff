/**
 * Bernoulli: 1 with probability probs, else 0; either probs or logits = log(probs / (1 - probs)).
 *
 *     log p(x) = x log(probs) + (1 - x) log(1 - probs) = logSigmoid((2x - 1) logits).
 */
import {
  gate,
  log,
  log1p,
  logSigmoid,
  random,
  sigmoid,
  sub,
  type Tensor,
  type TensorLike,
  tensor,
  xlog1py,
  xlogy,
} from "../autodiff/index.js";
import type { Shape } from "../autodiff/view.js";
import { boolean, type Constraint, extendedReal, unitInterval } from "./constraints.js";
import { Distribution } from "./distribution.js";
import { type Family, type Given, readParameters } from "./parameters.js";

type Params = { readonly probs?: Tensor; readonly logits?: Tensor };
const BERNOULLI: Family<Params> = {
  name: "Bernoulli",
  constraints: { probs: unitInterval, logits: extendedReal },
  oneOf: ["probs", "logits"],
};

export class Bernoulli extends Distribution<Params> {
  constructor(probs?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(BERNOULLI, args));
  }

  get probs(): Tensor {
    return this.params.probs ?? sigmoid(this.params.logits as Tensor);
  }
  get logits(): Tensor {
    return this.params.logits ?? log(this.probs).sub(log1p(this.probs.neg()));
  }
  override get support(): Constraint {
    return boolean;
  }
  override get hasEnumerateSupport(): boolean {
    return true;
  }
  override supportValues(): Tensor {
    return tensor([0, 1]);
  }
  override logDensity(value: Tensor): Tensor {
    const { probs, logits } = this.params;
    if (probs === undefined)
      return logSigmoid(
        value
          .mul(2)
          .sub(1)
          .mul(logits as Tensor),
      );
    return xlogy(value, probs).add(xlog1py(sub(1, value), probs.neg()));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return random.bernoulli(key, this.probs, shape);
  }
  override get mean(): Tensor {
    return this.spread(this.probs);
  }
  override get variance(): Tensor {
    const { probs, logits } = this.params;
    return this.spread(
      probs !== undefined ? probs.mul(sub(1, probs)) : sigmoid(logits as Tensor).mul(sigmoid((logits as Tensor).neg())),
    );
  }
  override entropy(): Tensor {
    const { probs, logits } = this.params;
    if (probs !== undefined)
      return this.spread(
        xlogy(probs, probs)
          .add(xlog1py(sub(1, probs), probs.neg()))
          .neg(),
      );
    const surprise = (l: Tensor) => gate(sigmoid(l), logSigmoid(l));
    return this.spread(
      surprise(logits as Tensor)
        .add(surprise((logits as Tensor).neg()))
        .neg(),
    );
  }
}
