/**
 * Bijections from unconstrained numbers to constrained values, so that an optimiser can change a `param` freely. Each constraint has a
 * row in one table.
 */

import { readNumbers } from "../../autodiff/core/reads.js";
import { abs, clip, less, PedigradError, sub, type Tensor, type TensorLike, where } from "../../autodiff/index.js";
import type { Constraint, IndependentConstraint, Interval } from "../constraints/index.js";
import { BELOW_ONE, justBeyond, SMALLEST } from "../constraints/inside.js";
import { Compose, IndependentTransform, Inverse } from "./composed.js";
import type { Image } from "./image.js";
import { Cholesky, CorrCholesky, CorrMatrixCholesky, LowerCholesky } from "./matrix.js";
import { Affine, Exp, Identity, Sigmoid, Softplus, type Transform } from "./scalar.js";
import { L1Ball, Ordered, OrderedLogs, StickBreaking, ZeroSum } from "./vector.js";

/** A composition whose result is clipped to bounds that rounding could cross: 2 + exp(-60) rounds to 2, which is not greater than 2. */
class Clamped extends Compose {
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
/** Like Clamped, where one bound is the largest finite number: a value clipped to this bound has density 0. */
class ClampedFinite extends Clamped {
  override logAbsDetJacobian(x: Tensor, y: Tensor): Tensor {
    return where(less(abs(y), LARGEST), super.logAbsDetJacobian(x, y), -Infinity);
  }
}
const LARGEST = Number.MAX_VALUE;
const exponential = (): Transform => new ClampedFinite([new Exp()], SMALLEST, LARGEST);
const softplus = (): Transform => new Clamped([new Softplus()], SMALLEST, LARGEST);
/** For a diagonal whose squares must neither underflow to 0 nor overflow. */
const diagonal = (): Transform => new Clamped([new Exp()], 2 ** -500, 2 ** 500);

const above = (c: Constraint): Transform => {
  const { low, isClosed } = c as Interval;
  return new ClampedFinite([new Exp(), new Affine(low, 1)], isClosed ? low : justBeyond(low, 1), LARGEST);
};
const below = (c: Constraint): Transform => {
  const { high, isClosed } = c as Interval;
  return new ClampedFinite([new Exp(), new Affine(high, -1)], -LARGEST, isClosed ? high : justBeyond(high, -1));
};
const between = (c: Constraint): Transform => {
  const { low, high, isClosed } = c as Interval;
  if (
    [low, high].some((bound) => readNumbers(bound, "the bounds of an interval").some((x) => Math.abs(x) === Infinity))
  )
    throw new PedigradError({
      code: "no-bijection",
      param: c.name,
      message:
        "bijectTo: some bounds of this interval are infinite and others are finite, so no single bijection fits. Use one site or param for each kind.",
    });
  const [least, most] = isClosed ? [low, high] : [justBeyond(low, 1), justBeyond(high, -1)];
  return new Clamped([new Sigmoid(), new Affine(low, sub(high, low))], least, most);
};

type Rows<A extends unknown[]> = Readonly<Record<string, (...args: A) => Transform>>;

/** The bijections of constraints that have neither bounds nor parts. */
const BY_NAME: Rows<[]> = {
  real: () => new Identity(),
  realVector: () => new IndependentTransform(new Identity(), 1),
  positive: exponential,
  nonnegative: exponential,
  softplusPositive: softplus,
  unitInterval: () => new Sigmoid(),
  openUnitInterval: () => new Clamped([new Sigmoid()], SMALLEST, BELOW_ONE),
  circular: () => new Clamped([new Sigmoid(), new Affine(-Math.PI, 2 * Math.PI)], -Math.PI, Math.PI),
  simplex: () => new StickBreaking(),
  orderedVector: () => new Ordered(),
  positiveOrderedVector: () => new Compose([new OrderedLogs(), new Exp()]),
  zeroSum: () => new ZeroSum(),
  l1Ball: () => new L1Ball(),
  lowerCholesky: () => new LowerCholesky(exponential()),
  softplusLowerCholesky: () => new LowerCholesky(softplus()),
  corrCholesky: () => new CorrCholesky(),
  positiveDefinite: () => new Compose([new LowerCholesky(diagonal()), new Inverse(new Cholesky())]),
  corrMatrix: () => new Compose([new CorrCholesky(), new Inverse(new CorrMatrixCholesky())]),
};

/** The bijections of constraints that have bounds or parts. */
const FROM_PARTS: Rows<[Constraint]> = {
  interval: between,
  openInterval: between,
  greaterThan: above,
  greaterThanEq: above,
  lessThan: below,
  lessThanEq: below,
  image: (c) => new Compose([bijectTo((c as Image).source), (c as Image).transform]),
  independent: (c) =>
    new IndependentTransform(
      bijectTo((c as IndependentConstraint).base),
      c.eventDim - (c as IndependentConstraint).base.eventDim,
    ),
};

/** The reason why a continuous constraint has no bijection. */
const NO_BIJECTION: Readonly<Record<string, string>> = {
  sphere: "no smooth one-to-one map from real numbers covers a sphere; normalise a real vector instead",
  extendedReal: "real numbers do not reach infinities; use constraints.real",
  weights: "they are probabilities only after a division by their sum; use constraints.simplex",
  logWeights: "real numbers do not reach weights of 0; use constraints.realVector",
};

const rowOf = <A extends unknown[]>(rows: Rows<A>, name: string) =>
  Object.hasOwn(rows, name) ? rows[name] : undefined;

/** The bijection of a constraint whose name suffices, because it has neither bounds nor parts; else undefined. */
export const bijectionByName = (name: string): Transform | undefined => rowOf(BY_NAME, name)?.();

/** The bijection from unconstrained numbers to the interior of `constraint`. If there is none, the error says why. */
export function bijectTo(constraint: Constraint): Transform {
  const { name, isDiscrete } = constraint;
  const bijection = bijectionByName(name) ?? rowOf(FROM_PARTS, name)?.(constraint);
  if (bijection !== undefined) return bijection;
  const why = isDiscrete
    ? "its values are discrete, so no continuous map reaches them; sum the site out or sample it"
    : (NO_BIJECTION[name] ?? "no smooth one-to-one map from real numbers to it is known");
  throw new PedigradError({
    code: "no-bijection",
    param: name,
    message: `bijectTo: ${name} has no bijection: ${why}.`,
  });
}
