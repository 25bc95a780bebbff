/**
 * The elementwise op table: a row gives an op's name, its value, and its derivative with respect to each operand. `y` is the
 * result. A few rows give gradient rules instead, which also get the cotangent `g` of the result; if an operand is called `g`,
 * the cotangent is `G`. All of these are written in ops, so second derivatives need nothing extra.
 */
import type { Tensor } from "../../core/tensor.js";
import { scalarFormulas as formulas } from "../../kernels/formulas/scalarFormulas.js";
import {
  type Binary,
  binary,
  derivatives,
  mulAnyZeroWins,
  mulZeroWins,
  type Ternary,
  ternary,
  type Unary,
  unary,
} from "./elementwise.js";

export { mulZeroWins };

// Arithmetic
export const add: Binary = binary("add", (a, b) => a + b, [(g) => g, (g) => g]);
export const sub: Binary = binary("sub", (a, b) => a - b, [(g) => g, (g) => neg(g)]);
export const mul: Binary = binary("mul", (a, b) => a * b, derivatives([(_, __, b) => b, (_, a) => a]));
export const div: Binary = binary(
  "div",
  (a, b) => a / b,
  derivatives([(_, __, b) => reciprocal(b), (y, _, b) => neg(div(y, b))]),
);
export const neg: Unary = unary("neg", (a) => -a, [(g) => neg(g)]);
export const abs: Unary = unary("abs", (a) => Math.abs(a), derivatives([(_, a) => sign(a)]));
export const sign: Unary = unary("sign", (a) => Math.sign(a), null);
export const square: Unary = unary("square", (a) => a * a, derivatives([(_, a) => mul(2, a)]));
export const reciprocal: Unary = unary("reciprocal", (a) => 1 / a, derivatives([(y) => neg(square(y))]));
export const sqrt: Unary = unary("sqrt", (a) => Math.sqrt(a), [(g, _, a) => sqrtSlope(g, a)]);
/**
 * g / (2 √a), or 0 where g is 0. At a = 0 the derivative of this op with respect to a is infinite. If the cotangent G is 0 there, the
 * product of the two has no limit (as in the Hessian of a norm), so NaN is right and 0 would be wrong. So in the rule a zero of g wins over
 * infinity, but a zero of G does not.
 */
const sqrtSlope: Binary = binary("sqrtSlope", (g, a) => (g === 0 ? 0 : (0.5 * g) / Math.sqrt(a)), [
  (G, _, __, a) => sqrtSlope(G, a),
  (G, _, g, a) => mulZeroWins(mulZeroWins(g, div(-0.25, mul(a, sqrt(a)))), G),
]);
/** a^b. The gradient with respect to b is 0 at a = 0. a^0 is 1 with gradient 0 with respect to a, even at a = 0. */
export const pow: Binary = binary("pow", formulas.pow, [
  (g, _, a, b) => powSlope(g, a, b),
  (g, y, a) => mulZeroWins(g, mulZeroWins(y, logOrZero(a))),
]);
/** g b a^(b - 1), or 0 where g is 0. For a zero cotangent, see sqrtSlope. */
const powSlope: Ternary = ternary("powSlope", formulas.powSlope, [
  (G, _, __, a, b) => powSlope(G, a, b),
  (G, _, g, a, b) => mulZeroWins(mulZeroWins(mulZeroWins(g, b), powSlope(1, a, sub(b, 1))), G),
  (G, _, g, a, b) => mulAnyZeroWins(G, mulZeroWins(g, mul(pow(a, sub(b, 1)), add(1, mulZeroWins(b, logOrZero(a)))))),
]);
/** log a, or 0 where a is 0. */
const logOrZero = (a: Tensor): Tensor => log(where(equal(a, 0), 1, a));

// Exponentials and logarithms
export const exp: Unary = unary("exp", formulas.exp, derivatives([(y) => y]));
export const expm1: Unary = unary("expm1", formulas.expm1, derivatives([(_, a) => exp(a)]));
export const log: Unary = unary("log", formulas.log, derivatives([(_, a) => reciprocal(a)]));
export const log1p: Unary = unary("log1p", formulas.log1p, derivatives([(_, a) => reciprocal(add(1, a))]));
/** a·log(b), 0 where a = 0. */
export const xlogy: Binary = binary(
  "xlogy",
  formulas.xlogy,
  derivatives([(_, __, b) => log(b), (_, a, b) => mulZeroWins(a, reciprocal(b))]),
);
/** a·log(1 + b), 0 where a = 0. */
export const xlog1py: Binary = binary(
  "xlog1py",
  formulas.xlog1py,
  derivatives([(_, __, b) => log1p(b), (_, a, b) => mulZeroWins(a, reciprocal(add(1, b)))]),
);
/** log(exp(a) + exp(b)). If a and b are -Infinity, so is the result, and each gets half of the gradient. */
export const logaddexp: Binary = binary(
  "logaddexp",
  formulas.logaddexp,
  derivatives([(_, a, b) => sigmoid(gap(a, b)), (_, a, b) => sigmoid(gap(b, a))]),
);
/** a - b, or 0 if a and b are the same infinity. */
const gap: Binary = binary("gap", (a, b) => (a === b ? 0 : a - b), [(g) => g, (g) => neg(g)]);
/** log(1 - exp(a)) for a < 0. */
export const log1mexp: Unary = unary(
  "log1mexp",
  formulas.log1mexp,
  derivatives([(_, a) => neg(div(exp(a), sub(0, expm1(a))))]),
);

