/**
 * StudentT with df degrees of freedom, z = (x - loc) / scale:
 *
 *     log p(x) = -(df + 1)/2 log(1 + z²/df) - log B(1/2, df/2) - log(df)/2 - log(scale).
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import {
  betainc,
  betaincinv,
  digammaDifference,
  equal,
  greater,
  less,
  log,
  log1p,
  logBeta,
  random,
  sqrt,
  square,
  type Tensor,
  type TensorLike,
  tensor,
  where,
} from "../../../autodiff/index.js";
import { type Constraint, positive, real } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Family, type Given, readParameters } from "../../core/parameters.js";
import { betaincc } from "../../densities/countQuantiles.js";

type Params = { readonly df: Tensor; readonly loc: Tensor; readonly scale: Tensor };
const STUDENT_T: Family<Params> = {
  name: "StudentT",
  constraints: { df: positive, loc: real, scale: positive },
  defaults: { loc: 0, scale: 1 },
};

export class StudentT extends Distribution<Params> {
  constructor(df: TensorLike, loc?: TensorLike, scale?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(STUDENT_T, args));
  }

  override get support(): Constraint {
    return real;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { df, loc, scale } = this.params;
    const z = value.sub(loc).div(scale);
    const tail = log1p(square(z).div(df)).mul(df.add(1).mul(0.5));
    return tail
      .add(logBeta(0.5, df.mul(0.5)))
      .add(log(df).mul(0.5))
      .add(log(scale))
      .neg();
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { df, loc, scale } = this.params;
    const [k1, k2] = [...random.split(key)] as [Tensor, Tensor];
    const half = df.mul(0.5);
    const spread = sqrt(half.div(random.gamma(k2, half, shape)));
    return random.normal(k1, shape).mul(spread).mul(scale).add(loc);
  }
  override get mean(): Tensor {
    const { df, loc } = this.params;
    return this.spread(where(greater(df, 1), loc, NaN));
  }
  override get variance(): Tensor {
    const { df, scale } = this.params;
    const finite = square(scale).mul(df.div(df.sub(2)));
    return this.spread(where(greater(df, 2), finite, where(greater(df, 1), Infinity, NaN)));
  }
  /** With t = z², x = df / (df + t) is Beta(df/2, 1/2), and so P(Z > |z|) = I_x / 2 = (1 - I_(1-x)) / 2, from the smaller of x and 1 - x. */
  override cumulative(value: Tensor): Tensor {
    const { df, loc, scale } = this.params;
    const half = df.mul(0.5);
    const z = value.sub(loc).div(scale);
    const isBelow = less(z, 0);
    // Away from 0 by nothing that counts: there x has no derivative of its own.
    const t = square(where(isBelow, z.neg(), z).add(1e-30));
    const far = betainc(half, 0.5, df.div(df.add(t)));
    const near = betaincc(tensor(0.5), half, t.div(df.add(t)));
    const tail = where(less(t, df), near, far).mul(0.5);
    return where(isBelow, tail, tail.neg().add(1));
  }
  override quantile(q: Tensor): Tensor {
    const { df, loc, scale } = this.params;
    const half = df.mul(0.5);
    const isBelow = less(q, 0.5);
    const both = where(isBelow, q, q.neg().add(1)).mul(2);
    // x and 1 - x each from its own quantile: near 1 a difference would lose it.
    const t = df.mul(betaincinv(0.5, half, both.neg().add(1))).div(betaincinv(half, 0.5, both));
    const size = where(equal(t, 0), 0, sqrt(t));
    return where(isBelow, size.neg(), size).mul(scale).add(loc);
  }
  override entropy(): Tensor {
    const { df, scale } = this.params;
    const half = df.mul(0.5);
    const spread = digammaDifference(half, 0.5).mul(half.add(0.5));
    return this.spread(spread.add(log(df).mul(0.5)).add(logBeta(0.5, half)).add(log(scale)));
  }
}
