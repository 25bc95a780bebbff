/**
 * OneHotCategorical: a Categorical whose values are unit vectors.
 *
 *     log p(x) = Σ_k x_k log(probs_k).
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import { eye, gate, oneHot, sum, type Tensor, type TensorLike } from "../../../autodiff/index.js";
import { type Constraint, logWeights, multinomial, weights } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Given, readParameters, type Signature } from "../../core/parameters.js";
import { Categorical } from "./categorical.js";

type Params = { readonly probs?: Tensor; readonly logits?: Tensor };
const ONE_HOT_CATEGORICAL: Signature<Params> = {
  name: "OneHotCategorical",
  constraints: { probs: weights, logits: logWeights },

  oneOf: ["probs", "logits"],
};

export class OneHotCategorical extends Distribution<Params> {
  constructor(probs?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(ONE_HOT_CATEGORICAL, args));
  }

  /** The distribution of the index. */
  get index(): Categorical {
    const { probs, logits } = this.params;
    return new Categorical(probs === undefined ? { logits: logits as Tensor } : { probs });
  }
  get probs(): Tensor {
    return this.index.probs;
  }
  override get support(): Constraint {
    return multinomial(1);
  }
  override get eventShape(): Shape {
    return [this.index.numCategories];
  }
  override logDensity(value: Tensor): Tensor {
    return sum(gate(value, this.index.logits), -1);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return oneHot(this.index.draw(key, shape), this.index.numCategories);
  }
  override get mean(): Tensor {
    return this.spread(this.probs);
  }
  override get variance(): Tensor {
    const p = this.probs;
    return this.spread(p.mul(p.neg().add(1)));
  }
  override entropy(): Tensor {
    return this.spread(this.index.entropy(), 0);
  }
  override get hasEnumerateSupport(): boolean {
    return true;
  }
  override supportValues(): Tensor {
    return eye(this.index.numCategories);
  }
}
