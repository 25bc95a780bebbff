/**
 * Gumbel (of maxima), z = (x - loc) / scale:
 *
 *     log p(x) = -z - exp(-z) - log(scale).
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import { exp, log, maximum, random, square, type Tensor, type TensorLike } from "../../../autodiff/index.js";
import { type Constraint, positive, real } from "../../constraints/index.js";
import { EULER } from "../../core/constants.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";

type Params = { readonly loc: Tensor; readonly scale: Tensor };
const GUMBEL: Family<Params> = {
  name: "Gumbel",
  constraints: { loc: real, scale: positive },
  defaults: { loc: 0, scale: 1 },
};

export class Gumbel extends Distribution<Params> {
  constructor(loc?: TensorLike, scale?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(GUMBEL, args));
  }

  override get support(): Constraint {
    return real;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { loc, scale } = this.params;
    // exp(-z) overflows long before z does.
    const z = maximum(value.sub(loc).div(scale), -Number.MAX_VALUE);
    return z.add(exp(z.neg())).add(log(scale)).neg();
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { loc, scale } = this.params;
    return random.gumbel(key, shape).mul(scale).add(loc);
  }
  override get mean(): Tensor {
    const { loc, scale } = this.params;
    return this.spread(scale.mul(EULER).add(loc));
  }
  override get variance(): Tensor {
    return this.spread(square(this.params.scale).mul((Math.PI * Math.PI) / 6));
  }
  override entropy(): Tensor {
    return this.spread(log(this.params.scale).add(1 + EULER));
  }
  override cumulative(value: Tensor): Tensor {
    const { loc, scale } = this.params;
    return exp(exp(value.sub(loc).div(scale).neg()).neg());
  }
  override quantile(q: Tensor): Tensor {
    const { loc, scale } = this.params;
    return log(log(q).neg()).neg().mul(scale).add(loc);
  }
}
