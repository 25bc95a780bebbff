/**
 * Kumaraswamy, a = concentration1 and b = concentration0:
 *
 *     log p(x) = log a + log b + (a - 1) log x + (b - 1) log(1 - x^a),   0 <= x <= 1.
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  clip,
  digammaDifference,
  exp,
  expm1,
  gate,
  log,
  log1mexp,
  log1p,
  logBeta,
  pow,
  random,
  reciprocal,
  square,
  type Tensor,
  type TensorLike,
  trigamma,
  xlogy,
} from "../../../autodiff/index.js";
import { type Constraint, positive, unitInterval } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";
import { secondDifference } from "../../densities/continuous.js";

type Params = { readonly concentration1: Tensor; readonly concentration0: Tensor };
const KUMARASWAMY: Family<Params> = {
  name: "Kumaraswamy",
  constraints: { concentration1: positive, concentration0: positive },
};

export class Kumaraswamy extends Distribution<Params> {
  constructor(concentration1: TensorLike, concentration0: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(KUMARASWAMY, args));
  }

  override get support(): Constraint {
    return unitInterval;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { concentration1: a, concentration0: b } = this.params;
    return xlogy(a.sub(1), value)
      .add(gate(b.sub(1), log1mexp(log(value).mul(a))))
      .add(log(a))
      .add(log(b));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { concentration1: a, concentration0: b } = this.params;
    const logRest = random.exponential(key, shape).neg().div(b);
    return exp(log(expm1(logRest).neg()).div(a));
  }
  override get mean(): Tensor {
    const { concentration1: a, concentration0: b } = this.params;
    return this.spread(exp(log(b).add(logBeta(reciprocal(a).add(1), b))));
  }
  override get variance(): Tensor {
    const { concentration1: a, concentration0: b } = this.params;
    // E x² - (E x)², by the difference of their logarithms.
    const bend = secondDifference(
      reciprocal(a),
      (t) => log(b).add(logBeta(t.add(1), b)),
      (t) => trigamma(t.add(1)).sub(trigamma(t.add(1).add(b.expandDims(-1)))),
    );
    return this.spread(square(this.mean).mul(expm1(bend)));
  }
  override entropy(): Tensor {
    const { concentration1: a, concentration0: b } = this.params;
    const spread = reciprocal(a).neg().add(1).mul(digammaDifference(1, b));
    return this.spread(reciprocal(b).neg().add(1).add(spread).sub(log(a)).sub(log(b)));
  }
  override cumulative(value: Tensor): Tensor {
    const { concentration1: a, concentration0: b } = this.params;
    return expm1(log1mexp(log(clip(value, 0, 1)).mul(a)).mul(b)).neg();
  }
  override quantile(q: Tensor): Tensor {
    const { concentration1: a, concentration0: b } = this.params;
    return pow(expm1(log1p(q.neg()).div(b)).neg(), reciprocal(a));
  }
}
