/**
 * TransformedDistribution: y = T(x) for x drawn from `base`, where T is a bijection (or several, applied in order).
 *
 *     log p(y) = log p_base(x) - log |det dy/dx|,   x = T⁻¹(y),
 *
 * without the Jacobian where the base is discrete. The support is the image under T of the base's support.
 */
import { broadcastShapes, type Shape, sameShape, showShape } from "../../autodiff/core/shape.js";
import {
  broadcastTo,
  clip,
  equal,
  greater,
  less,
  maximum,
  minimum,
  stopGradient,
  type Tensor,
  where,
} from "../../autodiff/index.js";
import { sumOver } from "../constraints/axes.js";
import { boundsOf, nearestIn } from "../constraints/constraint.js";
import type { Constraint, IndependentConstraint } from "../constraints/index.js";
import { clampInside, justBeyond } from "../constraints/inside.js";
import { Derived, type Distribution } from "../core/distribution.js";
import { Family } from "../core/family.js";
import { Mapped } from "../core/mapped.js";
import { refuseParameter } from "../core/parameters.js";
import { Compose } from "../transforms/composed.js";
import { type Ends, endsOf, imageOf, imageOfEnds } from "../transforms/image.js";
import type { Transform } from "../transforms/transform.js";

const composed = (transforms: Transform | readonly Transform[]): Transform =>
  "forward" in transforms
    ? transforms
    : transforms.length === 1
      ? (transforms[0] as Transform)
      : new Compose(transforms);

/** `base` with the batch axes that the parameters of the transform add. */
function spreadOver(transform: Transform, base: Distribution): Distribution {
  const shape = transform.forwardShape(base.shape());
  const eventDim = base.eventDim - transform.domainEventDim + transform.codomainEventDim;
  const batch = shape.slice(0, shape.length - eventDim);
  const expanded = sameShape(batch, base.batchShape) ? base : base.expand(batch);
  const shapeBack = transform.inverseShape(shape);
  if (sameShape(shapeBack, expanded.shape())) return expanded;
  return refuseParameter(
    "TransformedDistribution",
    "transforms",
    `the transform maps a draw of shape ${showShape(expanded.shape())} to shape ${showShape(shape)}, but its inverse maps this shape to ${showShape(shapeBack)}. Give the parameters of the transform the event shape of ${base.label}.`,
    "shape-mismatch",
  );
}

/** The constraint on each number or other part of an event that `toEvent` put together. */
const eachOf = (c: Constraint): Constraint => ("base" in c ? eachOf((c as IndependentConstraint).base) : c);

/** The parts of a composition, in order. A composition with a `forward` of its own counts as one part. */
const partsOf = (transform: Transform): readonly Transform[] =>
  transform instanceof Compose && transform.forward === Compose.prototype.forward
    ? transform.parts.flatMap(partsOf)
    : [transform];

/** The result of one part, moved inside its codomain, where the next part can continue from it. */
const resultOf = (part: Transform, x: Tensor): Tensor => clampInside(part.forward(x), part.codomain);

/** Whether draws come from a family itself, not from a transform or a mixture, which may have rounded them. */
const isFamily = (d: Distribution): boolean =>
  d instanceof Family || (d instanceof Derived && !(d instanceof Mapped) && isFamily(d.base));

/** The numbers just within the ends of an interval, or the other end where rounding has left nothing between the ends. */
function within(ends: Ends): Ends {
  const [low, high] = ends.map((end) => clip(end, -Number.MAX_VALUE, Number.MAX_VALUE)) as Ends;
  return [minimum(justBeyond(low, 4), high), maximum(justBeyond(high, -4), low)];
}

/**
 * @example new TransformedDistribution(new Normal(0, 1), new Exp()).logProb(1).item() // -0.9189
 */
export class TransformedDistribution extends Mapped {
  readonly transform: Transform;
  readonly #support: Constraint;

  /** `support` replaces the image of the base's support, for callers who know a simpler constraint for the same set. */
  constructor(base: Distribution, transforms: Transform | readonly Transform[], support?: Constraint) {
    const transform = composed(transforms);
    // A transform of vectors needs a base whose events are vectors. The parameters of the transform may add batch axes.
    const fittedBase = spreadOver(transform, base.toEvent(Math.max(0, transform.domainEventDim - base.eventDim)));
    super("TransformedDistribution", fittedBase);
    this.transform = transform;
    this.#support = support ?? imageOf(transform, fittedBase.support);
  }

