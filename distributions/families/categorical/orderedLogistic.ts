import {
  arange,
  concatenate,
  log1mexp,
  logSigmoid,
  slice,
  type Tensor,
  type TensorLike,
  where,
  zeros,
} from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { integerInterval, orderedVector, real } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { Categorical } from "./categorical.js";
import { pickAlongLast } from "./classes.js";

type Params = Tensors<"predictor" | "cutpoints">;
/** The number K of cutpoints; there are K + 1 classes. */
const cutsOf = ({ cutpoints }: Params): number => cutpoints.shape.at(-1) as number;

/** Log probabilities of the classes, batchShape + [K + 1]. */
function logitsOf({ predictor, cutpoints }: Params): Tensor {
  const d = cutpoints.sub(predictor.expandDims(-1));
  const logOne = zeros([...d.shape.slice(0, -1), 1]);
  const gaps = log1mexp(slice(cutpoints, 0, -1, { axis: -1 }).sub(slice(cutpoints, 1, undefined, { axis: -1 })));
  const ends = zeros([...cutpoints.shape.slice(0, -1), 1]);
  return concatenate([logSigmoid(d), logOne], -1)
    .add(concatenate([logOne, logSigmoid(d.neg())], -1))
    .add(concatenate(cutpoints.shape.at(-1) === 1 ? [ends, ends] : [ends, gaps, ends], -1));
}

/**
 * OrderedLogistic: one of K + 1 ordered classes, separated by K cutpoints c. The class is k if a logistic variable with location
 * η = predictor falls between c_{k-1} and c_k. With c_{-1} = -∞ and c_K = ∞,
 *
 *     P(k) = σ(c_k - η) - σ(c_{k-1} - η) = σ(c_k - η) σ(η - c_{k-1}) (1 - exp(c_{k-1} - c_k)).
 *
 * The product keeps the digits that the difference would lose.
 *
 * @example new OrderedLogistic(0, [-1, 1]).logProb(1).item() // -0.7719
 */
export class OrderedLogistic extends /* @__PURE__ */ family<Params, [predictor: TensorLike, cutpoints: TensorLike]>(
  "OrderedLogistic",
  {
    constraints: { predictor: real, cutpoints: orderedVector },
    support: (p) => integerInterval(0, cutsOf(p)),
    values: (p) => arange(cutsOf(p) + 1),
    logDensity: (x, p) => pickAlongLast(logitsOf(p), where(integerInterval(0, cutsOf(p)).check(x), x, 0)),
    draw: (key, shape, p) => random.categorical(key, logitsOf(p), shape),
    as: (p) => new Categorical({ logits: logitsOf(p) }),
  },
) {
  /** Log probabilities of the classes, batchShape + [K + 1]. */
  get logits(): Tensor {
    return logitsOf(this.params);
  }
}