// Trigonometry
export const sin: Unary = unary("sin", formulas.sin, derivatives([(_, a) => cos(a)]));
export const cos: Unary = unary("cos", formulas.cos, derivatives([(_, a) => neg(sin(a))]));
export const tan: Unary = unary("tan", formulas.tan, derivatives([(y) => add(1, square(y))]));
export const atan: Unary = unary("atan", formulas.atan, derivatives([(_, a) => reciprocal(add(1, square(a)))]));

// Squashing functions
export const tanh: Unary = unary("tanh", formulas.tanh, derivatives([(_, a) => tanhSlope(a)]));
/** The derivative of tanh; 1 - tanh(a)² would lose all digits where tanh is nearly 1. */
const tanhSlope: Unary = unary("tanhSlope", formulas.tanhSlope, derivatives([(y, a) => mul(-2, mul(y, tanh(a)))]));
export const sigmoid: Unary = unary("sigmoid", formulas.sigmoid, derivatives([(_, a) => logisticDensity(a)]));
/** The derivative of sigmoid. */
const logisticDensity: Unary = unary(
  "logisticDensity",
  formulas.logisticDensity,
  derivatives([(y, a) => neg(mul(y, tanh(mul(0.5, a))))]),
);
export const logSigmoid: Unary = unary("logSigmoid", formulas.logSigmoid, derivatives([(_, a) => sigmoid(neg(a))]));
/** log(1 + exp(a)). */
export const softplus: Unary = unary("softplus", formulas.softplus, derivatives([(_, a) => sigmoid(a)]));
export const relu: Unary = unary("relu", (a) => Math.max(a, 0), derivatives([(_, a) => greater(a, 0)]));

// Choice. On a tie, each operand of maximum and minimum gets half of the gradient.
export const maximum: Binary = binary(
  "maximum",
  (a, b) => Math.max(a, b),
  derivatives([(_, a, b) => isBelow(b, a), (_, a, b) => isBelow(a, b)]),
);
export const minimum: Binary = binary(
  "minimum",
  (a, b) => Math.min(a, b),
  derivatives([(_, a, b) => isBelow(a, b), (_, a, b) => isBelow(b, a)]),
);
/** 1 where a < b, 1/2 where a = b, else 0. */
const isBelow: Binary = binary("isBelow", (a, b) => (a < b ? 1 : a === b ? 0.5 : 0), null);
/** `a` where `condition` is not 0, else `b`; the branch not taken gets a gradient of exactly 0. */
export const where: Ternary = ternary("where", (condition, a, b) => (condition !== 0 ? a : b), [
  null,
  (g, _, condition) => where(condition, g, 0),
  (g, _, condition) => where(condition, 0, g),
]);
/**
 * minimum(maximum(a, lo), hi), with the gradients of both functions. Where a equals a limit, a and the limit each get half of the gradient;
 * if lo > hi, hi gets all of it.
 */
export const clip: Ternary = ternary(
  "clip",
  (a, lo, hi) => Math.min(Math.max(a, lo), hi),
  derivatives([
    (_, a, lo, hi) => clipSlope(a, lo, hi),
    (_, a, lo, hi) => mul(isBelow(a, lo), isBelow(maximum(a, lo), hi)),
    (_, a, lo, hi) => isBelow(hi, maximum(a, lo)),
  ]),
);
/** isBelow(lo, a) · isBelow(maximum(a, lo), hi). */
const clipSlope: Ternary = ternary(
  "clipSlope",
  (a, lo, hi) => (lo < a ? 1 : lo === a ? 0.5 : 0) * (Math.max(a, lo) < hi ? 1 : Math.max(a, lo) === hi ? 0.5 : 0),
  null,
);

// Comparisons and roundings: 0 or 1, no gradient
export const equal: Binary = binary("equal", (a, b) => (a === b ? 1 : 0), null);
export const notEqual: Binary = binary("notEqual", (a, b) => (a !== b ? 1 : 0), null);
export const less: Binary = binary("less", (a, b) => (a < b ? 1 : 0), null);
export const lessEqual: Binary = binary("lessEqual", (a, b) => (a <= b ? 1 : 0), null);
export const greater: Binary = binary("greater", (a, b) => (a > b ? 1 : 0), null);
export const greaterEqual: Binary = binary("greaterEqual", (a, b) => (a >= b ? 1 : 0), null);
export const logicalNot: Unary = unary("logicalNot", (a) => (a === 0 ? 1 : 0), null);
export const logicalAnd: Binary = binary("logicalAnd", (a, b) => (a !== 0 && b !== 0 ? 1 : 0), null);
export const logicalOr: Binary = binary("logicalOr", (a, b) => (a !== 0 || b !== 0 ? 1 : 0), null);
export const isFinite: Unary = unary("isFinite", (a) => (Math.abs(a) < Infinity ? 1 : 0), null);
export const isNaN: Unary = unary("isNaN", (a) => (Number.isNaN(a) ? 1 : 0), null);
export const floor: Unary = unary("floor", (a) => Math.floor(a), null);
export const ceil: Unary = unary("ceil", (a) => Math.ceil(a), null);
/** Rounds to the nearest integer; from halfway between two integers, to the even one, as in NumPy. */
export const round: Unary = unary(
  "round",
  (a) => (Math.abs(a % 1) === 0.5 ? 2 * Math.round(a / 2) : Math.round(a)),
  null,
);
