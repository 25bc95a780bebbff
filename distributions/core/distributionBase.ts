/**
 * The methods that every distribution has. A family must define three of them: support, log density, draw. Shapes are NumPyro's: a draw has
 * the shape sampleShape + batchShape + eventShape, and its log density has the shape sampleShape + batchShape. Start here, then read
 * families/real/locationScale.ts; distribution.ts adds the ways to reshape a distribution.
 */
import { traceDepth } from "../../autodiff/core/batch.js";
import { recorder } from "../../autodiff/core/recorder.js";
import { asShape, broadcastShapes, type Shape, sameShape, showShape } from "../../autodiff/core/shape.js";
import {
  broadcastTo,
  isNaN,
  PedigradError,
  stopGradient,
  type Tensor,
  type TensorLike,
  tensor,
  where,
} from "../../autodiff/index.js";
import { type Constraint, unitInterval } from "../constraints/index.js";
import type { Divergences } from "./divergence.js";
import { type Params, type Parts, refuseParameter } from "./parameters.js";
import { requireThat, validation } from "./validation.js";

export abstract class DistributionBase<P extends Params = Params> {
  /** The name of the family in errors and in `divergences`. */
  readonly family: string;
  /** The parameters as given, not broadcast. */
  readonly params: P;
  readonly batchShape: Shape;
  /** The constraint of each parameter. */
  readonly argConstraints: Readonly<Record<string, Constraint>>;

  constructor({ family, params, batchShape, argConstraints }: Parts<P>) {
    this.family = family;
    this.params = params;
    this.batchShape = batchShape;
    this.argConstraints = argConstraints;
  }

  /** The name by which errors call this distribution. */
  get label(): string {
    return this.family;
  }

  // Defined by a family.

  /** The set of possible values. */
  abstract get support(): Constraint;
  /** The log density of each value, or any number where a value lies outside the support. The result need only broadcast to its full shape. */
  abstract logDensity(value: Tensor): Tensor;
  /** Independent draws of shape `shape` + eventShape, where the batch shape broadcasts to `shape`; differentiable if `hasRsample`. */
  abstract draw(key: Tensor, shape: Shape): Tensor;

  get eventShape(): Shape {
    return [];
  }
  /** How many event axes, from the left, hold independent elements: the axes that `toEvent` added. */
  get elementDim(): number {
    return 0;
  }
  /** The log density of every independent element: `logDensity` before the axes of `elementDim` are summed. */
  elementDensity(value: Tensor): Tensor {
    return this.logDensity(value);
  }
  /** 1 where an independent element lies in its support, else 0. */
  elementInside(value: Tensor): Tensor {
    return this.inside(value);
  }
  /** Whether draws have a gradient with respect to the parameters. */
  get hasRsample(): boolean {
    return false;
  }
  /** Whether draws are loc + scale · noise, so that LocScaleReparam applies. */
  get isLocationScale(): boolean {
    return false;
  }
  /** Whether there are finitely many values, which `enumerateSupport` then lists. */
  get hasEnumerateSupport(): boolean {
    return false;
  }
  /** The mean of each element, batchShape + eventShape. */
  get mean(): Tensor {
    return this.hasNo("mean");
  }
  /** The variance of each element, batchShape + eventShape. */
  get variance(): Tensor {
    return this.hasNo("variance");
  }
  /** -E[log p] in nats, of shape batchShape. */
  entropy(): Tensor {
    return this.hasNo("entropy");
  }
  /** P(X <= value), for any real value, inside the support or not. */
  cumulative(_value: Tensor): Tensor {
    return this.hasNo("cdf");
  }
  /** The value whose cdf is q, for 0 <= q <= 1. */
  quantile(_q: Tensor): Tensor {
    return this.hasNo("icdf");
  }
  /** All values, of shape [count] + eventShape, if there are finitely many. */
  supportValues(): Tensor {
    return this.hasNo("enumerable support");
  }
  /** The KL divergences that the family declares. */
  get divergences(): Divergences {
    return {};
  }

  // Derived from the methods above.

  get eventDim(): number {
    return this.eventShape.length;
  }
  get isDiscrete(): boolean {
    return this.support.isDiscrete;
  }
  /** Whether `logDensity` is a log probability: true for discrete distributions, and for Delta and Empirical. */
  get hasAtoms(): boolean {
    return this.isDiscrete;
  }

  /** The shape of a draw. */
  shape(sampleShape: Shape = []): Shape {
    return [...this.#shapeWithoutEvent(sampleShape), ...this.eventShape];
  }
  #shapeWithoutEvent(sampleShape: Shape): Shape {
    return [...asShape(`${this.label}: sampleShape`, sampleShape), ...this.batchShape];
  }

  /** The name of the family with the shape of each parameter: `Normal(loc: [2,3], scale: [])`. */
  toString(): string {
    const { base } = this as { readonly base?: DistributionBase };
    const params = Object.entries(this.params).map(([name, { shape }]) => `${name}: ${showShape(shape)}`);
    return `${this.family}(${base === undefined ? params.join(", ") : base})`;
  }

