/**
 * The base of the two mixtures: K components, one of which is chosen by `mixing`, a Categorical; the choice itself is summed out.
 *
 *     p(x) = Σ_k w_k p_k(x),   mean = Σ_k w_k m_k,   variance = Σ_k w_k (v_k + (m_k - mean)²).
 *
 * Continuous draws have the implicit gradient (core/implicit.ts) where the components have a cdf.
 */
import type { Shape } from "../../autodiff/core/shape.js";
import {
  add,
  expandDims,
  logsumexp,
  max,
  maximum,
  minimum,
  PedigradError,
  reshape,
  square,
  sum,
  type Tensor,
  takeAlongAxis,
  where,
} from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { boundsOf } from "../constraints/constraint.js";
import { type Constraint, integerInterval, interval } from "../constraints/index.js";
import { Distribution } from "../core/distribution.js";
import { withImplicitGradient } from "../core/implicit.js";
import { requireAll } from "../core/validation.js";
import type { Categorical } from "../families/categorical/categorical.js";

export abstract class MixtureBase extends Distribution {
  constructor(
    family: string,
    readonly mixing: Categorical,
    batchShape: Shape,
  ) {
    super({ family, params: {}, batchShape, argConstraints: {} });
  }

  /** f applied to each component and the value: shape [..., K] + the event axes of the result. */
  protected abstract mapComponentsAt(value: Tensor, f: (component: Distribution, value: Tensor) => Tensor): Tensor;
  /** f applied to each component: shape batchShape + [K] + eventShape. */
  protected abstract mapComponents(f: (component: Distribution) => Tensor): Tensor;
  /** A draw of each component, shape + [K] + eventShape. */
  protected abstract drawComponents(key: Tensor, shape: Shape): Tensor;

  override inside(value: Tensor): Tensor {
    return max(
      this.mapComponentsAt(value, (one, x) => one.inside(x)),
      -1,
    );
  }
  override requireInside(value: Tensor): void {
    requireAll(() => this.inside(value), value, this.support, { family: this.family, what: "value" });
  }
  override logDensity(value: Tensor): Tensor {
    const densities = this.mapComponentsAt(value, (one, x) => where(one.inside(x), one.logDensity(x), -Infinity));
    return logsumexp(add(this.mixing.logits, densities), -1);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const [k1, k2] = [...random.split(key)] as [Tensor, Tensor];
    const choice = this.mixing.draw(k1, shape);
    const index = reshape(choice, [...shape, 1, ...this.eventShape.map(() => 1)]);
    const chosen = takeAlongAxis(
      this.drawComponents(k2, shape),
      index.broadcastTo([...shape, 1, ...this.eventShape]),
      shape.length,
    );
    const draw = reshape(chosen, [...shape, ...this.eventShape]);
    return this.hasRsample ? withImplicitGradient(draw, this) : draw;
  }
  /** The weighted sum over the components. */
  #average(x: Tensor): Tensor {
    const weights = this.mixing.probs;
    const spread = reshape(weights, [...weights.shape, ...this.eventShape.map(() => 1)]);
    return sum(x.mul(spread), -1 - this.eventDim);
  }
  override get mean(): Tensor {
    return this.spread(this.#average(this.mapComponents((one) => one.mean)));
  }
  override get variance(): Tensor {
    const means = this.mapComponents((one) => one.mean);
    const centre = expandDims(this.#average(means), -1 - this.eventDim);
    return this.spread(this.#average(this.mapComponents((one) => one.variance).add(square(means.sub(centre)))));
  }
  override cumulative(value: Tensor): Tensor {
    if (this.eventDim > 0) return this.hasNo("cdf");
    return sum(this.mixing.probs.mul(this.mapComponentsAt(value, (one, x) => one.cumulative(x))), -1);
  }
}

/** The smallest interval that contains all supports. If all are the same, or one has no bounds, the first support. */
export function hullOf(supports: readonly Constraint[]): Constraint {
  const first = supports[0] as Constraint;
  const bounds = supports.map(boundsOf);
  if (supports.every((one) => one === first) || bounds.includes(null)) return first;
  const [lows, highs] = [0, 1].map((end) => bounds.map((pair) => pair?.[end] as Tensor)) as [Tensor[], Tensor[]];
  const whole = [lows.reduce((a, b) => minimum(a, b)), highs.reduce((a, b) => maximum(a, b))] as const;
  return first.isDiscrete ? integerInterval(...whole) : interval(...whole);
}

/** Whether a distribution of numbers has a cdf. */
export function hasCdf(d: Distribution): boolean {
  try {
    d.cdf(0.5);
    return true;
  } catch (error) {
    if (error instanceof PedigradError && error.code === "no-closed-form") return false;
    throw error;
  }
}
