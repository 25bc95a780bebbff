/**
 * The elementwise op table: a row gives an op's name, its value, and its gradient for each operand. `g` is the cotangent of
 * the result `y`. Rules are written in ops, so second derivatives need nothing extra.
 *
 * `gate(g, d)` is g·d, but a zero g wins over an infinite or NaN d: a branch that `where` or a mask did not take
 * contributes exactly nothing, whatever its own derivative is there.
 */
import type { Tensor } from "../../core/tensor.js";
import { scalarFormulas as formulas } from "../../kernels/formulas/scalarFormulas.js";
import {
  log1mexp as log1mexpOf,
  logaddexp as logaddexpOf,
  xlog1py as xlog1pyOf,
  xlogy as xlogyOf,
} from "../../kernels/special/index.js";
import { type Binary, binary, type Ternary, ternary, type Unary, unary } from "./elementwise.js";

export const gate: Binary = binary("gate", (g, d) => (g === 0 ? 0 : g * d), [
  (G, _, __, d) => gate(G, d),
  (G, _, g) => gate(G, g),
]);

// Arithmetic
export const add: Binary = binary("add", (a, b) => a + b, [(g) => g, (g) => g]);
export const sub: Binary = binary("sub", (a, b) => a - b, [(g) => g, (g) => neg(g)]);
export const mul: Binary = binary("mul", (a, b) => a * b, [(g, _, __, b) => gate(g, b), (g, _, a) => gate(g, a)]);
export const div: Binary = binary("div", (a, b) => a / b, [
  (g, _, __, b) => gate(g, reciprocal(b)),
  (g, y, _, b) => gate(g, neg(div(y, b))),
]);
export const neg: Unary = unary("neg", (a) => -a, [(g) => neg(g)]);
export const abs: Unary = unary("abs", (a) => Math.abs(a), [(g, _, a) => gate(g, sign(a))]);
export const sign: Unary = unary("sign", (a) => Math.sign(a), null);
export const square: Unary = unary("square", (a) => a * a, [(g, _, a) => gate(g, mul(2, a))]);
export const reciprocal: Unary = unary("reciprocal", (a) => 1 / a, [(g, y) => gate(g, neg(square(y)))]);
export const sqrt: Unary = unary("sqrt", (a) => Math.sqrt(a), [(g, y) => gate(g, div(0.5, y))]);
/** a^b. The gradient for b at a = 0 is 0; a^0 is 1 with gradient 0 for a, also at a = 0. */
export const pow: Binary = binary("pow", formulas.pow, [
  (g, _, a, b) => gate(g, gate(b, pow(a, sub(b, 1)))),
  (g, y, a) => gate(g, gate(y, log(where(equal(a, 0), 1, a)))),
]);

// Exponentials and logarithms
export const exp: Unary = unary("exp", formulas.exp, [(g, y) => gate(g, y)]);
export const expm1: Unary = unary("expm1", formulas.expm1, [(g, _, a) => gate(g, exp(a))]);
export const log: Unary = unary("log", formulas.log, [(g, _, a) => gate(g, reciprocal(a))]);
export const log1p: Unary = unary("log1p", formulas.log1p, [(g, _, a) => gate(g, reciprocal(add(1, a)))]);
/** a·log(b), 0 where a = 0. */
export const xlogy: Binary = binary("xlogy", (a, b) => xlogyOf(a, b), [
  (g, _, __, b) => gate(g, log(b)),
  (g, _, a, b) => gate(g, gate(a, reciprocal(b))),
]);
/** a·log(1 + b), 0 where a = 0. */
export const xlog1py: Binary = binary("xlog1py", (a, b) => xlog1pyOf(a, b), [
  (g, _, __, b) => gate(g, log1p(b)),
  (g, _, a, b) => gate(g, gate(a, reciprocal(add(1, b)))),
]);
/** log(exp(a) + exp(b)); -Infinity where both are, with the gradient shared. */
export const logaddexp: Binary = binary("logaddexp", (a, b) => logaddexpOf(a, b), [
  (g, _, a, b) => gate(g, where(equal(a, b), 0.5, sigmoid(sub(a, b)))),
  (g, _, a, b) => gate(g, where(equal(a, b), 0.5, sigmoid(sub(b, a)))),
]);
/** log(1 - exp(a)) for a < 0. */
export const log1mexp: Unary = unary("log1mexp", (a) => log1mexpOf(a), [
  (g, _, a) => gate(g, neg(div(exp(a), sub(0, expm1(a))))),
]);

// Trigonometry
export const sin: Unary = unary("sin", formulas.sin, [(g, _, a) => gate(g, cos(a))]);
export const cos: Unary = unary("cos", formulas.cos, [(g, _, a) => gate(g, neg(sin(a)))]);
export const tan: Unary = unary("tan", formulas.tan, [(g, y) => gate(g, add(1, square(y)))]);
export const atan: Unary = unary("atan", formulas.atan, [(g, _, a) => gate(g, reciprocal(add(1, square(a))))]);

// Squashing functions
export const tanh: Unary = unary("tanh", formulas.tanh, [(g, y) => gate(g, oneMinusSquare(y))]);
const oneMinusSquare: Unary = unary("oneMinusSquare", (a) => 1 - a * a, [(g, _, a) => gate(g, mul(-2, a))]);
export const sigmoid: Unary = unary("sigmoid", formulas.sigmoid, [
  (g, _, a) => gate(g, mul(sigmoid(a), sigmoid(neg(a)))),
]);
export const logSigmoid: Unary = unary("logSigmoid", formulas.logSigmoid, [(g, _, a) => gate(g, sigmoid(neg(a)))]);
/** log(1 + exp(a)). */
export const softplus: Unary = unary("softplus", formulas.softplus, [(g, _, a) => gate(g, sigmoid(a))]);
export const relu: Unary = unary("relu", (a) => Math.max(a, 0), [(g, _, a) => gate(g, greater(a, 0))]);

// Choice: ties share the gradient of maximum and minimum
export const maximum: Binary = binary("maximum", (a, b) => Math.max(a, b), [
  (g, _, a, b) => gate(g, preferred(greater(a, b), a, b)),
  (g, _, a, b) => gate(g, preferred(greater(b, a), a, b)),
]);
export const minimum: Binary = binary("minimum", (a, b) => Math.min(a, b), [
  (g, _, a, b) => gate(g, preferred(less(a, b), a, b)),
  (g, _, a, b) => gate(g, preferred(less(b, a), a, b)),
]);
const preferred = (wins: Tensor, a: Tensor, b: Tensor): Tensor => add(wins, mul(0.5, equal(a, b)));
/** `a` where `condition` is not 0, else `b`; the branch not taken gets a gradient of exactly 0. */
export const where: Ternary = ternary("where", (condition, a, b) => (condition !== 0 ? a : b), [
  null,
  (g, _, condition) => where(condition, g, 0),
  (g, _, condition) => where(condition, 0, g),
]);
/** a limited to [lo, hi]; the gradient passes inside, and at, the limits. */
export const clip: Ternary = ternary("clip", (a, lo, hi) => Math.min(Math.max(a, lo), hi), [
  (g, y, a) => where(equal(y, a), g, 0),
  (g, _, a, lo) => where(less(a, lo), g, 0),
  (g, _, a, __, hi) => where(greater(a, hi), g, 0),
]);

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
/** To the nearest integer, halves to the even one, as NumPy does. */
export const round: Unary = unary(
  "round",
  (a) => (Math.abs(a % 1) === 0.5 ? 2 * Math.round(a / 2) : Math.round(a)),
  null,
);
