/**
 * InverseGamma: 1 / X is Gamma(a = concentration, b = rate).
 *
 *     log p(x) = a log b - lgamma(a) - (a + 1) log x - b / x,   x > 0.
 */

import type { Shape } from "../../../autodiff/core/shape.js";
import {
  add,
  digamma,
  div,
  gammaincc,
  gammaincinv,
  gate,
  greater,
  log,
  maximum,
  random,
  reciprocal,
  square,
  sub,
  type Tensor,
  type TensorLike,
  type Ternary,
  ternary,
  where,
} from "../../../autodiff/index.js";
import { log as logOf } from "../../../autodiff/kernels/formulas/scalarFormulas.js";
import { logGammaCorrection, productMinus } from "../../../autodiff/kernels/special/index.js";
import { type Constraint, positive } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";
import { devianceFrom, gammaEntropy } from "../../densities/continuous.js";

type Params = { readonly concentration: Tensor; readonly rate: Tensor };
const INVERSE_GAMMA: Family<Params> = {
  name: "InverseGamma",
  constraints: { concentration: positive, rate: positive },
  defaults: { rate: 1 },
};

/** a log b - (a + 1) log x - b / x - lgamma(a) for a, b, x > 0. */
const logInverseGammaDensity: Ternary = ternary(
  "logInverseGammaDensity",
  (a, b, x) => {
    const m = b / x;
    if (m === Infinity) return -Infinity;
    const difference = m - a - productMinus(m, x, b) / x;
    return 0.5 * logOf(a / (2 * Math.PI)) - logOf(x) - devianceFrom(a, m, difference) - logGammaCorrection(a);
  },
  [
    (g, _, a, b, x) => gate(g, sub(sub(log(b), log(x)), digamma(a))),
    (g, _, a, b, x) => gate(g, sub(div(a, b), reciprocal(x))),
    (g, _, a, b, x) => gate(g, div(sub(div(b, x), add(a, 1)), x)),
  ],
);

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
