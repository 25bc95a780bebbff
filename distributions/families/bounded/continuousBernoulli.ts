/**
 * ContinuousBernoulli (Loaiza-Ganem and Cunningham 2019) on [0, 1], l = logit(probs):
 *
 *     log p(x) = l x - log((exp l - 1) / l) = l (x - 1/2) - log(sinh h / h),   h = l / 2,
 *
 * an exponential family: the derivatives of log(sinh h / h) are its moments, the first of them coth h - 1/h.
 */

import type { Shape } from "../../../autodiff/core/shape.js";
import {
  abs,
  equal,
  exp,
  expm1,
  greater,
  less,
  log,
  log1p,
  minimum,
  random,
  type Tensor,
  type TensorLike,
  where,
} from "../../../autodiff/index.js";
import { type Constraint, real, unitInterval } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";
import { langevin, langevinSlope, logSinhc } from "../../densities/sinhc.js";
import { finiteLogits } from "./relaxedBernoulli.js";

type Params = { readonly probs?: Tensor; readonly logits?: Tensor };
const CONTINUOUS_BERNOULLI: Family<Params> = {
  name: "ContinuousBernoulli",
  constraints: { probs: unitInterval, logits: real },
  oneOf: ["probs", "logits"],
};

export class ContinuousBernoulli extends Distribution<Params> {
  constructor(probs?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(CONTINUOUS_BERNOULLI, args));
  }

  get logits(): Tensor {
    return finiteLogits(this.params);
  }
  override get support(): Constraint {
    return unitInterval;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { logits } = this;
    return logits.mul(value.sub(0.5)).sub(logSinhc(logits.mul(0.5)));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return this.quantile(random.uniform(key, shape));
  }
  override get mean(): Tensor {
    return this.spread(langevin(this.logits.mul(0.5)).mul(0.5).add(0.5));
  }
  override get variance(): Tensor {
    return this.spread(langevinSlope(this.logits.mul(0.5)).mul(0.25));
  }
  override entropy(): Tensor {
    const h = this.logits.mul(0.5);
    return this.spread(logSinhc(h).sub(h.mul(langevin(h))));
  }
  override cumulative(value: Tensor): Tensor {
    const { logits } = this;
    const x = value.clip(0, 1);
    // From the end where the density is low: exp(-|l|) cannot overflow.
    const [isRising, size] = [greater(logits, 0), where(equal(logits, 0), 1, abs(logits).neg())];
    const share = expm1(size.mul(x)).div(expm1(size));
    const skewed = where(isRising, share.mul(exp(size.mul(x.neg().add(1)))), share);
    return where(equal(logits, 0), x, skewed);
  }
  override quantile(q: Tensor): Tensor {
    const { logits } = this;
    const [isRising, size] = [greater(logits, 0), where(equal(logits, 0), 1, abs(logits).neg())];
    const part = where(isRising, q.neg().add(1), q);
    // 1 - part (1 - exp(-|l|)), where both parts are small without that 1.
    const rest = log(where(isRising, q, q.neg().add(1)).add(part.mul(exp(size))));
    const x = where(less(part, 0.5), log1p(part.mul(expm1(size))), rest).div(size);
    // Near 0 by itself: 1 - x would lose it.
    const growth = q.mul(expm1(minimum(size.neg(), 700)));
    const rising = where(less(growth, 1), log1p(minimum(growth, 1)).div(size.neg()), x.neg().add(1));
    return where(equal(logits, 0), q, where(isRising, rising, x)).clip(0, 1);
  }
}
