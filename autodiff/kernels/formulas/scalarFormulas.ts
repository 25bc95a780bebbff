/**
 * The formulas read as JavaScript: functions of numbers, which give what the SIMD code gives for each element, to the last bit. They
 * are what the elementwise ops and all special functions compute with, in place of those of Math, whose last digits engines choose.
 */
import { farAngles, formulas } from "./index.js";
import { scalarPrimitives } from "./primitives.js";

const UNARY = [
  "exp",
  "expm1",
  "log",
  "log1p",
  "tanh",
  "sigmoid",
  "logisticDensity",
  "softplus",
  "logSigmoid",
  "sin",
  "cos",
  "tan",
  "atan",
] as const;
const NAMES = [...UNARY, "pow"] as const;
export type FormulaName = (typeof NAMES)[number];
type Functions = Record<(typeof UNARY)[number], (x: number) => number> & {
  readonly pow: (x: number, y: number) => number;
};

function read(): Functions {
  const primitives = { ...scalarPrimitives(), ...farAngles() };
  const text = `"use strict";${formulas}return { ${NAMES.join(", ")} };`;
  return new Function(...Object.keys(primitives), text)(...Object.values(primitives));
}

/** The functions by name. */
export const scalarFormulas: Readonly<Functions> = /* @__PURE__ */ read();
export const {
  exp,
  expm1,
  log,
  log1p,
  tanh,
  sigmoid,
  logisticDensity,
  softplus,
  logSigmoid,
  sin,
  cos,
  tan,
  atan,
  pow,
} = scalarFormulas;

/** The formula that a function is a reading of. */
export const formulaOf = (f: unknown): FormulaName | undefined => NAMES.find((name) => scalarFormulas[name] === f);
