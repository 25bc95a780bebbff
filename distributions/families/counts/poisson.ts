/**
 * Poisson; rate 0 is the point mass at 0.
 *
 *     log p(k) = k log(rate) - rate - log k!
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import { floor, gammaincc, random, type Tensor, type TensorLike, where } from "../../../autodiff/index.js";
import { type Constraint, nonnegative, nonnegativeInteger } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Given, readParameters, type Signature } from "../../core/parameters.js";
import { logPoisson } from "../../densities/continuous.js";
import { countQuantile } from "../../densities/countQuantiles.js";

type Params = { readonly rate: Tensor };
const POISSON: Signature<Params> = { name: "Poisson", constraints: { rate: nonnegative } };

export class Poisson extends Distribution<Params> {
  constructor(rate: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(POISSON, args));
  }

  override get support(): Constraint {
    return nonnegativeInteger;
  }
  override logDensity(value: Tensor): Tensor {
    return logPoisson(value, this.params.rate);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return random.poisson(key, this.params.rate, shape);
  }
  override get mean(): Tensor {
    return this.spread(this.params.rate);
  }
  override get variance(): Tensor {
    return this.spread(this.params.rate);
  }
  override cumulative(value: Tensor): Tensor {
    const k = floor(value);
    return where(k.less(0), 0, gammaincc(k.clip(0, Number.MAX_VALUE).add(1), this.params.rate));
  }
  override quantile(q: Tensor): Tensor {
    return countQuantile((k) => this.cumulative(k), q);
  }
}
