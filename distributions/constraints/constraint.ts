/**
 * Sets of values. A constraint tells for each event whether it belongs to the set (1 or 0), and states in words what is expected. The
 * constraints themselves are in scalar.ts and vector.ts. `bijectTo` (in transforms) gives a bijection from unconstrained numbers to a set.
 */
import { round, type Tensor, tensor, unary } from "../../autodiff/index.js";
import { allOf } from "./axes.js";

export interface Constraint {
  /** The name by which `bijectTo` chooses a bijection: "positive". */
  readonly name: string;
  /** The condition on a value, in words, as errors quote it: "> 0". */
  readonly must: string;
  /** How many of the last axes make one event. */
  readonly eventDim: number;
  readonly isDiscrete: boolean;
  /** 1 where the event belongs to the set, else 0. The result has the shape of `value` without the last `eventDim` axes. */
  check(value: Tensor): Tensor;
  /** `check` for one plain number. Only constraints on single numbers with fixed bounds have it. */
  readonly scalar?: (x: number) => number;
  /** The bounds of a set of numbers, if they are fixed and known. They need not belong to the set. */
  readonly ends?: readonly [low: number, high: number];
  /** Whether every finite number belongs to the set. */
  readonly isUnbounded?: boolean;
  /** Whether the set may lack some numbers that lie between its bounds. */
  readonly hasHoles?: boolean;
  /** For discrete sets: the member of the set that differs from x only by rounding. By default, the whole number nearest to x. */
  nearest?(x: Tensor): Tensor;
}

/** A constraint with bounds; a missing bound is -Infinity or Infinity. */
export interface Interval extends Constraint {
  readonly low: Tensor;
  readonly high: Tensor;
  /** Whether the finite bounds belong to the interval. */
  readonly isClosed: boolean;
}

/** The constraint `base` on every part of a larger event, which has `eventDim - base.eventDim` more axes. */
export interface IndependentConstraint extends Constraint {
  readonly base: Constraint;
}

/** A set whose numbers all lie in one of the `parts`. */
export interface Union extends Constraint {
  readonly parts: readonly Constraint[];
}

/** A constraint on single numbers, with fixed bounds. */
export const scalarConstraint = (
  name: string,
  must: string,
  test: (x: number) => 0 | 1,
  more: Partial<Constraint> = {},
): Constraint => ({
  name,
  must,
  eventDim: 0,
  isDiscrete: false,
  check: unary(name, test, null),
  scalar: test,
  ...more,
});

/** A constraint on events of `eventDim` axes. */
export const eventConstraint = (
  name: string,
  must: string,
  eventDim: number,
  check: (x: Tensor) => Tensor,
  isDiscrete = false,
): Constraint => ({
  name,
  must,
  eventDim,
  isDiscrete,
  check,
});

/** The same constraint under another name. `bijectTo` chooses by the name, so the two constraints can have different bijections. */
export const withName = (constraint: Constraint, name: string, must = constraint.must): Constraint => ({
  ...constraint,
  name,
  must,
});

/** The constraint `base` on every part of larger events, which have `n` more axes. */
export function independent(base: Constraint, n: number): Constraint {
  if (n === 0) return base;
  const repeated: IndependentConstraint = {
    name: "independent",
    get must() {
      return base.must;
    },
    eventDim: base.eventDim + n,
    isDiscrete: base.isDiscrete,
    check: (x) => allOf(base.check(x), n),
    base,
    isUnbounded: base.isUnbounded ?? false,
  };
  return repeated;
}

/** The member of a discrete set that differs from x only by rounding. */
export const nearestIn = (c: Constraint, x: Tensor): Tensor =>
  c.nearest?.(x) ?? ("base" in c ? nearestIn((c as IndependentConstraint).base, x) : round(x));

/** The subset of `hull` that `check` accepts, with the name, the condition and the bounds of `hull`. */
export const withHoles = (hull: Constraint, check: Constraint["check"]): Constraint =>
  Object.assign(Object.create(hull), { check, scalar: undefined, isUnbounded: false, hasHoles: true });

/** The smallest interval that contains every number in the set; null if the constraint has no fields for bounds, as on vectors. */
export function boundsOf(constraint: Constraint): [low: Tensor, high: Tensor] | null {
  if ("low" in constraint) return [(constraint as Interval).low, (constraint as Interval).high];
  const { ends } = constraint;
  return ends === undefined ? null : [tensor(ends[0]), tensor(ends[1])];
}
