/**
 * The image of a constraint under a transform T: the set of T(x) for all x in the set of the constraint. It is the support of a transformed
 * draw. For a composition, each part maps the image under the parts before it.
 *
 *     the constraint            its image
 *     the whole domain of T     the codomain of T
 *     [low, high]               [T(low), T(high)] for an increasing T of numbers, [T(high), T(low)] for a decreasing one
 *     any other set             all y with T⁻¹(y) in the set
 *
 * The test of an interval compares y with T(low) and T(high), since the rounded T⁻¹(T(low)) might lie outside [low, high].
 */
import { equal, isFinite, logicalAnd, maximum, minimum, type Tensor, tensor, where } from "../../autodiff/index.js";
import { allOf } from "../constraints/axes.js";
import {
  boundsOf,
  type Constraint,
  type IndependentConstraint,
  type Interval,
  nearestIn,
  type Union,
} from "../constraints/constraint.js";
import { circular, independent, interval, nonnegative, positive } from "../constraints/index.js";
import { refuseParameter } from "../core/parameters.js";
import { requireAll, validation } from "../core/validation.js";
import { Compose } from "./composed.js";
import { Abs, Identity, Reshape } from "./scalar.js";
import type { Transform } from "./transform.js";
import { Permute } from "./vector.js";

/** The set of all values that `transform` makes from values in `source`. */
export interface Image extends Constraint {
  readonly source: Constraint;
  readonly transform: Transform;
}

/** The set of T(x) for all x in `c`. The events of `c` must have at least as many axes as T needs. */
export function imageOf(transform: Transform, c: Constraint): Constraint {
  if (transform instanceof Compose) return transform.parts.reduce((from, part) => imageOf(part, from), c);
  const eventConstraint = perEvent(c, transform.domainEventDim);
  const image = eventConstraint && imageOfEvents(transform, eventConstraint);
  return image ? independent(image, c.eventDim - transform.domainEventDim) : imageByInverse(transform, c);
}

/** The constraint on events of `n` axes that `c` repeats along its other axes; null if there is none. */
function perEvent(c: Constraint, n: number): Constraint | null {
  if (c.eventDim === n) return c;
  if (!("base" in c)) return null;
  const { base } = c as IndependentConstraint;
  return base.eventDim <= n ? independent(base, n - base.eventDim) : perEvent(base, n);
}

/** The image of `c`, whose events have the rank that the transform takes; null if the image is not one of the named constraints. */
function imageOfEvents(transform: Transform, c: Constraint): Constraint | null {
  if (transform instanceof Identity) return c;
  if (transform instanceof Abs)
    refuse("Abs is not one-to-one, so the density of both signs would be lost. Use new Folded(base).");
  if (c.isUnbounded && !transform.domain.isUnbounded)
    refuse(
      `the transform takes only values that are ${transform.domain.must}, but a draw of the base may be any number. Take another base.`,
    );
  requireWithin(transform, c);
  if (c.hasHoles) return null;
  // A constraint on each number separately still holds after the numbers are permuted or reshaped.
  const each = "base" in c ? (c as IndependentConstraint).base : null;
  if (transform instanceof Permute) return each?.scalar === undefined ? null : c;
  if (transform instanceof Reshape) return each?.scalar === undefined ? null : independent(each, transform.to.length);
  const { domain, codomain, direction } = transform;
  if (coversDomain(c, domain)) return codomain;
  if (direction === null || c.isDiscrete || !hasClosedEnds(c) || (typeof direction !== "number" && !("low" in c)))
    return null;
  const [[low, high], [least, most]] = [boundsOf(c), boundsOf(domain)] as [Ends, Ends];
  return interval(...imageOfEnds(transform, [maximum(low, least), minimum(high, most)]));
}

export type Ends = [low: Tensor, high: Tensor];

/**
 * The smallest interval that contains every number in the set, also for unions, and for images under transforms that increase or decrease;
 * else null.
 */
export function endsOf(c: Constraint): Ends | null {
  if ("parts" in c)
    return (c as Union).parts.map(endsOf).reduce((a, b) => a && b && [minimum(a[0], b[0]), maximum(a[1], b[1])]);
  if (!("source" in c)) return "base" in c ? endsOf(c.base as Constraint) : boundsOf(c);
  const { source, transform } = c as Image;
  const ends = transform.direction === null ? null : endsOf(source);
  return ends && imageOfEnds(transform, ends);
}

/** The images of two numbers under a transform that increases or decreases, the smaller one first. */
export function imageOfEnds(transform: Pick<Transform, "forward">, ends: Ends): Ends {
  const [a, b] = ends.map((end) => transform.forward(end)) as [Tensor, Tensor];
  return [minimum(a, b), maximum(a, b)];
}

/**
 * Refuse a base whose least or greatest value lies outside the domain of the transform by more than rounding. If it is a count, which may
 * equal a bound of the domain, refuse one that the transform does not map to a number.
 */
function requireWithin(transform: Transform, c: Constraint): void {
  const { domain, codomain } = transform;
  const from: Ends | null = c === circular ? [tensor(-Math.PI), tensor(Math.PI)] : endsOf(c);
  const to = boundsOf(domain);
  if (from === null || to === null || !validation || coversDomain(c, domain)) return;
  const must = `in the domain of the transform (${domain.must}), and be mapped to a value that is ${codomain.must}`;
  const require = (which: string, x: Tensor, isWithin: (x: Tensor) => Tensor): void => {
    const isMapped = (): Tensor => logicalAnd(domain.check(x), codomain.check(transform.forward(x)));
    const check = () => (c.isDiscrete ? where(isFinite(x), isMapped(), 1) : isWithin(x));
    const about = { family: "TransformedDistribution", what: `the ${which} value of the base` };
    requireAll(check, x, { must, eventDim: 0 }, about);
  };
  require("least", from[0], (x) => x.add(1e-12).greaterEqual(to[0]));
  require("greatest", from[1], (x) => x.sub(1e-12).lessEqual(to[1]));
}

const refuse = (message: string): never => refuseParameter("TransformedDistribution", "transforms", message);

/** Whether `c` is the whole domain, except perhaps for its boundary. */
const coversDomain = (c: Constraint, domain: Constraint): boolean =>
  c === domain || (c.isUnbounded && domain.isUnbounded) || (c === nonnegative && domain === positive);

const hasClosedEnds = (c: Constraint): boolean =>
  "low" in c ? (c as Interval).isClosed : c.name === "nonnegative" || c.name === "unitInterval";

/** The image as the set of all y whose inverse T⁻¹(y) lies in `source`. */
function imageByInverse(transform: Transform, source: Constraint): Image {
  const extra = source.eventDim - transform.domainEventDim;
  const codomain = independent(transform.codomain, extra);
  return {
    name: "image",
    get must() {
      return `${codomain.must}, transformed from a value that is ${source.must}`;
    },
    eventDim: codomain.eventDim,
    isDiscrete: source.isDiscrete,
    check: (y) => {
      const x = transform.inverse(y);
      if (!source.isDiscrete) return logicalAnd(codomain.check(y), source.check(x));
      const count = nearestIn(source, x);
      return logicalAnd(allOf(equal(transform.forward(count), y), codomain.eventDim), source.check(count));
    },
    nearest: (y) => transform.forward(nearestIn(source, transform.inverse(y))),
    source,
    transform,
  };
}
