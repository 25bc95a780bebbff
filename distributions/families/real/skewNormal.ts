/**
 * SkewNormal (Azzalini 1985), z = (x - loc) / scale, φ and Φ the standard normal density and distribution function:
 *
 *     log p(x) = log 2 - log(scale) + log φ(z) + log Φ(skewness z).
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import { abs, log, logNdtr, random, square, type Tensor, type TensorLike } from "../../../autodiff/index.js";
import { type Constraint, positive, real } from "../../constraints/index.js";
import { LOG_SQRT_2PI } from "../../core/constants.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";

type Params = { readonly loc: Tensor; readonly scale: Tensor; readonly skewness: Tensor };
const SKEW_NORMAL: Family<Params> = {
  name: "SkewNormal",
  constraints: { loc: real, scale: positive, skewness: real },
  defaults: { loc: 0, scale: 1, skewness: 0 },
};

export class SkewNormal extends Distribution<Params> {
  constructor(loc?: TensorLike, scale?: TensorLike, skewness?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(SKEW_NORMAL, args));
  }

  /** 1 / √(1 + skewness²), and skewness times that. */
  get #shares(): [symmetric: Tensor, skewed: Tensor] {
    const { skewness } = this.params;
    const symmetric = square(skewness).add(1).sqrt().reciprocal();
    return [symmetric, skewness.mul(symmetric)];
  }
  override get support(): Constraint {
    return real;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { loc, scale, skewness } = this.params;
    const z = value.sub(loc).div(scale);
    return square(z)
      .mul(-0.5)
      .add(logNdtr(z.mul(skewness)))
      .sub(log(scale))
      .add(Math.LN2 - LOG_SQRT_2PI);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { loc, scale } = this.params;
    const [symmetric, skewed] = this.#shares;
    const [k1, k2] = [...random.split(key)] as [Tensor, Tensor];
    return abs(random.normal(k1, shape)).mul(skewed).add(random.normal(k2, shape).mul(symmetric)).mul(scale).add(loc);
  }
  override get mean(): Tensor {
    const { loc, scale } = this.params;
    return this.spread(
      this.#shares[1]
        .mul(Math.sqrt(2 / Math.PI))
        .mul(scale)
        .add(loc),
    );
  }
  override get variance(): Tensor {
    const rest = square(this.#shares[1])
      .mul(-2 / Math.PI)
      .add(1);
    return this.spread(square(this.params.scale).mul(rest));
  }
}
