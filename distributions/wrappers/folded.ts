/**
 * Folded: the absolute value of a draw from `base`, a distribution of real numbers.
 *
 *     p(x) = p_base(x) + p_base(-x) for x >= 0.
 */
import type { Shape } from "../../autodiff/core/shape.js";
import { abs, logaddexp, maximum, type Tensor, where } from "../../autodiff/index.js";
import { type Constraint, nonnegative } from "../constraints/index.js";
import type { Distribution } from "../core/distribution.js";
import { Mapped } from "../core/mapped.js";
import { refuseParameter } from "../core/parameters.js";
import { cumulativeOf } from "./cumulative.js";

/**
 * @example new Folded(new Normal(0, 1)).logProb(1).item() // -0.7258
 */
export class Folded extends Mapped {
  constructor(base: Distribution) {
    if (base.hasAtoms || base.eventDim > 0)
      refuseParameter(
        "Folded",
        "base",
        `base must be a continuous distribution of numbers, got ${base.label}, whose values are ${base.isDiscrete ? "discrete" : base.hasAtoms ? "points. Fold the points themselves: new Empirical(abs(samples))" : "vectors. Fold the numbers first: new Folded(new Normal(loc, 1)).toEvent(1)"}.`,
      );
    super("Folded", base);
  }

  override get label(): string {
    return `Folded ${this.base.label}`;
  }

  override get support(): Constraint {
    return nonnegative;
  }
  override logDensity(value: Tensor): Tensor {
    const { base } = this;
    const density = (x: Tensor): Tensor => where(base.inside(x), base.logDensity(x), -Infinity);
    return logaddexp(density(value), density(value.neg()));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return abs(this.base.draw(key, shape));
  }
  override cumulative(value: Tensor): Tensor {
    const x = maximum(value, 0);
    return cumulativeOf(this.base, x).sub(cumulativeOf(this.base, x.neg()));
  }
  override quantile(): Tensor {
    return this.hasNo("icdf");
  }
}
