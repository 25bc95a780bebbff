/**
 * GammaPoisson: Poisson with a rate drawn from Gamma(a = concentration, b = rate).
 *
 *     log p(k) = -log B(k + 1, a) - log(k + a) + a log(b / (1 + b)) - k log(1 + b).
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import { log, random, reciprocal, type Tensor, type TensorLike } from "../../../autodiff/index.js";
import { type Constraint, nonnegativeInteger, positive } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Given, readParameters, type Signature } from "../../core/parameters.js";
import { logNegativeBinomial } from "../../densities/counts.js";
import { NegativeBinomial } from "./negativeBinomial.js";

type Params = { readonly concentration: Tensor; readonly rate: Tensor };
const GAMMA_POISSON: Signature<Params> = {
  name: "GammaPoisson",
  constraints: { concentration: positive, rate: positive },
  defaults: { rate: 1 },
};

export class GammaPoisson extends Distribution<Params> {
  constructor(concentration: TensorLike, rate?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(GAMMA_POISSON, args));
  }

  override get support(): Constraint {
    return nonnegativeInteger;
  }
  override logDensity(value: Tensor): Tensor {
    const { concentration: a, rate } = this.params;
    return logNegativeBinomial(value, a, reciprocal(rate));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const [k1, k2] = [...random.split(key)] as [Tensor, Tensor];
    const { concentration, rate } = this.params;
    return random.poisson(k2, random.gamma(k1, concentration, shape).div(rate), shape);
  }
  /** The same law by its odds 1 / rate. */
  get #byOdds(): NegativeBinomial {
    const { concentration, rate } = this.params;
    return new NegativeBinomial({ totalCount: concentration, logits: log(rate).neg() });
  }
  override cumulative(value: Tensor): Tensor {
    return this.#byOdds.cumulative(value);
  }
  override quantile(q: Tensor): Tensor {
    return this.#byOdds.quantile(q);
  }
  override get mean(): Tensor {
    const { concentration, rate } = this.params;
    return this.spread(concentration.div(rate));
  }
  override get variance(): Tensor {
    const { concentration, rate } = this.params;
    return this.spread(concentration.div(rate).mul(reciprocal(rate).add(1)));
  }
}
