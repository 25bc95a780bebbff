/**
 * Chi2 with df degrees of freedom: Gamma(df/2, 1/2).
 *
 *     log p(x) = (df/2 - 1) log x - x/2 - df/2 log 2 - lgamma(df/2),   x >= 0.
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import { gammainc, gammaincinv, maximum, random, type Tensor, type TensorLike } from "../../../autodiff/index.js";
import { type Constraint, nonnegative, positive } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";
import { gammaEntropy, logGammaDensity } from "../../densities/continuous.js";

type Params = { readonly df: Tensor };
const CHI2: Family<Params> = {
  name: "Chi2",
  constraints: { df: positive },
};

export class Chi2 extends Distribution<Params> {
  constructor(df: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(CHI2, args));
  }

  override get support(): Constraint {
    return nonnegative;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    return logGammaDensity(this.params.df.mul(0.5), 0.5, value);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return random.gamma(key, this.params.df.mul(0.5), shape).mul(2);
  }
  override get mean(): Tensor {
    return this.spread(this.params.df);
  }
  override get variance(): Tensor {
    return this.spread(this.params.df.mul(2));
  }
  override entropy(): Tensor {
    return this.spread(gammaEntropy(this.params.df.mul(0.5)).add(Math.LN2));
  }
  override cumulative(value: Tensor): Tensor {
    return gammainc(this.params.df.mul(0.5), maximum(value, 0).mul(0.5));
  }
  override quantile(q: Tensor): Tensor {
    return gammaincinv(this.params.df.mul(0.5), q).mul(2);
  }
}
