/**
 * AsymmetricLaplace: two exponential tails that meet at loc, the left one of scale l = scale · asymmetry, the right one of scale
 * r = scale / asymmetry.
 *
 *     log p(x) = -log(l + r) - (loc - x) / l  left of loc,  -log(l + r) - (x - loc) / r  right of it.
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  exp,
  expm1,
  less,
  log,
  log1p,
  random,
  square,
  type Tensor,
  type TensorLike,
  where,
} from "../../../autodiff/index.js";
import { type Constraint, positive, real } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";

type Params = { readonly loc: Tensor; readonly scale: Tensor; readonly asymmetry: Tensor };
const ASYMMETRIC_LAPLACE: Family<Params> = {
  name: "AsymmetricLaplace",
  constraints: { loc: real, scale: positive, asymmetry: positive },
  defaults: { loc: 0, scale: 1, asymmetry: 1 },
};

export class AsymmetricLaplace extends Distribution<Params> {
  constructor(loc?: TensorLike, scale?: TensorLike, asymmetry?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(ASYMMETRIC_LAPLACE, args));
  }

  /** l, r and their sum. */
  get #scales(): [left: Tensor, right: Tensor, both: Tensor] {
    const { scale, asymmetry } = this.params;
    const [left, right] = [scale.mul(asymmetry), scale.div(asymmetry)];
    return [left, right, left.add(right)];
  }
  override get support(): Constraint {
    return real;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const [left, right, both] = this.#scales;
    const d = value.sub(this.params.loc);
    return where(less(d, 0), d.div(left), d.neg().div(right)).sub(log(both));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return this.quantile(random.uniform(key, shape));
  }
  override get mean(): Tensor {
    const [left, right] = this.#scales;
    return this.spread(this.params.loc.add(right).sub(left));
  }
  override get variance(): Tensor {
    const [left, right] = this.#scales;
    return this.spread(square(left).add(square(right)));
  }
  override entropy(): Tensor {
    return this.spread(log(this.#scales[2]).add(1));
  }
  override cumulative(value: Tensor): Tensor {
    const [left, right, both] = this.#scales;
    const d = value.sub(this.params.loc);
    const isLeft = less(d, 0);
    const low = exp(where(isLeft, d, 0).div(left))
      .mul(left)
      .div(both);
    // l / (l + r) and what lies between loc and x.
    const high = left.sub(right.mul(expm1(where(isLeft, 0, d.neg()).div(right)))).div(both);
    return where(isLeft, low, high);
  }
  override quantile(q: Tensor): Tensor {
    const [left, right, both] = this.#scales;
    const isLeft = less(q, left.div(both));
    const low = log(where(isLeft, q, 0.5).mul(both).div(left)).mul(left);
    // (1 - q) (l + r) / r, for small q by its distance from 1.
    const isFar = less(0.5, q);
    const beyond = where(isFar, q, q.mul(both).sub(left).div(right));
    const high = log1p(where(isLeft, 0, beyond).neg())
      .add(where(isFar, log(both).sub(log(right)), 0))
      .mul(right);
    return where(isLeft, low, high.neg()).add(this.params.loc);
  }
}
