/**
 * The class of all distributions. Four methods make a new distribution from any other: `expand` adds batch axes, `toEvent` makes batch axes
 * part of the event, `mask` sets the log density of some elements to 0, and `nonreparameterized` makes draws without a gradient.
 */
import {
  broadcastShapes,
  broadcastsTo,
  checkShape,
  type Shape,
  sameShape,
  showShape,
} from "../../autodiff/core/shape.js";
import { broadcastTo, PedigradError, type Tensor, type TensorLike, tensor, where } from "../../autodiff/index.js";
import { allOf, overElements, sumOver } from "../constraints/axes.js";
import { type Constraint, independent } from "../constraints/index.js";
import { DistributionBase } from "./distributionBase.js";
import type { Params } from "./parameters.js";
import { requireAll } from "./validation.js";

/**
 * @example new Normal([0, 1], 2).toEvent(1).logProb([0, 1]).item() // -3.2242
 */
export abstract class Distribution<P extends Params = Params> extends DistributionBase<P> {
  /** The same distribution with a larger batch shape, to which its batch shape must broadcast. The new elements are independent. */
  expand(batchShape: Shape): Distribution {
    const shape = checkShape(`${this.label}.expand`, batchShape);
    return sameShape(shape, this.batchShape) ? this : new Expanded(this, shape);
  }

  /** The same distribution with its last `n` batch axes as part of the event: log densities are summed over these axes. */
  toEvent(n = this.batchShape.length): Distribution {
    return n === 0 ? this : new Independent(this, n);
  }

  /** The same distribution with log density 0 where `mask` is 0, whatever the value there. */
  mask(mask: TensorLike): Distribution {
    return mask === true ? this : new Masked(this, tensor(mask));
  }

  /** The same density, with draws that have no gradient: `hasRsample` is false. */
  nonreparameterized(): Distribution {
    return this.hasRsample ? new NonReparameterized(this) : this;
  }

  /** The same distribution without its masks: the distribution of draws, on which masks have no effect. */
  get unmasked(): Distribution {
    return this;
  }
}

/** A distribution that calls the methods of `base`; subclasses override some of them. */
export abstract class Derived extends Distribution {
  constructor(
    family: string,
    /** The distribution from which this one is made. */
    readonly base: Distribution,
    batchShape: Shape = base.batchShape,
  ) {
    super({ family, params: base.params, batchShape, argConstraints: base.argConstraints });
  }

  /** This wrapper (expand, mask, toEvent or nonreparameterized) applied to `base`; null for other classes. */
  around(base: Distribution): Distribution | null {
    if (this instanceof Expanded) return base.expand(this.batchShape);
    if (this instanceof Masked) return base.mask(this.selected);
    if (this instanceof Independent) return base.toEvent(this.reinterpreted);
    return this instanceof NonReparameterized ? base.nonreparameterized() : null;
  }
  override get unmasked(): Distribution {
    const { unmasked } = this.base;
    return unmasked === this.base ? this : (this.around(unmasked) ?? this);
  }
  override get label(): string {
    return this.base.label;
  }
  override get support(): Constraint {
    return this.base.support;
  }
  override get eventShape(): Shape {
    return this.base.eventShape;
  }
  override get hasAtoms(): boolean {
    return this.base.hasAtoms;
  }
  override get hasRsample(): boolean {
    return this.base.hasRsample;
  }
  override get hasEnumerateSupport(): boolean {
    return this.base.hasEnumerateSupport;
  }
  override get mean(): Tensor {
    return this.spread(this.base.mean);
  }
  override get variance(): Tensor {
    return this.spread(this.base.variance);
  }
  override entropy(): Tensor {
    return this.spread(this.base.entropy(), 0);
  }
  override cumulative(value: Tensor): Tensor {
    return this.base.cumulative(value);
  }
  override quantile(q: Tensor): Tensor {
    return this.base.quantile(q);
  }
  override supportValues(): Tensor {
    return this.base.supportValues();
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return this.base.draw(key, shape);
  }
  override logDensity(value: Tensor): Tensor {
    return this.base.logDensity(value);
  }
  override inside(value: Tensor): Tensor {
    return this.base.inside(value);
  }
  override requireInside(value: Tensor): void {
    this.base.requireInside(value);
  }
}

/** A distribution with the same independent elements as its base, so that a value lies inside if its elements do. */
abstract class WithElements extends Derived {
  override get elementDim(): number {
    return this.base.elementDim;
  }
  override elementDensity(value: Tensor): Tensor {
    return this.base.elementDensity(value);
  }
  override elementInside(value: Tensor): Tensor {
    return this.base.elementInside(value);
  }
  override inside(value: Tensor): Tensor {
    return allOf(this.elementInside(value), this.elementDim);
  }
}

