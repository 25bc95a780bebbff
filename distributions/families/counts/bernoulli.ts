/**
 * Bernoulli: 1 with probability probs, else 0; either probs or logits = log(probs / (1 - probs)).
 *
 *     log p(x) = x log(probs) + (1 - x) log(1 - probs) = logSigmoid((2x - 1) logits).
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  gate,
  less,
  lessEqual,
  log,
  log1p,
  logSigmoid,
  random,
  sigmoid,
  sub,
  type Tensor,
  type TensorLike,
  tensor,
  where,
} from "../../../autodiff/index.js";
import { boolean, type Constraint, extendedReal, unitInterval } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Given, readParameters, type Signature } from "../../core/parameters.js";
import { weighed } from "../../densities/divergences.js";

type Params = { readonly probs?: Tensor; readonly logits?: Tensor };
const BERNOULLI: Signature<Params> = {
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
    const [one, zero] = this.outcomes;
    return gate(value, one.log).add(gate(sub(1, value), zero.log));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return random.bernoulli(key, this.probs, shape);
  }
  override get mean(): Tensor {
    return this.spread(this.probs);
  }
  override get variance(): Tensor {
    const [one, zero] = this.outcomes;
    return this.spread(one.probability.mul(zero.probability));
  }
  override entropy(): Tensor {
    const [one, zero] = this.outcomes;
    // Of probabilities the slope is infinite at 0 and 1, of log odds it is 0 at their ends.
    const of = this.params.probs === undefined ? weighed : gate;
    return this.spread(of(one.probability, one.log).add(of(zero.probability, zero.log)).neg());
  }
  override cumulative(value: Tensor): Tensor {
    return where(less(value, 0), 0, where(less(value, 1), this.outcomes[1].probability, 1));
  }
  override quantile(q: Tensor): Tensor {
    return where(lessEqual(q, this.outcomes[1].probability), 0, where(lessEqual(q, 1), 1, NaN));
  }

  /** Probability and log probability of 1 and of 0, each to full precision. */
  get outcomes(): [Outcome, Outcome] {
    return outcomesOf(this.params);
  }
}

/** The same for whatever has one of these parameters. */
export function outcomesOf({
  probs,
  logits,
}: {
  readonly probs?: Tensor;
  readonly logits?: Tensor;
}): [Outcome, Outcome] {
  if (probs !== undefined)
    return [
      { probability: probs, log: log(probs) },
      { probability: sub(1, probs), log: log1p(probs.neg()) },
    ];
  const of = (l: Tensor): Outcome => ({ probability: sigmoid(l), log: logSigmoid(l) });
  return [of(logits as Tensor), of((logits as Tensor).neg())];
}

interface Outcome {
  readonly probability: Tensor;
  readonly log: Tensor;
}
