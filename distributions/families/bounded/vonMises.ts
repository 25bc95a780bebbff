import {
  besselGap,
  i0e,
  log,
  round,
  sin,
  square,
  type Tensor,
  type TensorLike,
  vonMisesCdf,
} from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { circular, positive, real } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { ofVonMises } from "../../kl/bounded.js";

const TURN = 2 * Math.PI;
/** The same direction within [-π, π]. */
export const wrapped = (angle: Tensor): Tensor => angle.sub(round(angle.div(TURN)).mul(TURN));

/**
 * VonMises: an angle in [-π, π] around loc, κ = concentration, d = x - loc.
 *
 *     log p(x) = κ cos d - log(2π I_0(κ)) = -2κ sin²(d/2) - log(2π exp(-κ) I_0(κ)).
 *
 * The second form keeps its digits for large κ. `mean` is the direction loc, and `variance` is the circular variance 1 - I_1(κ)/I_0(κ). The
 * cdf is the integral from loc - π. Draws use the method of Best and Fisher (1979) and have the implicit gradient (core/implicit.ts).
 *
 * @example new VonMises(0, 2).logProb(0).item() // -0.6619
 */
export class VonMises extends /* @__PURE__ */ family<
  Tensors<"loc" | "concentration">,
  [loc: TensorLike, concentration: TensorLike]
>("VonMises", {
  constraints: { loc: real, concentration: positive },
  support: circular,
  formulas: ({ loc, concentration }) => {
    /** log(2π exp(-κ) I_0(κ)). */
    const logNorm = (): Tensor => log(i0e(concentration).mul(TURN));
    /** 1 - I_1(κ) / I_0(κ). */
    const variance = (): Tensor => besselGap(concentration).div(i0e(concentration));
    return {
      logDensity: (x) =>
        square(sin(x.sub(loc).mul(0.5)))
          .mul(concentration.mul(-2))
          .sub(logNorm()),
      draw: (key, shape) => wrapped(random.vonMises(key, concentration, shape).add(loc)).clip(-Math.PI, Math.PI),
      mean: () => wrapped(loc),
      variance,
      entropy: () => logNorm().add(concentration.mul(variance())),
      cdf: (x) => vonMisesCdf(concentration, wrapped(x.sub(loc))),
    };
  },
  divergences: ofVonMises,
}) {}
