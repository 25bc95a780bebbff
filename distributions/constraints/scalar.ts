/**
 * Constraints on single numbers. Each has a name, a condition in words, which errors quote, and a test of one number. The bounds of
 * intervals may be tensors.
 */
import { elementsOf, readNumbers } from "../../autodiff/core/reads.js";
import { rawNumber } from "../../autodiff/core/tensor.js";
import { type Tensor, type TensorLike, tensor, ternary } from "../../autodiff/index.js";
import { type Interval, scalarConstraint, withName } from "./constraint.js";

type Ends = readonly [low: number, high: number];
const LINE: Ends = [-Infinity, Infinity];
const HALF_LINE: Ends = [0, Infinity];
const UNIT: Ends = [0, 1];

export const real = /* @__PURE__ */ scalarConstraint(
  "real",
  "a finite number",
  (x) => (Math.abs(x) < Infinity ? 1 : 0),
  { isUnbounded: true, ends: LINE },
);
/** A real number, Infinity or -Infinity; log odds may be any of these. */
export const extendedReal = /* @__PURE__ */ scalarConstraint("extendedReal", "a number", (x) =>
  Number.isNaN(x) ? 0 : 1,
);
export const positive = /* @__PURE__ */ scalarConstraint(
  "positive",
  "> 0 and finite",
  (x) => (x > 0 && x < Infinity ? 1 : 0),
  { ends: HALF_LINE },
);
export const nonnegative = /* @__PURE__ */ scalarConstraint(
  "nonnegative",
  ">= 0 and finite",
  (x) => (x >= 0 && x < Infinity ? 1 : 0),
  { ends: HALF_LINE },
);
/** Like `positive`, but `bijectTo` uses softplus instead of exp. */
export const softplusPositive = /* @__PURE__ */ withName(positive, "softplusPositive");
export const unitInterval = /* @__PURE__ */ scalarConstraint(
  "unitInterval",
  "in [0, 1]",
  (x) => (x >= 0 && x <= 1 ? 1 : 0),
  { ends: UNIT },
);
export const openUnitInterval = /* @__PURE__ */ scalarConstraint(
  "openUnitInterval",
  "in (0, 1)",
  (x) => (x > 0 && x < 1 ? 1 : 0),
  { ends: UNIT },
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
export const boolean = /* @__PURE__ */ scalarConstraint("boolean", "0 or 1", (x) => (x === 0 || x === 1 ? 1 : 0), {
  ends: UNIT,
  isDiscrete: true,
});
export const integer = /* @__PURE__ */ scalarConstraint(
  "integer",
  "a whole number",
  (x) => (Number.isInteger(x) ? 1 : 0),
  { ends: LINE, isDiscrete: true },
);
export const nonnegativeInteger = /* @__PURE__ */ scalarConstraint(
  "nonnegativeInteger",
  "a whole number >= 0",
  (x) => (x >= 0 && x < Infinity && Math.floor(x) === x ? 1 : 0),
  { ends: HALF_LINE, isDiscrete: true },
);
export const positiveInteger = /* @__PURE__ */ scalarConstraint(
  "positiveInteger",
  "a whole number > 0",
  (x) => (x > 0 && x < Infinity && Math.floor(x) === x ? 1 : 0),
  { ends: [1, Infinity], isDiscrete: true },
);

/** An op on three tensors (x, low, high) that tests whether x lies between the bounds. */
const between = (name: string, test: (x: number, low: number, high: number) => 0 | 1) => ternary(name, test, null);
const closed = /* @__PURE__ */ between("inClosed", (x, a, b) => (x >= a && x <= b && Math.abs(x) < Infinity ? 1 : 0));
const open = /* @__PURE__ */ between("inOpen", (x, a, b) => (x > a && x < b ? 1 : 0));
// Unlike `Number.isInteger`, `Math.floor` has SIMD code.
const whole = /* @__PURE__ */ between("inWhole", (x, a, b) =>
  x >= a && x <= b && Math.abs(x) < Infinity && Math.floor(x) === x ? 1 : 0,
);

/** The name of a set, and its condition in words. */
type Kind = readonly [name: string, must: (low: string, high: string) => string];
/** Chooses the kind of set from its bounds. If the choice depends on numbers, it gets them from `numbersOf`. */
type KindOf = (low: Tensor, high: Tensor, numbersOf: (bound: Tensor) => Float64Array) => Kind;

const boundText = (bound: Tensor, name: string): string =>
  bound.shape.length === 0 && bound.batch === null ? `${rawNumber(bound)}` : name;

function bounded(low: TensorLike, high: TensorLike, kindOf: KindOf, test = closed, isDiscrete = false): Interval {
  const [from, to] = [tensor(low), tensor(high)];
  return {
    // The program may choose a bijection by the name, so the name counts as a read of the bounds. The text of an error does not.
    get name() {
      return kindOf(from, to, (bound) => readNumbers(bound, "interval"))[0];
    },
    get must() {
      const [, must] = kindOf(from, to, elementsOf);
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
const atLeast: KindOf = () => ["greaterThanEq", (a) => `>= ${a} and finite`];
const atMost: KindOf = () => ["lessThanEq", (_, b) => `<= ${b} and finite`];
/** Leaves out the bounds that are infinite in every element. */
const kindOfInterval: KindOf = (low, high, numbersOf) => {
  const isOpenAbove = isEverywhere(numbersOf(high), Infinity);
  if (isEverywhere(numbersOf(low), -Infinity))
    return isOpenAbove ? [real.name, () => real.must] : atMost(low, high, numbersOf);
  return isOpenAbove ? atLeast(low, high, numbersOf) : ["interval", (a, b) => `in [${a}, ${b}]`];
};

/**
 * Finite numbers, low <= x <= high. If a bound is infinite in every element, the name is "greaterThanEq", "lessThanEq" or "real", which
 * does not mention this bound. So asking for the name reads the bounds.
 */
export const interval = (low: TensorLike, high: TensorLike): Interval => bounded(low, high, kindOfInterval);
/** low < x < high. */
export const openInterval = (low: TensorLike, high: TensorLike): Interval =>
  bounded(low, high, () => ["openInterval", (a, b) => `in (${a}, ${b})`], open);
export const greaterThan = (low: TensorLike): Interval =>
  bounded(low, Infinity, () => ["greaterThan", (a) => `> ${a} and finite`], open);
export const greaterThanEq = (low: TensorLike): Interval => bounded(low, Infinity, atLeast);
export const lessThan = (high: TensorLike): Interval =>
  bounded(-Infinity, high, () => ["lessThan", (_, b) => `< ${b} and finite`], open);
export const lessThanEq = (high: TensorLike): Interval => bounded(-Infinity, high, atMost);
/** A whole number, low <= x <= high. */
export const integerInterval = (low: TensorLike, high: TensorLike): Interval =>
  bounded(low, high, () => ["integerInterval", (a, b) => `a whole number in [${a}, ${b}]`], whole, true);
