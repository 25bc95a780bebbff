import { eye, mulZeroWins, oneHot, sum, type Tensor, type TensorLike } from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { logWeights, multinomial, weights } from "../../constraints/index.js";
import { family } from "../../core/family.js";
import { ofOneHotCategorical } from "../../kl/vectors.js";
import { Categorical } from "./categorical.js";
import { type Classes, classesOf, entropyOf, logitsOf, probsOf } from "./classes.js";

const unitVector = /* @__PURE__ */ multinomial(1);

/**
 * OneHotCategorical: a Categorical whose values are unit vectors.
 *
 *     log p(x) = Σ_k x_k log(probs_k).
 *
 * @example new OneHotCategorical([0.2, 0.8]).logProb([0, 1]).item() // -0.2231
 */
export class OneHotCategorical extends /* @__PURE__ */ family<Classes, [probs?: TensorLike]>("OneHotCategorical", {
  constraints: { probs: weights, logits: logWeights },
  oneOf: ["probs", "logits"],
  support: unitVector,
  eventShape: (p) => [classesOf(p)],
  values: (p) => eye(classesOf(p)),
  logDensity: (x, p) => sum(mulZeroWins(x, logitsOf(p)), -1),
  draw: (key, shape, p) => oneHot(random.categorical(key, logitsOf(p), shape), classesOf(p)),
  mean: probsOf,
  variance: (p) => {
    const probs = probsOf(p);
    return probs.mul(probs.neg().add(1));
  },
  entropy: entropyOf,
  divergences: ofOneHotCategorical,
}) {
  /** The distribution of the index. */
  get index(): Categorical {
    const { probs, logits } = this.params;
    return new Categorical(probs === undefined ? { logits: logits as Tensor } : { probs });
  }
  get probs(): Tensor {
    return probsOf(this.params);
  }
}
