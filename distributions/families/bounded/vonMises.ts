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

type Params = Tensors<"loc" | "concentration">;

const TURN = 2 * Math.PI;
/** The same direction within [-π, π]. */
export const wrapped = (angle: Tensor): Tensor => angle.sub(round(angle.div(TURN)).mul(TURN));

/** log(2π exp(-κ) I_0(κ)). */
const logNorm = ({ concentration }: Params): Tensor => log(i0e(concentration).mul(TURN));
/** 1 - I_1(κ) / I_0(κ). */
const circularVariance = ({ concentration }: Params): Tensor => besselGap(concentration).div(i0e(concentration));

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
export class VonMises extends /* @__PURE__ */ family<Params, [loc: TensorLike, concentration: TensorLike]>("VonMises", {
  constraints: { loc: real, concentration: positive },
  support: circular,
  logDensity: (x, p) =>
    square(sin(x.sub(p.loc).mul(0.5)))
      .mul(p.concentration.mul(-2))
      .sub(logNorm(p)),
  draw: (key, shape, { loc, concentration }) =>
    wrapped(random.vonMises(key, concentration, shape).add(loc)).clip(-Math.PI, Math.PI),
  mean: ({ loc }) => wrapped(loc),
  variance: circularVariance,
  entropy: (p) => logNorm(p).add(p.concentration.mul(circularVariance(p))),
  cdf: (x, { loc, concentration }) => vonMisesCdf(concentration, wrapped(x.sub(loc))),
  divergences: ofVonMises,
}) {}