  override get label(): string {
    return `${this.family} of ${this.base.label}`;
  }
  override get support(): Constraint {
    return this.#support;
  }
  override get eventShape(): Shape {
    return this.transform.forwardShape(this.base.shape()).slice(this.batchShape.length);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { base, transform } = this;
    if (base.isDiscrete) return transform.forward(base.draw(key, shape));
    const parts = partsOf(transform);
    const y = parts.reduce((x, part) => resultOf(part, x), base.draw(key, shape));
    const [support, codomain] = [this.#support, transform.codomain].map(eachOf) as [Constraint, Constraint];
    if (support.ends !== undefined && support.ends === codomain.ends) return y;
    const inside = clampInside(y, support);
    // A single transform of a family with closed ends can only round to an end that belongs to the support.
    return parts.length === 1 && isFamily(base) && !("source" in support) ? inside : this.#withinEnds(inside);
  }
  /**
   * A draw that was rounded to the image of an end, where the density may be 0, moves to the nearest number from which the inverse of every
   * part leads to a number inside.
   */
  #withinEnds(y: Tensor): Tensor {
    const { base, transform } = this;
    let ends = transform.direction === null ? null : endsOf(base.support);
    if (ends === null) return y;
    let inner = within(ends);
    for (const part of partsOf(transform)) {
      ends = imageOfEnds(part, ends);
      const [[a, b], [c, d]] = [imageOfEnds({ forward: (x) => resultOf(part, x) }, inner), within(ends)];
      inner = [maximum(a, c), minimum(b, d)];
    }
    return clip(y, ...inner);
  }
  override logDensity(value: Tensor): Tensor {
    const { base, transform } = this;
    if (base.hasAtoms && !base.isDiscrete)
      refuseParameter(
        "TransformedDistribution",
        "base",
        `${base.label} has single values of positive probability, to which no Jacobian applies. Transform the values themselves: new Delta(transform.forward(v)).`,
      );
    if (base.isDiscrete) return base.logDensity(nearestIn(base.support, transform.inverse(value)));
    const ends = base.support.isUnbounded ? null : boundsOf(base.support);
    const exact = transform.inverse(value);
    // Rounding may put T⁻¹ of an end of the support outside the support of the base. At the end itself, clip would halve the gradient.
    const x = ends === null ? exact : where(base.inside(exact), exact, clip(exact, ...ends));
    const jacobian = sumOver(transform.logAbsDetJacobian(x, value), base.eventDim - transform.domainEventDim);
    const lead = x.shape.slice(0, x.shape.length - base.eventDim);
    const shape = broadcastShapes(this.family, lead, base.batchShape);
    const baseDensity = base.logDensity(x);
    const density = broadcastTo(ends === null ? baseDensity : where(base.inside(x), baseDensity, -Infinity), shape);
    // At an end of the support, both terms may be infinite, and their difference would be NaN.
    return where(equal(density, -Infinity), -Infinity, density.sub(jacobian));
  }
  /** P(T(x) <= y) = P(x <= T⁻¹(y)) where T increases, P(x >= T⁻¹(y)) where T decreases; y is first clipped to the image of the support. */
  override cumulative(value: Tensor): Tensor {
    const { base, transform } = this;
    const direction = this.#direction;
    const ends = this.#ends;
    if (direction === null || ends === null) return this.hasNo("cdf");
    const [low, high] = ends;
    const below = base.cumulative(transform.inverse(clip(value, stopGradient(low), stopGradient(high))));
    const inside = where(greater(direction, 0), below, below.neg().add(1));
    return where(less(value, low), 0, where(greater(value, high), 1, inside));
  }
  override quantile(q: Tensor): Tensor {
    const direction = this.#direction;
    if (direction === null) return this.hasNo("icdf");
    return this.transform.forward(this.base.quantile(where(greater(direction, 0), q, q.neg().add(1))));
  }
  /** The images of the ends of the base's support, the smaller one first; null if the transform has no direction or the support no ends. */
  get #ends(): [low: Tensor, high: Tensor] | null {
    const ends = this.#direction === null ? null : endsOf(this.base.support);
    return ends && imageOfEnds(this.transform, ends);
  }
  get #direction(): Tensor | number | null {
    return this.base.eventDim > 0 || this.base.isDiscrete ? null : this.transform.direction;
  }
}
