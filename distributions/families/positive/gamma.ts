/**
 * Gamma, a = concentration and b = rate = 1 / scale:
 *
 *     log p(x) = a log b + (a - 1) log x - b x - lgamma(a),   x >= 0.
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  gammainc,
  gammaincinv,
  log,
  maximum,
  random,
  square,
  type Tensor,
  type TensorLike,
} from "../../../autodiff/index.js";
import { type Constraint, nonnegative, positive } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";
import { gammaEntropy, logGammaDensity } from "../../densities/continuous.js";

type Params = { readonly concentration: Tensor; readonly rate: Tensor };
const GAMMA: Family<Params> = {
  name: "Gamma",
  constraints: { concentration: positive, rate: positive },
  defaults: { rate: 1 },
};

export class Gamma extends Distribution<Params> {
  constructor(concentration: TensorLike, rate?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(GAMMA, args));
  }

  override get support(): Constraint {
    return nonnegative;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { concentration, rate } = this.params;
    return logGammaDensity(concentration, rate, value);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { concentration, rate } = this.params;
    return random.gamma(key, concentration, shape).div(rate);
  }
  override get mean(): Tensor {
    const { concentration, rate } = this.params;
    return this.spread(concentration.div(rate));
  }
  override get variance(): Tensor {
    const { concentration, rate } = this.params;
    return this.spread(concentration.div(square(rate)));
  }
  override entropy(): Tensor {
    const { concentration, rate } = this.params;
    return this.spread(gammaEntropy(concentration).sub(log(rate)));
  }
  override cumulative(value: Tensor): Tensor {
    const { concentration, rate } = this.params;
    return gammainc(concentration, maximum(value, 0).mul(rate));
  }
  override quantile(q: Tensor): Tensor {
    const { concentration, rate } = this.params;
    return gammaincinv(concentration, q).div(rate);
  }
}
