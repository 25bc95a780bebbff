/**
 * Gompertz, a = concentration and b = rate:
 *
 *     log p(x) = log(a b) + b x - a (exp(b x) - 1),   x >= 0.
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import { expm1, log, log1p, maximum, minimum, random, type Tensor, type TensorLike } from "../../../autodiff/index.js";
import { type Constraint, nonnegative, positive } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";

type Params = { readonly concentration: Tensor; readonly rate: Tensor };
const GOMPERTZ: Family<Params> = {
  name: "Gompertz",
  constraints: { concentration: positive, rate: positive },
  defaults: { rate: 1 },
};

export class Gompertz extends Distribution<Params> {
  constructor(concentration: TensorLike, rate?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(GOMPERTZ, args));
  }

  override get support(): Constraint {
    return nonnegative;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { concentration, rate } = this.params;
    const t = value.mul(rate);
    return log(concentration)
      .add(log(rate))
      .add(minimum(t, Number.MAX_VALUE))
      .sub(concentration.mul(expm1(t)));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { concentration, rate } = this.params;
    return log1p(random.exponential(key, shape).div(concentration)).div(rate);
  }
  override cumulative(value: Tensor): Tensor {
    const { concentration, rate } = this.params;
    return expm1(concentration.mul(expm1(maximum(value, 0).mul(rate))).neg()).neg();
  }
  override quantile(q: Tensor): Tensor {
    const { concentration, rate } = this.params;
    return log1p(log1p(q.neg()).neg().div(concentration)).div(rate);
  }
}
