/**
 * InverseGamma: 1 / X is Gamma(a = concentration, b = rate).
 *
 *     log p(x) = a log b - lgamma(a) - (a + 1) log x - b / x,   x > 0.
 */
import {
  digamma,
  gammaincc,
  gammaincinv,
  greater,
  log,
  maximum,
  random,
  square,
  type Tensor,
  type TensorLike,
  where,
} from "../autodiff/index.js";
import type { Shape } from "../autodiff/view.js";
import { type Constraint, positive } from "./constraints.js";
import { Distribution } from "./distribution.js";
import { gammaEntropy, logInverseGammaDensity } from "./kernels.js";
import { type Family, type Given, readParameters } from "./parameters.js";

type Params = { readonly concentration: Tensor; readonly rate: Tensor };
const INVERSE_GAMMA: Family<Params> = {
  name: "InverseGamma",
  constraints: { concentration: positive, rate: positive },
  defaults: { rate: 1 },
};

export class InverseGamma extends Distribution<Params> {
  constructor(concentration: TensorLike, rate?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(INVERSE_GAMMA, args));
  }

  override get support(): Constraint {
    return positive;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { concentration, rate } = this.params;
    return logInverseGammaDensity(concentration, rate, value);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { concentration, rate } = this.params;
    return rate.div(random.gamma(key, concentration, shape));
  }
  override get mean(): Tensor {
    const { concentration: a, rate } = this.params;
    return this.spread(where(greater(a, 1), rate.div(a.sub(1)), Infinity));
  }
  override get variance(): Tensor {
    const { concentration: a, rate } = this.params;
    const finite = square(rate.div(a.sub(1))).div(a.sub(2));
    return this.spread(where(greater(a, 2), finite, Infinity));
  }
  override entropy(): Tensor {
    const { concentration: a, rate } = this.params;
    return this.spread(gammaEntropy(a).sub(digamma(a).mul(2)).add(log(rate)));
  }
  override cumulative(value: Tensor): Tensor {
    const { concentration, rate } = this.params;
    return where(greater(value, 0), gammaincc(concentration, rate.div(maximum(value, 0))), 0);
  }
  override quantile(q: Tensor): Tensor {
    const { concentration, rate } = this.params;
    return rate.div(gammaincinv(concentration, q.neg().add(1)));
  }
}
