/**
 * Exponential, rate = 1 / mean:
 *
 *     log p(x) = log(rate) - rate x,   x >= 0.
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  expm1,
  log,
  log1p,
  maximum,
  random,
  reciprocal,
  square,
  sub,
  type Tensor,
  type TensorLike,
} from "../../../autodiff/index.js";
import { type Constraint, nonnegative, positive } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";

type Params = { readonly rate: Tensor };
const EXPONENTIAL: Family<Params> = { name: "Exponential", constraints: { rate: positive }, defaults: { rate: 1 } };

export class Exponential extends Distribution<Params> {
  constructor(rate?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(EXPONENTIAL, args));
  }

  override get support(): Constraint {
    return nonnegative;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { rate } = this.params;
    return log(rate).sub(rate.mul(value));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return random.exponential(key, shape).div(this.params.rate);
  }
  override get mean(): Tensor {
    return this.spread(reciprocal(this.params.rate));
  }
  override get variance(): Tensor {
    return this.spread(reciprocal(square(this.params.rate)));
  }
  override entropy(): Tensor {
    return this.spread(sub(1, log(this.params.rate)));
  }
  override cumulative(value: Tensor): Tensor {
    return expm1(maximum(value, 0).mul(this.params.rate).neg()).neg();
  }
  override quantile(q: Tensor): Tensor {
    return log1p(q.neg()).neg().div(this.params.rate);
  }
}
