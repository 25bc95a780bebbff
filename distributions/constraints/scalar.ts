/** Constraints on single numbers. Bounds may be tensors. */
import { elementsOf } from "../../autodiff/core/copy.js";
import { rawNumber, rawView } from "../../autodiff/core/tensor.js";
import {
  equal,
  floor,
  greater,
  greaterEqual,
  isFinite,
  less,
  lessEqual,
  logicalAnd,
  type Tensor,
  type TensorLike,
  tensor,
  unary,
} from "../../autodiff/index.js";
import { type Constraint, fixed, type Interval } from "./constraint.js";

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
export const openUnitInterval: Constraint = fixed(
  "in (0, 1)",
  unary("openUnitInterval", (x) => (x > 0 && x < 1 ? 1 : 0), null),
);
/** The probability of something that must be able to happen. */
export const positiveProbability: Constraint = fixed(
  "in (0, 1]",
  unary("positiveProbability", (x) => (x > 0 && x <= 1 ? 1 : 0), null),
);
/** The probability of something that need not happen. */
export const missableProbability: Constraint = fixed(
  "in [0, 1)",
  unary("missableProbability", (x) => (x >= 0 && x < 1 ? 1 : 0), null),
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
  bound.shape.length === 0 && bound.batch === null ? `${rawNumber(bound)}` : name;

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

/** Whether a bound is this number everywhere, in the whole batch inside vmap. */
function isEverywhere(bound: Tensor, x: number): boolean {
  if (bound.batch !== null) return isEverywhere(bound.batch.value, x);
  const { data, offset } = rawView(bound);
  return bound.size > 0 && data[offset] === x && elementsOf(bound).every((y) => y === x);
}

/** low <= x <= high. Where every low or every high is infinite it is finite numbers, and has the name, without that bound. */
export function interval(low: TensorLike, high: TensorLike): Interval {
  const [from, to] = [tensor(low), tensor(high)];
  const within = (x: Tensor): Tensor => logicalAnd(greaterEqual(x, from), lessEqual(x, to));
  const [isOpenBelow, isOpenAbove] = [isEverywhere(from, -Infinity), isEverywhere(to, Infinity)];
  if (!isOpenBelow && !isOpenAbove) return bounded("interval", from, to, (a, b) => `in [${a}, ${b}]`, within);
  const open = !isOpenBelow ? greaterThanEq(from) : isOpenAbove ? real : lessThanEq(to);
  // A compiled program may run again with other bounds: they are compared all the same.
  return { ...open, low: from, high: to, check: (x) => logicalAnd(within(x), isFinite(x)), isUnbounded: false };
}
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
