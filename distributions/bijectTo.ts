/**
 * How to reach a constrained value from unconstrained numbers: what turns a `param` with a constraint into something an optimiser may
 * move freely. One row a constraint.
 */
import { PedigradError, sub } from "../autodiff/index.js";
import { Compose, IndependentTransform } from "./composedTransforms.js";
import type { Constraint, IndependentConstraint, Interval } from "./constraints.js";
import { Affine, Exp, Identity, Sigmoid, Softplus, type Transform } from "./transforms.js";
import { Ordered, StickBreaking } from "./vectorTransforms.js";

const above = (c: Constraint): Transform => new Compose([new Exp(), new Affine((c as Interval).low, 1)]);
const below = (c: Constraint): Transform => new Compose([new Exp(), new Affine((c as Interval).high, -1)]);
const between = (c: Constraint): Transform => {
  const { low, high } = c as Interval;
  return new Compose([new Sigmoid(), new Affine(low, sub(high, low))]);
};

const BIJECTIONS: Readonly<Record<string, (constraint: Constraint) => Transform>> = {
  real: () => new Identity(),
  realVector: () => new IndependentTransform(new Identity(), 1),
  positive: () => new Exp(),
  nonnegative: () => new Exp(),
  softplusPositive: () => new Softplus(),
  unitInterval: () => new Sigmoid(),
  circular: () => new Compose([new Sigmoid(), new Affine(-Math.PI, 2 * Math.PI)]),
  interval: between,
  greaterThan: above,
  greaterThanEq: above,
  lessThan: below,
  lessThanEq: below,
  simplex: () => new StickBreaking(),
  orderedVector: () => new Ordered(),
  positiveOrderedVector: () => new Compose([new Ordered(), new Exp()]),
  independent: (c) =>
    new IndependentTransform(
      bijectTo((c as IndependentConstraint).base),
      c.eventDim - (c as IndependentConstraint).base.eventDim,
    ),
};

/** The bijection from free numbers to the interior of `constraint`; an error says why where there is none. */
export function bijectTo(constraint: Constraint): Transform {
  const { name, isDiscrete } = constraint;
  const make = Object.hasOwn(BIJECTIONS, name) ? BIJECTIONS[name] : undefined;
  if (make !== undefined) return make(constraint);
  const why = isDiscrete
    ? "its values are discrete, so no continuous map reaches them; sum the site out or sample it"
    : "no smooth one-to-one map from free numbers to it is known";
  throw new PedigradError({
    code: "no-bijection",
    param: name,
    message: `bijectTo: ${name} has no bijection: ${why}.`,
  });
}
