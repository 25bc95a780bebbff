/**
 * The formulas as JavaScript functions of numbers. Their results equal the results of the SIMD code to the last bit. Elementwise ops and
 * special functions use them instead of the functions of Math, whose last digits depend on the JavaScript engine.
 */
import { canGenerateCode } from "../../../provenance/base/codeGeneration.js";
import { farAngles, formulas, powersOf as powersOfText } from "./index.js";
import { interpret } from "./interpret.js";
import { bitPrimitives, scalarPrimitives } from "./primitives.js";

type Of1 = (x: number) => number;
type Of2 = (x: number, y: number) => number;
type Of3 = (x: number, y: number, z: number) => number;
// The functions defined in `formulas` that other files call, grouped by number of arguments.
const OF_ONE = [
  "exp",
  "expm1",
  "log",
  "log1p",
  "log1mexp",
  "tanh",
  "tanhSlope",
  "sigmoid",
  "logisticDensity",
  "softplus",
  "logSigmoid",
  "sin",
  "cos",
  "tan",
  "atan",
] as const;
const OF_TWO = ["pow", "logaddexp", "xlogy", "xlog1py", "logOnePlusSquareOver", "logRatio"] as const;
const OF_THREE = ["powSlope", "between"] as const;
type Named<F, Names extends readonly string[]> = { readonly [Name in Names[number]]: F };
type Formulas = Named<Of1, typeof OF_ONE> & Named<Of2, typeof OF_TWO> & Named<Of3, typeof OF_THREE>;
export type FormulaName = keyof Formulas;

interface Compiled {
  readonly formulas: Formulas;
  /** The powers of a number as a function of the exponent (power.ts). Only generated programs call it. */
  readonly powersOf: (x: number) => Of1;
}

function compile(): Compiled {
  const primitives = { ...bitPrimitives(), ...farAngles() };
  const all = scalarPrimitives + formulas;
  if (!canGenerateCode()) return { formulas: interpret(all, primitives) } as unknown as Compiled;
  const text = `"use strict";${all}${powersOfText}return { formulas: { ${[...OF_ONE, ...OF_TWO, ...OF_THREE]} }, powersOf };`;
  return new Function(...Object.keys(primitives), text)(...Object.values(primitives));
}

/** `scalarFormulas`: the functions by name. */
export const { formulas: scalarFormulas, powersOf } = /* @__PURE__ */ compile();
export const { exp, expm1, log, log1p, tanh, sigmoid, logisticDensity, log1mexp, sin, cos, tan, atan } = scalarFormulas;
export const { pow, xlogy, xlog1py, logOnePlusSquareOver, logRatio, between } = scalarFormulas;

/** The name of the formula that a function computes. */
export const formulaOf = (f: unknown): FormulaName | undefined =>
  (Object.keys(scalarFormulas) as FormulaName[]).find((name) => scalarFormulas[name] === f);
