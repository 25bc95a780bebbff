/**
 * Levy, d = x - loc, c = scale:
 *
 *     log p(x) = (log(c / 2π) - c / d - 3 log d) / 2,   x > loc.
 */

import type { Shape } from "../../../autodiff/core/shape.js";
import {
  erfc,
  log,
  maximum,
  ndtri,
  random,
  sqrt,
  square,
  type Tensor,
  type TensorLike,
} from "../../../autodiff/index.js";
import { log as logOf } from "../../../autodiff/kernels/formulas/scalarFormulas.js";
import { type Constraint, greaterThan, positive, real } from "../../constraints/index.js";
import { EULER } from "../../core/constants.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";

type Params = { readonly loc: Tensor; readonly scale: Tensor };
const LEVY: Family<Params> = {
  name: "Levy",
  constraints: { loc: real, scale: positive },
};

export class Levy extends Distribution<Params> {
  constructor(loc: TensorLike, scale: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(LEVY, args));
  }

  override get support(): Constraint {
    return greaterThan(this.params.loc);
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { loc, scale } = this.params;
    const d = value.sub(loc);
    return log(scale.div(2 * Math.PI))
      .sub(scale.div(d))
      .sub(log(d).mul(3))
      .mul(0.5);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { loc, scale } = this.params;
    return scale.div(square(random.normal(key, shape))).add(loc);
  }
  override get mean(): Tensor {
    return this.spread(this.params.scale.mul(Infinity));
  }
  override get variance(): Tensor {
    return this.spread(this.params.scale.mul(Infinity));
  }
  override entropy(): Tensor {
    return this.spread(log(this.params.scale).add((1 + 3 * EULER + logOf(16 * Math.PI)) / 2));
  }
  override cumulative(value: Tensor): Tensor {
    const { loc, scale } = this.params;
    const d = maximum(value.sub(loc), 0);
    return erfc(sqrt(scale.div(d.mul(2))));
  }
  override quantile(q: Tensor): Tensor {
    const { loc, scale } = this.params;
    return scale.div(square(ndtri(q.mul(0.5)))).add(loc);
  }
}