  /** Draws without a gradient; their provenance is kept. */
  sample(key: Tensor, sampleShape: Shape = []): Tensor {
    return stopGradient(this.draw(this.#requireKey("sample", key), this.#shapeWithoutEvent(sampleShape)));
  }

  /** Draws as a function of the parameters, with a gradient. */
  rsample(key: Tensor, sampleShape: Shape = []): Tensor {
    if (!this.hasRsample)
      throw new PedigradError({
        code: "no-rsample",
        op: "rsample",
        message: `${this.label} has no reparameterised sampler. Use sample(), whose gradient is the score function, or enumerate the site.`,
      });
    return this.draw(this.#requireKey("rsample", key), this.#shapeWithoutEvent(sampleShape));
  }
  #requireKey(method: string, key: Tensor | undefined): Tensor {
    if (key !== undefined) return key;
    throw new PedigradError({
      code: "no-key",
      op: method,
      message: `${this.label}.${method}: the key is missing. Give one: ${method}(random.key(0)).`,
    });
  }

  /**
   * log p(value). The result has the shape of value without the event axes, broadcast with the batch shape. A value outside the support
   * throws an error that names the value; if checks are off, the log density there is -Infinity, with gradient 0.
   */
  logProb(value: TensorLike): Tensor {
    const x = tensor(value);
    const shape = this.#densityShape(x);
    const isInside = this.#checkInside(x);
    const density = this.logDensity(x);
    const result = isInside ? density : where(this.inside(x), density, -Infinity);
    return sameShape(result.shape, shape) ? result : broadcastTo(result, shape);
  }

  /** log p of every independent element, whose sum over the last `elementDim` axes is logProb(value). */
  logProbElements(value: TensorLike): Tensor {
    const x = tensor(value);
    const shape = [...this.#densityShape(x), ...this.eventShape.slice(0, this.elementDim)];
    const isInside = this.#checkInside(x);
    const density = this.elementDensity(x);
    return broadcastTo(isInside ? density : where(this.elementInside(x), density, -Infinity), shape);
  }

  /**
   * Refuse a value outside the support. Returns false if values may still lie outside, because checks are off, or because this is a
   * recording, which runs again without checks. In this case, the caller must set the log density outside the support to -Infinity.
   */
  #checkInside(value: Tensor): boolean {
    if (validation) this.requireInside(value);
    return (validation && recorder === null && traceDepth === 0) || this.support.isUnbounded === true;
  }

  /** P(X <= value) for any real value, NaN for NaN. The result has the shape of value broadcast with the batch shape. */
  cdf(value: TensorLike): Tensor {
    if (this.eventDim > 0) this.hasNo("cdf");
    const x = tensor(value);
    const shape = broadcastShapes(this.label, x.shape, this.batchShape);
    return broadcastTo(where(isNaN(x), NaN, this.cumulative(x)), shape);
  }

  /**
   * The value whose cdf is q (for counts: the least value whose cdf is >= q, at q = 1 the upper end of the support); NaN unless 0 <= q <= 1.
   * Shapes as in `cdf`.
   */
  icdf(q: TensorLike): Tensor {
    if (this.eventDim > 0) this.hasNo("icdf");
    const p = tensor(q);
    const shape = broadcastShapes(this.label, p.shape, this.batchShape);
    return broadcastTo(this.quantile(where(unitInterval.check(p), p, NaN)), shape);
  }

  /** 1 where a value lies in the support, else 0. */
  inside(value: Tensor): Tensor {
    return this.support.check(value);
  }

  /** Throw unless all values lie in the support. */
  requireInside(value: Tensor): void {
    requireThat(value, this.support, { family: this.label, what: "value" });
  }

  /** All values along a new first axis: [count] + batchShape + eventShape. If `expand` is false, the batch axes have size 1. */
  enumerateSupport(expand = true): Tensor {
    const values = this.supportValues();
    const [count, ...event] = values.shape as [number, ...number[]];
    const ones = values.reshape([count, ...this.batchShape.map(() => 1), ...event]);
    return expand ? ones.broadcastTo([count, ...this.batchShape, ...event]) : ones;
  }

  /** `x` with the batch shape, followed by the last `eventDim` axes of x. */
  spread(x: Tensor, eventDim = this.eventDim): Tensor {
    return broadcastTo(x, [...this.batchShape, ...x.shape.slice(x.shape.length - eventDim)]);
  }

  #densityShape({ shape }: Tensor): Shape {
    const { eventShape, batchShape } = this;
    const lead = shape.length - eventShape.length;
    const isNumber = eventShape.length === 0;
    if (lead < 0 || !(isNumber || sameShape(shape.slice(lead), eventShape)))
      refuseParameter(
        this.label,
        "value",
        `the last axes of a value must be the event shape ${showShape(eventShape)}, got a value of shape ${showShape(shape)}.`,
        "shape-mismatch",
      );
    const batch = isNumber ? shape : shape.slice(0, lead);
    return sameShape(batch, batchShape)
      ? batchShape
      : broadcastShapes(`${this.label} (value and batch)`, batch, batchShape);
  }

  /** Refuse a method that the family does not have. */
  protected hasNo(what: string): never {
    throw new PedigradError({
      code: "no-closed-form",
      op: what,
      message: what.includes("support")
        ? `${this.label} has no ${what}. Sample the site instead of enumerating it.`
        : `${this.label} has no ${what} in closed form. Estimate the ${what} from samples.`,
    });
  }
}