/**
 * `base` with a larger batch shape.
 *
 * @example new Normal(0, 1).expand([3]).batchShape // [3]
 */
export class Expanded extends WithElements {
  constructor(base: Distribution, batchShape: Shape) {
    if (!broadcastsTo(base.batchShape, batchShape))
      throw new PedigradError({
        code: "shape-mismatch",
        op: "expand",
        message: `${base.label}.expand: batch shape ${showShape(base.batchShape)} does not broadcast to ${showShape(batchShape)}. Each axis must have the new size, or size 1.`,
      });
    super("Expanded", base, batchShape);
  }
}

/**
 * `base` with log density 0 where `mask` is 0, even if the log density of `base` is NaN there.
 *
 * @example new Normal([0, 0], 1).mask([1, 0]).logProb([1, 1]) // [-1.4189, 0]
 */
export class Masked extends WithElements {
  constructor(
    base: Distribution,
    readonly selected: Tensor,
  ) {
    super("Masked", base, broadcastShapes(`${base.label}.mask`, base.batchShape, selected.shape));
  }

  override get unmasked(): Distribution {
    return this.base.unmasked.expand(this.batchShape);
  }

  override logDensity(value: Tensor): Tensor {
    return where(this.selected, this.base.logDensity(value), 0);
  }
  override elementDensity(value: Tensor): Tensor {
    return where(this.#selectedElements, this.base.elementDensity(value), 0);
  }
  override elementInside(value: Tensor): Tensor {
    return where(this.#selectedElements, this.base.elementInside(value), 1);
  }
  get #selectedElements(): Tensor {
    return overElements(this.selected, this.elementDim);
  }
  override requireInside(value: Tensor): void {
    const { label, support } = this.base;
    requireAll(() => this.inside(value), value, support, { family: label, what: "value" });
  }
}

/**
 * `base` with its last `n` batch axes made part of the event.
 *
 * @example new Normal([0, 0], 1).toEvent(1).eventShape // [2]
 */
export class Independent extends WithElements {
  constructor(
    base: Distribution,
    readonly reinterpreted: number,
  ) {
    const rank = base.batchShape.length;
    if (!Number.isInteger(reinterpreted) || reinterpreted < 0 || reinterpreted > rank)
      throw new PedigradError({
        code: "bad-shape",
        op: "toEvent",
        message: `${base.label}.toEvent(n): n must be a whole number from 0 to ${rank}, the number of axes of the batch shape ${showShape(base.batchShape)}, got ${reinterpreted}.`,
      });
    super("Independent", base, base.batchShape.slice(0, rank - reinterpreted));
  }

  override get label(): string {
    return `${this.base.label}.toEvent(${this.reinterpreted})`;
  }

  override get support(): Constraint {
    return independent(this.base.support, this.reinterpreted);
  }
  override get eventShape(): Shape {
    return this.base.shape().slice(this.batchShape.length);
  }
  override get hasEnumerateSupport(): boolean {
    return false;
  }
  override get elementDim(): number {
    return this.reinterpreted + this.base.elementDim;
  }
  override get mean(): Tensor {
    return this.base.mean;
  }
  override get variance(): Tensor {
    return this.base.variance;
  }
  override entropy(): Tensor {
    return sumOver(this.base.entropy(), this.reinterpreted);
  }
  override supportValues(): Tensor {
    return this.hasNo("enumerable support");
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return this.base.draw(key, [...shape, ...this.base.batchShape.slice(this.batchShape.length)]);
  }
  override logDensity(value: Tensor): Tensor {
    const density = broadcastTo(this.base.logDensity(value), this.#densityShape(value));
    return sumOver(density, this.reinterpreted);
  }
  override elementDensity(value: Tensor): Tensor {
    const { eventShape, elementDim } = this.base;
    const shape = [...this.#densityShape(value), ...eventShape.slice(0, elementDim)];
    return broadcastTo(this.base.elementDensity(value), shape);
  }
  /** The shape of the log densities of `base`. */
  #densityShape({ shape }: Tensor): Shape {
    const { label, eventDim, batchShape } = this.base;
    return broadcastShapes(label, shape.slice(0, shape.length - eventDim), batchShape);
  }
}

/**
 * `base` without its pathwise gradient.
 *
 * @example new Normal(0, 1).nonreparameterized().hasRsample // false
 */
export class NonReparameterized extends WithElements {
  constructor(base: Distribution) {
    super("NonReparameterized", base);
  }

  override get hasRsample(): boolean {
    return false;
  }
}
