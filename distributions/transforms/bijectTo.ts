/**
 * Bijections from unconstrained numbers to constrained values, so that an optimiser can change a `param` freely. Each constraint has a
 * row in one table.
 */

import { readNumbers } from "../../autodiff/core/reads.js";
import { clip, sub, type Tensor, type TensorLike, where } from "../../autodiff/index.js";
import type { Constraint, IndependentConstraint, Interval } from "../constraints/index.js";
import { BELOW_ONE, justBeyond, SMALLEST } from "../constraints/inside.js";
import { refuseParameter } from "../core/parameters.js";
import { Compose, IndependentTransform, Inverse } from "./composed.js";
import type { Image } from "./image.js";
import { Cholesky, CorrCholesky, CorrMatrixCholesky, LowerCholesky } from "./matrix.js";
import { Affine, Exp, Identity, Sigmoid, Softplus } from "./scalar.js";
import type { Transform } from "./transform.js";
import { L1Ball, Ordered, OrderedLogs, StickBreaking, ZeroSum } from "./vector.js";

const LARGEST = Number.MAX_VALUE;

/**
 * A composition whose result is clipped to bounds that rounding could cross: 2 + exp(-60) rounds to 2, which is not greater than 2. A value
 * clipped to the largest finite number has density 0.
 */
class Clamped extends Compose {
  constructor(
    readonly low: TensorLike,
    readonly high: TensorLike,
    ...parts: Transform[]
  ) {
    super(parts);
  }
  override forward(x: Tensor): Tensor {
    return clip(super.forward(x), this.low, this.high);
  }
  override logAbsDetJacobian(x: Tensor, y: Tensor): Tensor {
    const logSlope = super.logAbsDetJacobian(x, y);
    return this.low === -LARGEST || this.high === LARGEST
      ? where(y.abs().greaterEqual(LARGEST), -Infinity, logSlope)
      : logSlope;
  }
}
const exponential = (): Transform => new Clamped(SMALLEST, LARGEST, new Exp());
const softplus = (): Transform => new Clamped(SMALLEST, LARGEST, new Softplus());
/** For a diagonal whose squares must neither underflow to 0 nor overflow. */
const diagonal = (): Transform => new Clamped(2 ** -500, 2 ** 500, new Exp());

/** The least and the largest number inside an interval. If a bound is infinite, callers do not use it. */
const endsOf = ({ low, high, isClosed }: Interval): [low: Tensor, high: Tensor] =>
  isClosed ? [low, high] : [justBeyond(low, 1), justBeyond(high, -1)];
const above = (c: Interval): Transform => new Clamped(endsOf(c)[0], LARGEST, new Exp(), new Affine(c.low, 1));
const below = (c: Interval): Transform => new Clamped(-LARGEST, endsOf(c)[1], new Exp(), new Affine(c.high, -1));
const refuse = ({ name }: Constraint, message: string): never =>
  refuseParameter("bijectTo", name, message, "no-bijection");
const between = (c: Interval): Transform => {
  const width = sub(c.high, c.low);
  if (readNumbers(width, "the bounds of an interval").some((w) => !(w > 0 && w < Infinity)))
    refuse(
      c,
      "some bounds of this interval are infinite and others are finite, or high - low is not a positive number, so no bijection fits. Use one site or param for each kind.",
    );
  return new Clamped(...endsOf(c), new Sigmoid(), new Affine(c.low, width));
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
  openUnitInterval: () => new Clamped(SMALLEST, BELOW_ONE, new Sigmoid()),
  circular: () => new Clamped(-Math.PI, Math.PI, new Sigmoid(), new Affine(-Math.PI, 2 * Math.PI)),
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

/** A constraint whose name tells which of these fields it has. */
type Named = Interval & Image & IndependentConstraint;
/** The bijections of constraints that have bounds or parts. */
const FROM_PARTS: Rows<[Named]> = {
  interval: between,
  openInterval: between,
  greaterThan: above,
  greaterThanEq: above,
  lessThan: below,
  lessThanEq: below,
  image: ({ source, transform }) => new Compose([bijectTo(source), transform]),
  independent: ({ base, eventDim }) => new IndependentTransform(bijectTo(base), eventDim - base.eventDim),
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

/** The bijection of the constraint with this name; undefined if the bijection also depends on bounds or parts of the constraint. */
export const bijectionByName = (name: string): Transform | undefined => rowOf(BY_NAME, name)?.();

/** The bijection from unconstrained numbers to the interior of `constraint`. If there is none, the error says why. */
export function bijectTo(constraint: Constraint): Transform {
  const { name, isDiscrete } = constraint;
  const bijection = bijectionByName(name) ?? rowOf(FROM_PARTS, name)?.(constraint as Named);
  if (bijection !== undefined) return bijection;
  const why = isDiscrete
    ? "its values are discrete, so no continuous map reaches them; sum the site out or sample it"
    : (NO_BIJECTION[name] ?? "no smooth one-to-one map from real numbers to it is known");
  return refuse(constraint, `${name} has no bijection: ${why}.`);
}
