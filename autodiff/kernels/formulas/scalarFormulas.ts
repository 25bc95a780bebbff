/**
 * The formulas read as JavaScript: functions of numbers, which give what the SIMD code gives for each element, to the last bit. They
 * are what the elementwise ops and all special functions compute with, in place of those of Math, whose last digits depend on the
 * engine.
 */
import { canGenerateCode } from "../../../provenance/base/codeGeneration.js";
import { farAngles, formulas } from "./index.js";
import { interpret } from "./interpret.js";
import { scalarPrimitives } from "./primitives.js";

type Of1 = (x: number) => number;
type Of2 = (x: number, y: number) => number;
type Of3 = (x: number, y: number, z: number) => number;
interface Formulas {
  readonly exp: Of1;
  readonly expm1: Of1;
  readonly log: Of1;
  readonly log1p: Of1;
  readonly tanh: Of1;
  readonly sigmoid: Of1;
  readonly logisticDensity: Of1;
  readonly softplus: Of1;
  readonly logSigmoid: Of1;
  readonly log1mexp: Of1;
  readonly sin: Of1;
  readonly cos: Of1;
  readonly tan: Of1;
  readonly atan: Of1;
  readonly pow: Of2;
  readonly logaddexp: Of2;
  readonly xlogy: Of2;
  readonly xlog1py: Of2;
  readonly powSlope: Of3;
  readonly between: Of3;
}
export type FormulaName = keyof Formulas;

const NAMES =
  "exp expm1 log log1p tanh sigmoid logisticDensity softplus logSigmoid log1mexp sin cos tan atan pow logaddexp xlogy xlog1py powSlope between";

function read(): Formulas {
  const primitives = { ...scalarPrimitives(), ...farAngles() };
  if (!canGenerateCode()) return interpret(formulas, primitives) as unknown as Formulas;
  const text = `"use strict";${formulas}return { ${NAMES.replaceAll(" ", ", ")} };`;
  return new Function(...Object.keys(primitives), text)(...Object.values(primitives));
}

/** The functions by name. */
export const scalarFormulas: Formulas = /* @__PURE__ */ read();
export const { exp, expm1, log, log1p, tanh, sigmoid, logisticDensity, softplus, logSigmoid, log1mexp } =
  scalarFormulas;
export const { sin, cos, tan, atan, pow, logaddexp, xlogy, xlog1py, powSlope, between } = scalarFormulas;

/** The name of the formula that a function computes. */
export const formulaOf = (f: unknown): FormulaName | undefined =>
  (Object.keys(scalarFormulas) as FormulaName[]).find((name) => scalarFormulas[name] === f);
