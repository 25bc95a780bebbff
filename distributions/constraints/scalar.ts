/**
 * Constraints on single numbers. Each has a name, a condition in words, which errors quote, and a test of one number. The bounds of
 * intervals may be tensors.
 */
import { elementsOf } from "../../autodiff/core/copy.js";
import { readNumbers } from "../../autodiff/core/reads.js";
import { rawNumber } from "../../autodiff/core/tensor.js";
import { type Tensor, type TensorLike, tensor, ternary } from "../../autodiff/index.js";
import { type Constraint, type Interval, scalarConstraint, withName } from "./constraint.js";

const DISCRETE = { isDiscrete: true };

export const real = /* @__PURE__ */ scalarConstraint(
  "real",
  "a finite number",
  (x) => (Math.abs(x) < Infinity ? 1 : 0),
  {
    isUnbounded: true,
  },
);
/** A real number, Infinity or -Infinity; log odds may be any of these. */
export const extendedReal = /* @__PURE__ */ scalarConstraint("extendedReal", "a number", (x) =>
  Number.isNaN(x) ? 0 : 1,
);
export const positive = /* @__PURE__ */ scalarConstraint("positive", "> 0 and finite", (x) =>
  x > 0 && x < Infinity ? 1 : 0,
);
export const nonnegative = /* @__PURE__ */ scalarConstraint("nonnegative", ">= 0 and finite", (x) =>
  x >= 0 && x < Infinity ? 1 : 0,
);
/** Like `positive`, but `bijectTo` uses softplus instead of exp. */
export const softplusPositive = /* @__PURE__ */ withName(positive, "softplusPositive");
export const unitInterval = /* @__PURE__ */ scalarConstraint("unitInterval", "in [0, 1]", (x) =>
  x >= 0 && x <= 1 ? 1 : 0,
);
export const openUnitInterval = /* @__PURE__ */ scalarConstraint("openUnitInterval", "in (0, 1)", (x) =>
  x > 0 && x < 1 ? 1 : 0,
);
/** The probability of an event that must be possible. */
export const positiveProbability = /* @__PURE__ */ scalarConstraint("positiveProbability", "in (0, 1]", (x) =>
  x > 0 && x <= 1 ? 1 : 0,
);
/** The probability of an event that must not be certain. */
export const missableProbability = /* @__PURE__ */ scalarConstraint("missableProbability", "in [0, 1)", (x) =>
  x >= 0 && x < 1 ? 1 : 0,
);
/** An angle. */
export const circular = /* @__PURE__ */ scalarConstraint("circular", "in [-π, π]", (x) =>
  Math.abs(x) <= Math.PI ? 1 : 0,
);
export const boolean = /* @__PURE__ */ scalarConstraint(
  "boolean",
  "0 or 1",
  (x) => (x === 0 || x === 1 ? 1 : 0),
  DISCRETE,
);
export const integer = /* @__PURE__ */ scalarConstraint(
  "integer",
  "a whole number",
  (x) => (Number.isInteger(x) ? 1 : 0),
  DISCRETE,
);
export const nonnegativeInteger = /* @__PURE__ */ scalarConstraint(
  "nonnegativeInteger",
  "a whole number >= 0",
  (x) => (x >= 0 && x < Infinity && Math.floor(x) === x ? 1 : 0),
  DISCRETE,
);
export const positiveInteger = /* @__PURE__ */ scalarConstraint(
  "positiveInteger",
  "a whole number > 0",
  (x) => (x > 0 && x < Infinity && Math.floor(x) === x ? 1 : 0),
  DISCRETE,
);

