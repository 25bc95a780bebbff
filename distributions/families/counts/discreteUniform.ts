import { arange, clip, floor, log, square, type Tensor, type TensorLike } from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { getProvenance, trackProvenance } from "../../../provenance/index.js";
import { integer, integerInterval } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { firstNumber } from "../../core/parameters.js";
import { countQuantile } from "../../densities/countQuantiles.js";
import { ofDiscreteUniform } from "../../kl/bounded.js";

type Params = Tensors<"low" | "high">;
const countOf = ({ low, high }: Params): Tensor => high.sub(low).add(1);
const cdf = (x: Tensor, p: Params): Tensor => clip(floor(x).sub(p.low).add(1).div(countOf(p)), 0, 1);

/**
 * DiscreteUniform on the whole numbers low … high, both included.
 *
 *     log p(k) = -log(high - low + 1).
 *
 * @example new DiscreteUniform(1, 6).mean.item() // 3.5
 */
export class DiscreteUniform extends /* @__PURE__ */ family<Params, [low: TensorLike, high: TensorLike]>(
  "DiscreteUniform",
  {
    constraints: { low: integer, high: ({ low }) => integerInterval(low, 2 ** 53) },
    support: ({ low, high }) => integerInterval(low, high),
    logDensity: (x, p) => log(countOf(p)).neg().add(x.mul(0)),
    draw: (key, shape, { low, high }) => random.randint(key, shape, low, high.add(1)),
    mean: ({ low, high }) => low.add(high).mul(0.5),
    variance: (p) => square(countOf(p)).sub(1).div(12),
    entropy: (p) => log(countOf(p)),
    cdf,
    icdf: (q, p) => countQuantile((k) => cdf(p.low.add(k), p), q, p.high.sub(p.low)).add(p.low),
    values: ({ low, high }) =>
      trackProvenance(arange(firstNumber(low), firstNumber(high) + 1), getProvenance([low, high])),
    divergences: ofDiscreteUniform,
  },
) {
  override get hasEnumerateSupport(): boolean {
    return this.params.low.size === 1 && this.params.high.size === 1;
  }
}
