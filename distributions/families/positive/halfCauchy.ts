/**
 * HalfCauchy: the absolute value of a Cauchy(0, scale), z = x / scale:
 *
 *     log p(x) = log 2 - log π - log(scale) - log(1 + z²),   x >= 0.
 */

import type { Shape } from "../../../autodiff/core/shape.js";
import {
  abs,
  atan,
  less,
  log,
  maximum,
  random,
  reciprocal,
  type Tensor,
  type TensorLike,
  tan,
  where,
} from "../../../autodiff/index.js";
import { log as logOf } from "../../../autodiff/kernels/formulas/scalarFormulas.js";
import { type Constraint, nonnegative, positive } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";
import { logOnePlusSquare } from "../real/cauchy.js";

type Params = { readonly scale: Tensor };
const HALF_CAUCHY: Family<Params> = {
  name: "HalfCauchy",
  constraints: { scale: positive },
  defaults: { scale: 1 },
};

export class HalfCauchy extends Distribution<Params> {
  constructor(scale?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(HALF_CAUCHY, args));
  }

  override get support(): Constraint {
    return nonnegative;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { scale } = this.params;
    return logOnePlusSquare(value.div(scale))
      .add(log(scale).add(logOf(Math.PI / 2)))
      .neg();
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return abs(random.cauchy(key, shape)).mul(this.params.scale);
  }
  override get mean(): Tensor {
    return this.spread(this.params.scale.mul(Infinity));
  }
  override get variance(): Tensor {
    return this.spread(this.params.scale.mul(Infinity));
  }
  override entropy(): Tensor {
    return this.spread(log(this.params.scale).add(logOf(2 * Math.PI)));
  }
  override cumulative(value: Tensor): Tensor {
    const z = maximum(value, 0).div(this.params.scale);
    return atan(z).mul(2 / Math.PI);
  }
  override quantile(q: Tensor): Tensor {
    const { scale } = this.params;
    const rest = q.neg().add(1);
    return where(less(q, 0.5), tan(q.mul(Math.PI / 2)), reciprocal(tan(rest.mul(Math.PI / 2)))).mul(scale);
  }
}
