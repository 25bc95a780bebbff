/**
 * Laplace, z = (x - loc) / scale:
 *
 *     log p(x) = -|z| - log(2 scale).
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import { abs, exp, less, log, random, square, type Tensor, type TensorLike, where } from "../../../autodiff/index.js";
import { type Constraint, positive, real } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";

type Params = { readonly loc: Tensor; readonly scale: Tensor };
const LAPLACE: Family<Params> = {
  name: "Laplace",
  constraints: { loc: real, scale: positive },
  defaults: { loc: 0, scale: 1 },
};

export class Laplace extends Distribution<Params> {
  constructor(loc?: TensorLike, scale?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(LAPLACE, args));
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
    return abs(z).add(log(scale).add(Math.LN2)).neg();
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { loc, scale } = this.params;
    return random.laplace(key, shape).mul(scale).add(loc);
  }
  override get mean(): Tensor {
    return this.spread(this.params.loc);
  }
  override get variance(): Tensor {
    return this.spread(square(this.params.scale).mul(2));
  }
  override entropy(): Tensor {
    return this.spread(log(this.params.scale).add(1 + Math.LN2));
  }
  override cumulative(value: Tensor): Tensor {
    const { loc, scale } = this.params;
    const z = value.sub(loc).div(scale);
    const isBelow = less(z, 0);
    const tail = exp(where(isBelow, z, z.neg())).mul(0.5);
    return where(isBelow, tail, tail.neg().add(1));
  }
  override quantile(q: Tensor): Tensor {
    const { loc, scale } = this.params;
    const low = log(q.mul(2));
    const high = log(q.neg().add(1).mul(2)).neg();
    return where(less(q, 0.5), low, high).mul(scale).add(loc);
  }
}
