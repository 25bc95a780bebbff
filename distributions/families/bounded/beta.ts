/**
 * Beta, a = concentration1 and b = concentration0, on [0, 1]:
 *
 *     log p(x) = (a - 1) log x + (b - 1) log(1 - x) - log B(a, b).
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import { betainc, betaincinv, digamma, random, square, type Tensor, type TensorLike } from "../../../autodiff/index.js";
import { type Constraint, positive, unitInterval } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";
import { gammaEntropy, logBetaDensity } from "../../densities/continuous.js";

type Params = { readonly concentration1: Tensor; readonly concentration0: Tensor };
const BETA: Family<Params> = { name: "Beta", constraints: { concentration1: positive, concentration0: positive } };

export class Beta extends Distribution<Params> {
  constructor(concentration1: TensorLike, concentration0: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(BETA, args));
  }

  override get support(): Constraint {
    return unitInterval;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { concentration1: a, concentration0: b } = this.params;
    return logBetaDensity(a, b, value);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { concentration1: a, concentration0: b } = this.params;
    return random.beta(key, a, b, shape);
  }
  override get mean(): Tensor {
    const { concentration1: a, concentration0: b } = this.params;
    return this.spread(a.div(a.add(b)));
  }
  override get variance(): Tensor {
    const { concentration1: a, concentration0: b } = this.params;
    const total = a.add(b);
    return this.spread(a.mul(b).div(square(total).mul(total.add(1))));
  }
  override entropy(): Tensor {
    const { concentration1: a, concentration0: b } = this.params;
    const total = a.add(b);
    return this.spread(gammaEntropy(a).add(gammaEntropy(b)).sub(gammaEntropy(total)).sub(digamma(total)));
  }
  override cumulative(value: Tensor): Tensor {
    const { concentration1: a, concentration0: b } = this.params;
    return betainc(a, b, value.clip(0, 1));
  }
  override quantile(q: Tensor): Tensor {
    const { concentration1: a, concentration0: b } = this.params;
    return betaincinv(a, b, q);
  }
}
