/**
 * VonMises: an angle in [-π, π] around loc, κ = concentration, d = x - loc.
 *
 *     log p(x) = κ cos d - log(2π I_0(κ)) = -2κ sin²(d/2) - log(2π exp(-κ) I_0(κ)):
 *
 * the second form keeps its digits for large κ. `mean` is the direction loc, `variance` the circular one, 1 - I_1(κ)/I_0(κ); the cdf
 * counts from loc - π. Drawn as Best and Fisher (1979) do, with the implicit gradient.
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  besselGap,
  i0e,
  log,
  random,
  round,
  sin,
  square,
  type Tensor,
  type TensorLike,
  vonMisesCdf,
} from "../../../autodiff/index.js";
import { type Constraint, circular, positive, real } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";

type Params = { readonly loc: Tensor; readonly concentration: Tensor };
const VON_MISES: Family<Params> = { name: "VonMises", constraints: { loc: real, concentration: positive } };

const TURN = 2 * Math.PI;
/** The same direction within [-π, π]. */
export const wrapped = (angle: Tensor): Tensor => angle.sub(round(angle.div(TURN)).mul(TURN));

export class VonMises extends Distribution<Params> {
  constructor(loc: TensorLike, concentration: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(VON_MISES, args));
  }

  override get support(): Constraint {
    return circular;
  }
  override get hasRsample(): boolean {
    return true;
  }
  /** log(2π exp(-κ) I_0(κ)). */
  get #logNorm(): Tensor {
    return log(i0e(this.params.concentration).mul(TURN));
  }
  override logDensity(value: Tensor): Tensor {
    const { loc, concentration } = this.params;
    return square(sin(value.sub(loc).mul(0.5)))
      .mul(concentration.mul(-2))
      .sub(this.#logNorm);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { loc, concentration } = this.params;
    return wrapped(random.vonMises(key, concentration, shape).add(loc)).clip(-Math.PI, Math.PI);
  }
  override get mean(): Tensor {
    return this.spread(wrapped(this.params.loc));
  }
  override get variance(): Tensor {
    return this.spread(this.#spread);
  }
  get #spread(): Tensor {
    const { concentration } = this.params;
    return besselGap(concentration).div(i0e(concentration));
  }
  override entropy(): Tensor {
    return this.spread(this.#logNorm.add(this.params.concentration.mul(this.#spread)));
  }
  override cumulative(value: Tensor): Tensor {
    const { loc, concentration } = this.params;
    return vonMisesCdf(concentration, wrapped(value.sub(loc)));
  }
}
