/**
 * OrderedLogistic: one of K + 1 ordered classes; a logistic variable around `predictor` falls between the K cutpoints c.
 *
 *     P(k) = σ(c_k - η) - σ(c_{k-1} - η) = σ(c_k - η) σ(η - c_{k-1}) (1 - exp(c_{k-1} - c_k)),   η = predictor, c_{-1} = -∞, c_K = ∞:
 *
 * the product has no difference in which digits are lost.
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  arange,
  concatenate,
  exp,
  log1mexp,
  logSigmoid,
  random,
  slice,
  type Tensor,
  type TensorLike,
  where,
  zeros,
} from "../../../autodiff/index.js";
import { type Constraint, integerInterval, orderedVector, real } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Given, readParameters, type Signature } from "../../core/parameters.js";
import { expectation } from "../../densities/divergences.js";
import { pickAlongLast } from "./categorical.js";

type Params = { readonly predictor: Tensor; readonly cutpoints: Tensor };
const ORDERED_LOGISTIC: Signature<Params> = {
  name: "OrderedLogistic",
  constraints: { predictor: real, cutpoints: orderedVector },
};

export class OrderedLogistic extends Distribution<Params> {
  constructor(predictor: TensorLike, cutpoints: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(ORDERED_LOGISTIC, args));
  }

  /** K. */
  get #cuts(): number {
    return this.params.cutpoints.shape.at(-1) as number;
  }
  /** Log probabilities of the classes, batchShape + [K + 1]. */
  get logits(): Tensor {
    const { predictor, cutpoints } = this.params;
    const d = cutpoints.sub(predictor.expandDims(-1));
    const none = zeros([...d.shape.slice(0, -1), 1]);
    const gaps = log1mexp(slice(cutpoints, 0, -1, { axis: -1 }).sub(slice(cutpoints, 1, undefined, { axis: -1 })));
    const ends = zeros([...cutpoints.shape.slice(0, -1), 1]);
    return concatenate([logSigmoid(d), none], -1)
      .add(concatenate([none, logSigmoid(d.neg())], -1))
      .add(concatenate(this.#cuts === 1 ? [ends, ends] : [ends, gaps, ends], -1));
  }
  override get support(): Constraint {
    return integerInterval(0, this.#cuts);
  }
  override get hasEnumerateSupport(): boolean {
    return true;
  }
  override supportValues(): Tensor {
    return arange(this.#cuts + 1);
  }
  override logDensity(value: Tensor): Tensor {
    return pickAlongLast(this.logits, where(this.inside(value), value, 0));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return random.categorical(key, this.logits, shape);
  }
  override entropy(): Tensor {
    const { logits } = this;
    return this.spread(expectation(exp(logits), logits).neg());
  }
}
