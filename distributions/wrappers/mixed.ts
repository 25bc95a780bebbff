/**
 * The base of the two mixtures: K components, one of which is chosen by `mixing`, a Categorical; the choice itself is summed out.
 *
 *     p(x) = Σ_k w_k p_k(x),   mean = Σ_k w_k m_k,   variance = Σ_k w_k (v_k + (m_k - mean)²).
 *
 * Continuous draws have the implicit gradient (core/implicit.ts) where the components have a cdf.
 */
import { gradDepth } from "../../autodiff/core/node.js";
import { readNumbers } from "../../autodiff/core/reads.js";
import { recorder } from "../../autodiff/core/recorder.js";
import type { Shape } from "../../autodiff/core/shape.js";
import {
  abs,
  add,
  broadcastTo,
  equal,
  expandDims,
  full,
  less,
  logicalOr,
  logsumexp,
  max,
  maximum,
  minimum,
  PedigradError,
  reshape,
  square,
  squeeze,
  sum,
  type Tensor,
  takeAlongAxis,
  where,
} from "../../autodiff/index.js";
import { splitInTwo } from "../../autodiff/ops/random/wordOps.js";
import { overElements } from "../constraints/axes.js";
import { boundsOf, eventConstraint, nearestIn, type Union, withHoles } from "../constraints/constraint.js";
import { type Constraint, integerInterval, interval } from "../constraints/index.js";
import { Distribution } from "../core/distribution.js";
import { withImplicitGradient } from "../core/implicit.js";
import { refuseParameter } from "../core/parameters.js";
import { requireAll, validation } from "../core/validation.js";
import { countQuantile } from "../densities/countQuantiles.js";
import { atMostOne } from "../densities/odds.js";
import type { Categorical } from "../families/categorical/categorical.js";
import { cumulativeOf, isAngle } from "./cumulative.js";

export abstract class MixtureBase<
  C extends Distribution | readonly Distribution[] = Distribution | readonly Distribution[],
