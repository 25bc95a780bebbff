/**
 * Sets of values. A constraint says for each event whether it belongs to the set, 1 or 0, and in words what is expected. The constraints
 * themselves are in scalar.ts and vector.ts; bijectTo.ts maps free numbers to them.
 */
import { type Tensor, tensor, unary } from "../../autodiff/index.js";
import { allOf } from "./axes.js";

export interface Constraint {
  /** The name by which `bijectTo` chooses a bijection: "positive". */
  readonly name: string;
  /** The condition on a value in words for errors: "> 0". */
  readonly must: string;
  /** How many of the last axes make one event. */
  readonly eventDim: number;
  readonly isDiscrete: boolean;
  /** 1 where the event belongs, else 0; the shape of `value` without the last `eventDim` axes. */
  check(value: Tensor): Tensor;
  /** The same for one number, where events are numbers and the bounds are fixed. */
  readonly scalar?: (x: number) => number;
  /** Every finite number belongs. */
  readonly isUnbounded?: boolean;
}

/** A constraint with bounds; a missing bound is -Infinity or Infinity. */
export interface Interval extends Constraint {
  readonly low: Tensor;
  readonly high: Tensor;
  /** Whether finite bounds belong to it. */
  readonly isClosed: boolean;
}

/** The constraint `base` on every event over `eventDim - base.eventDim` more axes. */
export interface IndependentConstraint extends Constraint {
  readonly base: Constraint;
}

/** A constraint on numbers with fixed ends. */
export const numbers = (
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
export const event = (
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

/** The same constraint under another name, for which `bijectTo` has another bijection. */
export const withName = (constraint: Constraint, name: string, must = constraint.must): Constraint => ({
  ...constraint,
  name,
  must,
});

/** `base` with `n` more axes as part of one event. */
export function independent(base: Constraint, n: number): Constraint {
  if (n === 0) return base;
  const whole: IndependentConstraint = {
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
  return whole;
}

const BOUNDS: Readonly<Record<string, readonly [low: number, high: number]>> = {
  real: [-Infinity, Infinity],
  positive: [0, Infinity],
  nonnegative: [0, Infinity],
  softplusPositive: [0, Infinity],
  unitInterval: [0, 1],
  openUnitInterval: [0, 1],
  boolean: [0, 1],
  integer: [-Infinity, Infinity],
  nonnegativeInteger: [0, Infinity],
  positiveInteger: [1, Infinity],
};

/** The least interval that holds all numbers of a constraint; null for other constraints, of vectors or of angles. */
export function boundsOf(constraint: Constraint): [low: Tensor, high: Tensor] | null {
  if ("low" in constraint) return [(constraint as Interval).low, (constraint as Interval).high];
  const bounds = BOUNDS[constraint.name];
  return bounds === undefined ? null : [tensor(bounds[0]), tensor(bounds[1])];
}