/** An op on three tensors (x, low, high) that tests whether x lies between the bounds. */
const between = (name: string, test: (x: number, low: number, high: number) => 0 | 1) => ternary(name, test, null);
const closed = /* @__PURE__ */ between("inClosed", (x, a, b) => (x >= a && x <= b && Math.abs(x) < Infinity ? 1 : 0));
const open = /* @__PURE__ */ between("inOpen", (x, a, b) => (x > a && x < b ? 1 : 0));
const closedBelow = /* @__PURE__ */ between("inClosedBelow", (x, a, b) => (x >= a && x < b ? 1 : 0));
const closedAbove = /* @__PURE__ */ between("inClosedAbove", (x, a, b) => (x > a && x <= b ? 1 : 0));
// Unlike `Number.isInteger`, `Math.floor` has SIMD code.
const whole = /* @__PURE__ */ between("inWhole", (x, a, b) =>
  x >= a && x <= b && Math.abs(x) < Infinity && Math.floor(x) === x ? 1 : 0,
);

const boundText = (bound: Tensor, name: string): string =>
  bound.shape.length === 0 && bound.batch === null ? `${rawNumber(bound)}` : name;

function bounded(
  name: string,
  low: TensorLike,
  high: TensorLike,
  must: (low: string, high: string) => string,
  test: ReturnType<typeof between>,
  isDiscrete = false,
): Interval {
  const [from, to] = [tensor(low), tensor(high)];
  return {
    name,
    get must() {
      return must(boundText(from, "its lower bound"), boundText(to, "its upper bound"));
    },
    eventDim: 0,
    isDiscrete,
    low: from,
    high: to,
    isClosed: test !== open,
    check: (x) => test(x, from, to),
  };
}

const isEverywhere = (bounds: Float64Array, x: number): boolean => bounds.length > 0 && bounds.every((y) => y === x);

/** The constraint without the bounds that are infinite in every element. Only the name and the condition of the result are used. */
function withoutInfiniteEnds(low: Tensor, high: Tensor, numbersOf: (bound: Tensor) => Float64Array): Constraint {
  const isOpenAbove = isEverywhere(numbersOf(high), Infinity);
  if (!isEverywhere(numbersOf(low), -Infinity))
    return isOpenAbove ? greaterThanEq(low) : bounded("interval", low, high, (a, b) => `in [${a}, ${b}]`, closed);
  return isOpenAbove ? real : lessThanEq(high);
}

/**
 * Finite numbers, low <= x <= high. If a bound is infinite in every element, the name is "greaterThanEq", "lessThanEq" or "real", which
 * does not mention this bound.
 */
export function interval(low: TensorLike, high: TensorLike): Interval {
  const [from, to] = [tensor(low), tensor(high)];
  return {
    // The name depends on which bounds are infinite, so asking for the name reads the bounds.
    get name() {
      return withoutInfiniteEnds(from, to, (bound) => readNumbers(bound, "interval")).name;
    },
    get must() {
      return withoutInfiniteEnds(from, to, elementsOf).must;
    },
    eventDim: 0,
    isDiscrete: false,
    low: from,
    high: to,
    isClosed: true,
    check: (x) => closed(x, from, to),
  };
}
/** low < x < high. */
export const openInterval = (low: TensorLike, high: TensorLike): Interval =>
  bounded("openInterval", low, high, (a, b) => `in (${a}, ${b})`, open);
export const greaterThan = (low: TensorLike): Interval =>
  bounded("greaterThan", low, Infinity, (a) => `> ${a} and finite`, open);
export const greaterThanEq = (low: TensorLike): Interval =>
  bounded("greaterThanEq", low, Infinity, (a) => `>= ${a} and finite`, closedBelow);
export const lessThan = (high: TensorLike): Interval =>
  bounded("lessThan", -Infinity, high, (_, b) => `< ${b} and finite`, open);
export const lessThanEq = (high: TensorLike): Interval =>
  bounded("lessThanEq", -Infinity, high, (_, b) => `<= ${b} and finite`, closedAbove);
/** A whole number, low <= x <= high. */
export const integerInterval = (low: TensorLike, high: TensorLike): Interval =>
  bounded("integerInterval", low, high, (a, b) => `a whole number in [${a}, ${b}]`, whole, true);