> extends Distribution {
  readonly #componentList: readonly Distribution[];
  #hasRsample: boolean | undefined;

  constructor(
    family: string,
    readonly mixing: Categorical,
    readonly components: C,
    batchShape: Shape,
  ) {
    super({ family, params: {}, batchShape, argConstraints: {} });
    this.#componentList = [components].flat() as Distribution[];
    if (validation && this.#hasMasks) this.#requireEqualMasks();
  }

  /** The mixture with other components. */
  protected abstract withComponents(components: readonly Distribution[]): Distribution;
  /** Whether the supports of the components certainly have no gap between them. */
  protected abstract isConnected(): boolean;
  /** f applied to each component and the value: shape [..., K] + the event axes of the result. */
  protected abstract mapComponentsAt(value: Tensor, f: (component: Distribution, value: Tensor) => Tensor): Tensor;
  /** f applied to each component: shape batchShape + [K] + eventShape. */
  protected abstract mapComponents(f: (component: Distribution) => Tensor): Tensor;
  /** A draw of each component, shape + [K] + eventShape. */
  protected abstract drawComponents(key: Tensor, shape: Shape): Tensor;

  get #hasMasks(): boolean {
    return this.#componentList.some((component) => component.unmasked !== component);
  }
  /** Refuse masks that hide only some of the components, which would have density 1 at all values. */
  #requireEqualMasks(): void {
    const isMasked = this.mapComponents((component) => {
      // NaN lies in no support, but a masked element takes any value.
      const inside = component.elementInside(full(component.eventShape, NaN));
      return broadcastTo(overElements(inside, component.eventDim - component.elementDim), component.shape());
    });
    const count = sum(isMasked, -1 - this.eventDim);
    const all = this.mixing.numCategories;
    const must = `0 or ${all} (mask the mixture, or the same elements of all components)`;
    requireAll(
      () => logicalOr(equal(count, 0), equal(count, all)),
      count,
      { must, eventDim: 0 },
      {
        family: this.family,
        what: "the number of masked components",
      },
    );
  }
  override get unmasked(): Distribution {
    return this.#hasMasks ? this.withComponents(this.#componentList.map(({ unmasked }) => unmasked)) : this;
  }
  /** Whether draws have the implicit gradient. Found once, because the search takes longer than a density. */
  override get hasRsample(): boolean {
    this.#hasRsample ??= this.#isReparameterised();
    return this.#hasRsample;
  }
  #isReparameterised(): boolean {
    const list = this.#componentList;
    if (this.eventDim > 0 || !list.every((component) => component.hasRsample && hasCdf(component))) return false;
    return hasNoParameters(hullOf(list.map(({ support }) => support))) || this.isConnected();
  }
  override get hasAtoms(): boolean {
    return (this.#componentList[0] as Distribution).hasAtoms;
  }
  override get eventShape(): Shape {
    return (this.#componentList[0] as Distribution).eventShape;
  }
  override get hasEnumerateSupport(): boolean {
    return this.#componentList.every((component) => component.hasEnumerateSupport);
  }
  override inside(value: Tensor): Tensor {
    return max(
      this.mapComponentsAt(value, (component, x) => component.inside(x)),
      -1,
    );
  }
  override requireInside(value: Tensor): void {
    requireAll(() => this.inside(value), value, this.support, { family: this.family, what: "value" });
  }
  override logDensity(value: Tensor): Tensor {
    const densities = this.mapComponentsAt(value, (component, x) =>
      where(component.inside(x), component.logDensity(x), -Infinity),
    );
    return logsumexp(add(this.mixing.logits, densities), -1);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const [k1, k2] = splitInTwo(key);
    const draw = chosen(this.drawComponents(k2, shape), this.mixing.draw(k1, shape));
    return this.hasRsample ? withImplicitGradient(draw, this) : draw;
  }
  /** Refuse a moment of angles: the mean and the variance of a component are moments on the circle and cannot be averaged. */
  #refuseAngles(moment: string): void {
    if (this.#componentList.some(isAngle)) this.hasNo(moment);
  }
  override get mean(): Tensor {
    this.#refuseAngles("mean");
    const means = this.mapComponents((component) => component.mean);
    return this.spread(weightedMean(this.mixing.probs, means, this.eventDim));
  }
  override get variance(): Tensor {
    this.#refuseAngles("variance");
    const means = this.mapComponents((component) => component.mean);
    const variances = this.mapComponents((component) => component.variance);
    return this.spread(weightedVariance(this.mixing.probs, means, variances, this.eventDim));
  }
  override cumulative(value: Tensor): Tensor {
    return atMostOne(sum(this.mixing.probs.mul(this.mapComponentsAt(value, cumulativeOf)), -1));
  }
  override quantile(q: Tensor): Tensor {
    return this.isDiscrete && boundsOf(this.support) !== null ? countQuantile(this, q) : this.hasNo("icdf");
  }
}

/** The number of classes of `mixing`; anything but a Categorical is refused. */
export function classesOf(family: string, mixing: Categorical): number {
  if (mixing.numCategories === undefined)
    refuseParameter(family, "mixing", `mixing must be a Categorical, got ${mixing}. Expand the components.`);
  return mixing.numCategories;
}

/** For x of shape [..., K] + event and a choice of shape [...]: the part of x that is chosen along the axis K. */
export function chosen(x: Tensor, choice: Tensor): Tensor {
  const { shape } = choice;
  const event = x.shape.slice(shape.length + 1);
  const index = broadcastTo(reshape(choice, [...shape, 1, ...event.map(() => 1)]), [...shape, 1, ...event]);
  return squeeze(takeAlongAxis(x, index, shape.length), shape.length);
}

/** Σ_k w_k x_k for weights [..., K] and x [..., K] + event. */
export const weightedMean = (weights: Tensor, x: Tensor, eventDim: number): Tensor =>
  sum(x.mul(overElements(weights, eventDim)), -1 - eventDim);

/** Σ_k w_k (v_k + (m_k - mean)²) for the means m and the variances v of the components. */
export function weightedVariance(weights: Tensor, means: Tensor, variances: Tensor, eventDim: number): Tensor {
  const centre = expandDims(weightedMean(weights, means, eventDim), -1 - eventDim);
  return weightedMean(weights, variances.add(square(means.sub(centre))), eventDim);
}

/** Whether a constraint has no parameters that could differ between components. */
export const hasNoParameters = (c: Constraint): boolean =>
  !("low" in c || "source" in c || c.hasHoles) && (!("base" in c) || hasNoParameters(c.base as Constraint));

const isSame = (a: Constraint, b: Constraint): boolean =>
  a === b ||
  ("base" in a && "base" in b && a.eventDim === b.eventDim && isSame(a.base as Constraint, b.base as Constraint));

/**
 * A set that contains all supports: one of the supports if it contains the others, else the smallest interval, or the union if a support
 * has no bounds.
 */
export function hullOf(supports: readonly Constraint[]): Constraint {
  const first = supports[0] as Constraint;
  if (supports.every((support) => isSame(support, first))) return first;
  const unbounded = supports.find((support) => support.isUnbounded);
  if (unbounded !== undefined) return unbounded;
  const bounds = supports.map(boundsOf);
  if (bounds.includes(null)) {
    const must = [...new Set(supports.map((support) => support.must))].join(", or ");
    const check = (x: Tensor): Tensor => supports.map((support) => support.check(x)).reduce((a, b) => logicalOr(a, b));
    const union = eventConstraint("union", must, first.eventDim, check, first.isDiscrete);
    const nearest = (x: Tensor): Tensor =>
      supports
        .map((support) => nearestIn(support, x))
        .reduce((a, b) => where(less(abs(b.sub(x)), abs(a.sub(x))), b, a));
    const hull: Union = { ...union, nearest, parts: supports };
    return withHoles(hull, check);
  }
  const [lows, highs] = [0, 1].map((end) => bounds.map((pair) => pair?.[end] as Tensor)) as [Tensor[], Tensor[]];
  const ends = [lows.reduce((a, b) => minimum(a, b)), highs.reduce((a, b) => maximum(a, b))] as const;
  return first.isDiscrete ? integerInterval(...ends) : interval(...ends);
}

/**
 * The numbers in a bound on which no parameter has an effect; null for other bounds. Where a gradient is recorded, a bound among the
 * arguments counts as read, so that the function runs eagerly: a compiled one would keep the answer for later arguments.
 */
export const fixedNumbers = (x: Tensor): readonly number[] | null =>
  x.batch !== null || x.node !== null || x.provenance.size > 0 || (gradDepth === 0 && recorder?.isVariable(x))
    ? null
    : [...readNumbers(x, "a bound of a mixture")];

/**
 * Whether the intervals with these bounds certainly have no gap between them; null stands for bounds that may change. Draws cannot move
 * across a gap, so a pathwise gradient would lack the probability that moves from one side to the other.
 */
export function areConnected(lows: readonly number[] | null, highs: readonly number[] | null): boolean {
  if (lows?.every((x) => x === -Infinity) || highs?.every((x) => x === Infinity)) return true;
  if (lows === null || highs === null) return false;
  const order = [...lows.keys()].sort((i, j) => (lows[i] as number) - (lows[j] as number));
  let end = lows[order[0] as number] as number;
  return order.every((i) => {
    const isNear = (lows[i] as number) <= end;
    end = Math.max(end, highs[i] as number);
    return isNear;
  });
}

/** Whether a distribution of numbers has a cdf. */
function hasCdf(d: Distribution): boolean {
  try {
    d.cdf(0.5);
    return true;
  } catch (error) {
    if (error instanceof PedigradError && error.code === "no-closed-form") return false;
    throw error;
  }
}
