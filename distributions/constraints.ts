/**
 * Where values may lie. A constraint says for each event whether it belongs, 1 or 0, and in words what is expected. Bounds may be
 * tensors. How to reach a constraint from unconstrained numbers stands in bijectTo.ts.
 */

import {
  abs,
  concatenate,
  equal,
  floor,
  full,
  greater,
  greaterEqual,
  isFinite,
  less,
  lessEqual,
  logicalAnd,
  max,
  slice,
  sum,
  type Tensor,
  type TensorLike,
  tensor,
  type Unary,
  unary,
} from "../autodiff/index.js";
import { allOf } from "./axes.js";

export interface Constraint {
  /** "positive": what `bijectTo` goes by. */
  readonly name: string;
  /** What a value must be, as an error says it: "> 0". */
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

/** A constraint with bounds, which are -Infinity and Infinity where there is none. */
export interface Interval extends Constraint {
  readonly low: Tensor;
  readonly high: Tensor;
}

/** A constraint on each of the events of another one, over `eventDim - base.eventDim` more axes. */
export interface IndependentConstraint extends Constraint {
  readonly base: Constraint;
}

const fixed = (must: string, check: Unary, isDiscrete = false): Constraint => ({
  name: check.op.name,
  must,
  eventDim: 0,
  isDiscrete,
  check,
  scalar: check.op.scalar as (x: number) => number,
});

const event = (name: string, must: string, eventDim: number, check: (x: Tensor) => Tensor, isDiscrete = false) => ({
  name,
  must,
  eventDim,
  isDiscrete,
  check,
});

export const real: Constraint = {
  ...fixed(
    "a finite number",
    unary("real", (x) => (Math.abs(x) < Infinity ? 1 : 0), null),
  ),
  isUnbounded: true,
};
/** A real number, or an infinity: log odds. */
export const extendedReal: Constraint = fixed(
  "a number",
  unary("extendedReal", (x) => (Number.isNaN(x) ? 0 : 1), null),
);
export const positive: Constraint = fixed(
  "> 0 and finite",
  unary("positive", (x) => (x > 0 && x < Infinity ? 1 : 0), null),
);
export const nonnegative: Constraint = fixed(
  ">= 0 and finite",
  unary("nonnegative", (x) => (x >= 0 && x < Infinity ? 1 : 0), null),
);
/** As `positive`, reached by softplus instead of exp. */
export const softplusPositive: Constraint = { ...positive, name: "softplusPositive" };
export const unitInterval: Constraint = fixed(
  "in [0, 1]",
  unary("unitInterval", (x) => (x >= 0 && x <= 1 ? 1 : 0), null),
);
/** An angle. */
export const circular: Constraint = fixed(
  "in [-π, π]",
  unary("circular", (x) => (Math.abs(x) <= Math.PI ? 1 : 0), null),
);
export const boolean: Constraint = fixed(
  "0 or 1",
  unary("boolean", (x) => (x === 0 || x === 1 ? 1 : 0), null),
  true,
);
export const integer: Constraint = fixed(
  "a whole number",
  unary("integer", (x) => (Number.isInteger(x) ? 1 : 0), null),
  true,
);
export const nonnegativeInteger: Constraint = fixed(
  "a whole number >= 0",
  unary("nonnegativeInteger", (x) => (x >= 0 && Number.isInteger(x) ? 1 : 0), null),
  true,
);
export const positiveInteger: Constraint = fixed(
  "a whole number > 0",
  unary("positiveInteger", (x) => (x > 0 && Number.isInteger(x) ? 1 : 0), null),
  true,
);

const shown = (bound: Tensor, name: string): string =>
  bound.shape.length === 0 && bound.batch === null ? `${bound.view.data[bound.view.offset]}` : name;

function bounded(
  name: string,
  low: TensorLike,
  high: TensorLike,
  must: (low: string, high: string) => string,
  check: (x: Tensor, low: Tensor, high: Tensor) => Tensor,
  isDiscrete = false,
): Interval {
  const [from, to] = [tensor(low), tensor(high)];
  return {
    name,
    get must() {
      return must(shown(from, "its lower bound"), shown(to, "its upper bound"));
    },
    eventDim: 0,
    isDiscrete,
    low: from,
    high: to,
    check: (x) => check(x, from, to),
  };
}

/** low <= x <= high. */
export const interval = (low: TensorLike, high: TensorLike): Interval =>
  bounded(
    "interval",
    low,
    high,
    (a, b) => `in [${a}, ${b}]`,
    (x, a, b) => logicalAnd(greaterEqual(x, a), lessEqual(x, b)),
  );
export const greaterThan = (low: TensorLike): Interval =>
  bounded(
    "greaterThan",
    low,
    Infinity,
    (a) => `> ${a} and finite`,
    (x, a, b) => logicalAnd(greater(x, a), less(x, b)),
  );
export const greaterThanEq = (low: TensorLike): Interval =>
  bounded(
    "greaterThanEq",
    low,
    Infinity,
    (a) => `>= ${a} and finite`,
    (x, a, b) => logicalAnd(greaterEqual(x, a), less(x, b)),
  );
export const lessThan = (high: TensorLike): Interval =>
  bounded(
    "lessThan",
    -Infinity,
    high,
    (_, b) => `< ${b} and finite`,
    (x, a, b) => logicalAnd(greater(x, a), less(x, b)),
  );
export const lessThanEq = (high: TensorLike): Interval =>
  bounded(
    "lessThanEq",
    -Infinity,
    high,
    (_, b) => `<= ${b} and finite`,
    (x, a, b) => logicalAnd(greater(x, a), lessEqual(x, b)),
  );
/** A whole number, low <= x <= high. */
export const integerInterval = (low: TensorLike, high: TensorLike): Interval =>
  bounded(
    "integerInterval",
    low,
    high,
    (a, b) => `a whole number in [${a}, ${b}]`,
    (x, a, b) => logicalAnd(equal(x, floor(x)), logicalAnd(greaterEqual(x, a), lessEqual(x, b))),
    true,
  );

/** `base` over `n` more axes: one event. */
export function independent(base: Constraint, n: number): Constraint {
  if (n === 0) return base;
  const { must, isDiscrete } = base;
  const whole: IndependentConstraint = {
    ...event("independent", must, base.eventDim + n, (x) => allOf(base.check(x), n), isDiscrete),
    base,
    isUnbounded: base.isUnbounded ?? false,
  };
  return whole;
}

export const realVector: Constraint = {
  ...independent(real, 1),
  name: "realVector",
  must: "a vector of finite numbers",
};

const increasing = (x: Tensor): Tensor => allOf(logicalAnd(isFinite(x), greater(x, shiftedRight(x))), 1);
/** The last axis one place to the right, -Infinity in front. */
const shiftedRight = (x: Tensor): Tensor =>
  concatenate([full([...x.shape.slice(0, -1), 1], -Infinity), slice(x, 0, -1, { axis: -1 })], -1);
export const orderedVector: Constraint = event("orderedVector", "increasing", 1, increasing);
export const positiveOrderedVector: Constraint = event("positiveOrderedVector", "increasing and > 0", 1, (x) =>
  logicalAnd(increasing(x), allOf(greater(x, 0), 1)),
);

/** How far the sum of a simplex may be from 1. */
const SUM_TOLERANCE = 1e-6;

/** Weights >= 0 with sum 1 (within 1e-6). */
export const simplex: Constraint = event("simplex", ">= 0 with sum 1", 1, (x) =>
  logicalAnd(allOf(greaterEqual(x, 0), 1), less(abs(sum(x, -1).sub(1)), SUM_TOLERANCE)),
);
/** Logarithms of weights, not all of them zero. */
export const logWeights: Constraint = event("logWeights", "< Infinity, not all -Infinity", 1, (x) => {
  const largest = max(x, -1);
  return logicalAnd(less(largest, Infinity), greater(largest, -Infinity));
});
