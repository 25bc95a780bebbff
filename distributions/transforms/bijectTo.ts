/**
 * How to reach a constrained value from unconstrained numbers: what turns a `param` with a constraint into something an optimiser may
 * move freely. One row a constraint.
 */
import { elementsOf } from "../../autodiff/core/copy.js";
import { abs, clip, PedigradError, sub, type Tensor, type TensorLike } from "../../autodiff/index.js";
import type { Constraint, IndependentConstraint, Interval } from "../constraints/index.js";
import { Compose, IndependentTransform, Inverse } from "./composed.js";
import { Cholesky, CorrCholesky, CorrMatrixCholesky, LowerCholesky, SoftplusLowerCholesky } from "./matrix.js";
import { Affine, Exp, Identity, Sigmoid, Softplus, type Transform } from "./scalar.js";
import { L1Ball, Ordered, StickBreaking, ZeroSum } from "./vector.js";

/** The parts in order, their result kept within bounds that rounding would leave: 2 + exp(-60) is 2, and not greater than 2. */
class Within extends Compose {
  constructor(
    parts: readonly Transform[],
    readonly low: TensorLike,
    readonly high: TensorLike,
  ) {
    super(parts);
  }
  override forward(x: Tensor): Tensor {
    return clip(super.forward(x), this.low, this.high);
  }
}
/** A number beyond `bound`, about the next one that there is. */
const beyond = (bound: Tensor, sign: 1 | -1): Tensor =>
  bound.add(
    abs(bound)
      .mul(2 ** -52)
      .add(2 ** -1022)
      .mul(sign),
  );

const above = (c: Constraint): Transform => {
  const { low } = c as Interval;
  return new Within([new Exp(), new Affine(low, 1)], c.name === "greaterThan" ? beyond(low, 1) : low, Infinity);
};
const below = (c: Constraint): Transform => {
  const { high } = c as Interval;
  return new Within([new Exp(), new Affine(high, -1)], -Infinity, c.name === "lessThan" ? beyond(high, -1) : high);
};
const between = (c: Constraint): Transform => {
  const { low, high } = c as Interval;
  if ([low, high].some((bound) => elementsOf(bound).some((x) => Math.abs(x) === Infinity)))
    throw new PedigradError({
      code: "no-bijection",
      param: c.name,
      message: "bijectTo: some bounds of this interval are infinite and others are not. Use one site for each kind.",
    });
  return new Within([new Sigmoid(), new Affine(low, sub(high, low))], low, high);
};

const BIJECTIONS: Readonly<Record<string, (constraint: Constraint) => Transform>> = {
  real: () => new Identity(),
  realVector: () => new IndependentTransform(new Identity(), 1),
  positive: () => new Exp(),
  nonnegative: () => new Exp(),
  softplusPositive: () => new Softplus(),
  unitInterval: () => new Sigmoid(),
  openUnitInterval: () => new Within([new Sigmoid()], 2 ** -1022, 1 - 2 ** -53),
  circular: () => new Compose([new Sigmoid(), new Affine(-Math.PI, 2 * Math.PI)]),
  interval: between,
  greaterThan: above,
  greaterThanEq: above,
  lessThan: below,
  lessThanEq: below,
  simplex: () => new StickBreaking(),
  orderedVector: () => new Ordered(),
  positiveOrderedVector: () => new Compose([new Ordered(), new Exp()]),
  zeroSum: () => new ZeroSum(),
  l1Ball: () => new L1Ball(),
  lowerCholesky: () => new LowerCholesky(),
  softplusLowerCholesky: () => new SoftplusLowerCholesky(),
  corrCholesky: () => new CorrCholesky(),
  positiveDefinite: () => new Compose([new LowerCholesky(), new Inverse(new Cholesky())]),
  corrMatrix: () => new Compose([new CorrCholesky(), new Inverse(new CorrMatrixCholesky())]),
  independent: (c) =>
    new IndependentTransform(
      bijectTo((c as IndependentConstraint).base),
      c.eventDim - (c as IndependentConstraint).base.eventDim,
    ),
};

/** Why a continuous constraint has none. */
const WITHOUT: Readonly<Record<string, string>> = {
  sphere: "a sphere cannot be flattened without a hole; normalise a free vector instead",
  extendedReal: "infinities are not reached by free numbers; use constraints.real",
  logWeights: "weights of 0 are not reached by free numbers; use constraints.realVector",
};

/** The bijection from free numbers to the interior of `constraint`; an error says why where there is none. */
export function bijectTo(constraint: Constraint): Transform {
  const { name, isDiscrete } = constraint;
  const make = Object.hasOwn(BIJECTIONS, name) ? BIJECTIONS[name] : undefined;
  if (make !== undefined) return make(constraint);
  const why = isDiscrete
    ? "its values are discrete, so no continuous map reaches them; sum the site out or sample it"
    : (WITHOUT[name] ?? "no smooth one-to-one map from free numbers to it is known");
  throw new PedigradError({
    code: "no-bijection",
    param: name,
    message: `bijectTo: ${name} has no bijection: ${why}.`,
  });
}
