/**
 * BetaProportion: a proportion with the given mean m, and c = concentration: Beta(m c, (1 - m) c).
 *
 *     log p(x) = (m c - 1) log x + ((1 - m) c - 1) log(1 - x) - log B(m c, (1 - m) c).
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import type { Tensor, TensorLike } from "../../../autodiff/index.js";
import { type Constraint, openUnitInterval, positive, unitInterval } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";
import { Beta } from "./beta.js";

type Params = { readonly mean: Tensor; readonly concentration: Tensor };
const BETA_PROPORTION: Family<Params> = {
  name: "BetaProportion",
  constraints: { mean: openUnitInterval, concentration: positive },
};

export class BetaProportion extends Distribution<Params> {
  constructor(mean: TensorLike, concentration: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(BETA_PROPORTION, args));
  }

  get #byCounts(): Beta {
    const { mean, concentration } = this.params;
    return new Beta(mean.mul(concentration), mean.neg().add(1).mul(concentration));
  }
  override get support(): Constraint {
    return unitInterval;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    return this.#byCounts.logDensity(value);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return this.#byCounts.draw(key, shape);
  }
  override get mean(): Tensor {
    return this.spread(this.params.mean);
  }
  override get variance(): Tensor {
    const { mean, concentration } = this.params;
    return this.spread(mean.mul(mean.neg().add(1)).div(concentration.add(1)));
  }
  override entropy(): Tensor {
    return this.#byCounts.entropy();
  }
  override cumulative(value: Tensor): Tensor {
    return this.#byCounts.cumulative(value);
  }
  override quantile(q: Tensor): Tensor {
    return this.#byCounts.quantile(q);
  }
}
