/**
 * NegativeBinomial2: counts with the given mean m and variance m + m² / c, c = concentration; a Poisson whose rate is Gamma(c, c / m).
 *
 *     log p(k) = log Γ(k + c) - log Γ(c) - log k! + c log(c / (c + m)) + k log(m / (c + m)).
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import { log, type Tensor, type TensorLike } from "../../../autodiff/index.js";
import { type Constraint, nonnegativeInteger, positive } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Given, readParameters, type Signature } from "../../core/parameters.js";
import { logNegativeBinomial } from "../../densities/counts.js";
import { NegativeBinomial } from "./negativeBinomial.js";

type Params = { readonly mean: Tensor; readonly concentration: Tensor };
const NEGATIVE_BINOMIAL2: Signature<Params> = {
  name: "NegativeBinomial2",
  constraints: { mean: positive, concentration: positive },
};

export class NegativeBinomial2 extends Distribution<Params> {
  constructor(mean: TensorLike, concentration: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(NEGATIVE_BINOMIAL2, args));
  }

  /** The same law by its odds m / c. */
  get #byOdds(): NegativeBinomial {
    const { mean, concentration } = this.params;
    return new NegativeBinomial({ totalCount: concentration, logits: log(mean).sub(log(concentration)) });
  }
  override get support(): Constraint {
    return nonnegativeInteger;
  }
  override logDensity(value: Tensor): Tensor {
    const { mean, concentration } = this.params;
    return logNegativeBinomial(value, concentration, mean.div(concentration));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return this.#byOdds.draw(key, shape);
  }
  override cumulative(value: Tensor): Tensor {
    return this.#byOdds.cumulative(value);
  }
  override quantile(q: Tensor): Tensor {
    return this.#byOdds.quantile(q);
  }
  override get mean(): Tensor {
    return this.spread(this.params.mean);
  }
  override get variance(): Tensor {
    const { mean, concentration } = this.params;
    return this.spread(mean.add(mean.square().div(concentration)));
  }
}
