/**
 * Logistic, z = (x - loc) / scale:
 *
 *     log p(x) = -z - 2 softplus(-z) - log(scale).
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  abs,
  log,
  log1p,
  random,
  sigmoid,
  softplus,
  square,
  type Tensor,
  type TensorLike,
} from "../../../autodiff/index.js";
import { type Constraint, positive, real } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";

type Params = { readonly loc: Tensor; readonly scale: Tensor };
const LOGISTIC: Family<Params> = {
  name: "Logistic",
  constraints: { loc: real, scale: positive },
  defaults: { loc: 0, scale: 1 },
};

export class Logistic extends Distribution<Params> {
  constructor(loc?: TensorLike, scale?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(LOGISTIC, args));
  }

  override get support(): Constraint {
    return real;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { loc, scale } = this.params;
    const z = value.sub(loc).div(scale);
    // Even in z: written for |z|, it never subtracts large numbers.
    const size = abs(z);
    return size.add(softplus(size.neg()).mul(2)).add(log(scale)).neg();
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { loc, scale } = this.params;
    return random.logistic(key, shape).mul(scale).add(loc);
  }
  override get mean(): Tensor {
    return this.spread(this.params.loc);
  }
  override get variance(): Tensor {
    return this.spread(square(this.params.scale).mul((Math.PI * Math.PI) / 3));
  }
  override entropy(): Tensor {
    return this.spread(log(this.params.scale).add(2));
  }
  override cumulative(value: Tensor): Tensor {
    const { loc, scale } = this.params;
    return sigmoid(value.sub(loc).div(scale));
  }
  override quantile(q: Tensor): Tensor {
    const { loc, scale } = this.params;
    return log(q).sub(log1p(q.neg())).mul(scale).add(loc);
  }
}
