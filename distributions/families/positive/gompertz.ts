/**
 * Gompertz, a = concentration and b = rate:
 *
 *     log p(x) = log(a b) + b x - a (exp(b x) - 1),   x >= 0,
 *     mean = exp(a) E_1(a) / b,   E_1(a) = ∫_a^∞ exp(-t) / t dt        the exponential integral
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  expm1,
  gate,
  log,
  log1p,
  maximum,
  minimum,
  random,
  type Tensor,
  type TensorLike,
  type Unary,
  unary,
} from "../../../autodiff/index.js";
import { exp as expOf, log as logOf } from "../../../autodiff/kernels/formulas/scalarFormulas.js";
import { type Constraint, nonnegative, positive } from "../../constraints/index.js";
import { EULER } from "../../core/constants.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";

type Params = { readonly concentration: Tensor; readonly rate: Tensor };
const GOMPERTZ: Family<Params> = {
  name: "Gompertz",
  constraints: { concentration: positive, rate: positive },
  defaults: { rate: 1 },
};

/** exp(a) E_1(a) for a > 0, relative error 2e-15: by its power series below 1, by its continued fraction above (DLMF 6.6.2, 6.9.1). */
function scaledE1Of(a: number): number {
  if (a < 1) {
    let sum = 0;
    let power = -1;
    for (let k = 1; k <= 20; k++) {
      power *= -a / k;
      sum += power / k;
    }
    return expOf(a) * (sum - EULER - logOf(a));
  }
  let tail = a + 2 * FRACTIONS + 1;
  for (let k = FRACTIONS; k >= 1; k--) tail = a + 2 * k - 1 - (k * k) / tail;
  return 1 / tail;
}
const FRACTIONS = 200;
const scaledE1: Unary = unary("scaledE1", (a) => scaledE1Of(a), [(g, y, a) => gate(g, y.sub(a.reciprocal()))]);

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
  override get mean(): Tensor {
    const { concentration, rate } = this.params;
    return this.spread(scaledE1(concentration).div(rate));
  }
  /** a (exp(b x) - 1) is Exponential(1). */
  override entropy(): Tensor {
    const { concentration, rate } = this.params;
    return this.spread(scaledE1(concentration).add(log(concentration)).add(log(rate)).neg().add(1));
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
