/**
 * Truncated: a distribution of numbers, given that the draw lies in [low, high]. `base` needs a cdf F, and for draws also an icdf.
 *
 *     p(x) = p_base(x) / (F(high) - F(low)),   for counts F(low - 1) instead of F(low).
 *
 * For a normal `base`, use TruncatedNormal, which is exact even far out in the tails.
 */
import { broadcastShapes, type Shape } from "../../autodiff/core/shape.js";
import {
  add,
  ceil,
  type ErrorCode,
  equal,
  floor,
  greater,
  log,
  logicalAnd,
  maximum,
  minimum,
  type Tensor,
  type TensorLike,
  where,
} from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { isRecord } from "../../provenance/base/records.js";
import { boundsOf, withHoles } from "../constraints/constraint.js";
import { type Constraint, integerInterval, interval } from "../constraints/index.js";
import { clampInside } from "../constraints/inside.js";
import { Distribution } from "../core/distribution.js";
import { withImplicitGradient } from "../core/implicit.js";
import { requireUnmasked } from "../core/mapped.js";
import { refuseParameter } from "../core/parameters.js";
import { requireAll, validation } from "../core/validation.js";
import { isAngle } from "./cumulative.js";

type Bounds = { readonly low?: TensorLike; readonly high?: TensorLike };

/** The bounds, each of which is optional; anything but one record of bounds is refused. */
function readBounds(bounds: Bounds, extraArgs: readonly unknown[]): { low: TensorLike; high: TensorLike } {
  if (isRecord(bounds) && extraArgs.length === 0) {
    const { low = -Infinity, high = Infinity, ...unknown } = bounds;
    if (Object.keys(unknown).length === 0) return { low, high };
  }
  return refuseParameter(
    "Truncated",
    "bounds",
    "the second argument must be one record of bounds: new Truncated(base, { low: 3, high: 4 }).",
    "bad-option",
  );
}

const refuse = (message: string, code?: ErrorCode): never => refuseParameter("Truncated", "base", message, code);

/**
 * @example new Truncated(new Normal(0, 1), { low: 0 }).logProb(1).item() // -0.7258
 */
export class Truncated extends Distribution {
  readonly low: Tensor;
  readonly high: Tensor;
  override readonly support: Constraint;

  /** If `low` or `high` is left out, the draw has no bound on this side. */
  constructor(
    readonly base: Distribution,
    bounds: Bounds = {},
    ...extraArgs: never[]
  ) {
    const { low, high } = readBounds(bounds, extraArgs);
    if (base.eventDim > 0)
      refuse(
        `${base.label} has events of ${base.eventDim} axes, but only distributions of numbers can be truncated.`,
        "bad-shape",
      );
    requireUnmasked("Truncated", base);
    if (isAngle(base))
      refuse(`${base.label} is a distribution of angles, which have no order. Truncate a distribution of numbers.`);
    if (base.hasAtoms && !base.isDiscrete)
      refuse(
        `${base.label} has single values of positive probability. Select the samples instead: new Empirical(the samples between the bounds).`,
      );
    const ends = boundsOf(base.support);
    const [least, most] = ends ?? [-Infinity, Infinity];
    const { isDiscrete } = base;
    const from = maximum(least, isDiscrete ? ceil(low) : low);
    const to = minimum(most, isDiscrete ? floor(high) : high);
    const shape = broadcastShapes("Truncated", base.batchShape, broadcastShapes("Truncated", from.shape, to.shape));
    const hull = isDiscrete ? integerInterval(from, to) : interval(from, to);
    const isWithoutHoles = ends !== null && !base.support.hasHoles;
    super({ family: "Truncated", params: {}, batchShape: shape, argConstraints: {} });
    this.low = from;
    this.high = to;
    this.support = isWithoutHoles ? hull : withHoles(hull, (x) => logicalAnd(hull.check(x), base.inside(x)));
    if (validation) this.#requireMass();
  }

  /** Refuse bounds between which the base has no mass, or so little that it is lost in the rounding of the two cdfs. */
  #requireMass(): void {
    const { base, low, high } = this;
    const order = base.isDiscrete ? ">=" : ">";
    const ordered = {
      eventDim: 0,
      // A getter, because the text reads the bounds of the support, which have no numbers while `jit` compares programs.
      get must() {
        return `${order} low, both within the support of ${base.label} (${base.support.must})`;
      },
    };
    const about = { family: "Truncated", what: "high" };
    requireAll(() => (base.isDiscrete ? low.lessEqual(high) : low.less(high)), high, ordered, about);
    const tail = `so small that more than 1e-8 of the mass of ${base.label} below high lies above low. For a normal distribution use TruncatedNormal, for others one that starts at low`;
    const isAccurate = () => this.#mass[1].greater(base.cumulative(high).mul(1e-8));
    requireAll(isAccurate, low, { eventDim: 0, must: tail }, { family: "Truncated", what: "low" });
  }

  override inside(value: Tensor): Tensor {
    return logicalAnd(this.support.check(value), this.base.inside(value));
  }
  override requireInside(value: Tensor): void {
    requireAll(() => this.inside(value), value, this.support, {
      family: `Truncated ${this.base.label}`,
      what: "value",
    });
  }
  override get hasRsample(): boolean {
    return this.base.hasRsample;
  }
  /** The mass below the lower bound, and the mass between the bounds. */
  get #mass(): [below: Tensor, mass: Tensor] {
    const below = this.base.cumulative(this.base.isDiscrete ? this.low.sub(1) : this.low);
    return [below, this.base.cumulative(this.high).sub(below)];
  }
  override logDensity(value: Tensor): Tensor {
    const [, mass] = this.#mass;
    return this.base.logDensity(value).sub(where(greater(mass, 0), log(mass), Infinity));
  }
  override cumulative(value: Tensor): Tensor {
    const [below, mass] = this.#mass;
    return this.base.cumulative(value).sub(below).div(mass).clip(0, 1);
  }
  override quantile(q: Tensor): Tensor {
    const [below, mass] = this.#mass;
    const x = this.base.quantile(add(below, q.mul(mass))).clip(this.low, this.high);
    return where(equal(q, 0), this.low, where(equal(q, 1), this.high, x));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const x = clampInside(this.quantile(random.uniform(key, shape)), this.base.support);
    return this.hasRsample ? withImplicitGradient(x, this) : x;
  }
}
