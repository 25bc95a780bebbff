/**
 * Truncated: a distribution of numbers, given that the draw lies in [low, high]. It needs the cdf of `base`, F, and drawing its icdf.
 *
 *     p(x) = p_base(x) / (F(high) - F(low)),   for counts F(low - 1) instead of F(low).
 *
 * Where `base` is normal, TruncatedNormal is exact also far out.
 */
import {
  add,
  log,
  logicalAnd,
  maximum,
  minimum,
  PedigradError,
  random,
  type Tensor,
  type TensorLike,
  tensor,
} from "../autodiff/index.js";
import { broadcastShapes, type Shape } from "../autodiff/view.js";
import { type Constraint, integerInterval, interval } from "./constraints.js";
import { Distribution } from "./distribution.js";
import { implicitly } from "./implicit.js";
import { requireAll } from "./validation.js";

export class Truncated extends Distribution {
  readonly low: Tensor;
  readonly high: Tensor;

  /** `low` and `high` default to no bound. */
  constructor(
    readonly base: Distribution,
    { low = -Infinity, high = Infinity }: { low?: TensorLike; high?: TensorLike } = {},
  ) {
    if (base.eventDim > 0)
      throw new PedigradError({
        code: "bad-shape",
        param: "base",
        message: `Truncated: ${base.label} has events of ${base.eventDim} axes; only distributions of numbers can be truncated.`,
      });
    const [from, to] = [tensor(low), tensor(high)];
    const shape = broadcastShapes("Truncated", base.batchShape, broadcastShapes("Truncated", from.shape, to.shape));
    const bounds = base.isDiscrete ? integerInterval(from, to) : interval(from, to);
    super({ family: "Truncated", params: {}, batchShape: shape, argConstraints: {} });
    this.low = from;
    this.high = to;
    this.#bounds = bounds;
    requireAll(() => from.less(to), to, interval(from, Infinity), { family: "Truncated", what: "high" });
  }
  readonly #bounds: Constraint;

  override get support(): Constraint {
    return this.#bounds;
  }
  override inside(value: Tensor): Tensor {
    return logicalAnd(this.#bounds.check(value), this.base.inside(value));
  }
  override requireInside(value: Tensor): void {
    requireAll(() => this.inside(value), value, this.#bounds, {
      family: `Truncated ${this.base.label}`,
      what: "value",
    });
  }
  override get hasRsample(): boolean {
    return this.base.hasRsample;
  }
  /** F below the lower bound, and the mass between the bounds. */
  get #mass(): [below: Tensor, mass: Tensor] {
    const below = this.base.cumulative(this.base.isDiscrete ? this.low.sub(1) : this.low);
    return [below, this.base.cumulative(this.high).sub(below)];
  }
  override logDensity(value: Tensor): Tensor {
    return this.base.logDensity(value).sub(log(this.#mass[1]));
  }
  override cumulative(value: Tensor): Tensor {
    const [below, mass] = this.#mass;
    return this.base.cumulative(value).sub(below).div(mass).clip(0, 1);
  }
  override quantile(q: Tensor): Tensor {
    const [below, mass] = this.#mass;
    return maximum(this.low, minimum(this.high, this.base.quantile(add(below, q.mul(mass)))));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const x = this.quantile(random.uniform(key, shape));
    return this.hasRsample ? implicitly(x, this) : x;
  }
}
