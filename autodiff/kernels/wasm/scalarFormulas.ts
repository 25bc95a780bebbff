/**
 * The formulas read as JavaScript: functions of one number, which give what the SIMD code gives for each element, to the last
 * bit. They are what the elementwise ops compute with everywhere.
 */
import { formulas, helpers } from "./formulas.js";
import { scalarPrimitives } from "./primitives.js";

const NAMES = ["exp", "expm1", "log", "log1p", "tanh", "sigmoid", "softplus", "logSigmoid"] as const;
export type FormulaName = (typeof NAMES)[number];

function read(): Record<FormulaName, (x: number) => number> {
  const primitives = scalarPrimitives();
  const text = `"use strict";${helpers}${formulas}return { ${NAMES.join(", ")} };`;
  return new Function(...Object.keys(primitives), text)(...Object.values(primitives));
}

/** The functions by name. */
export const twins: Readonly<Record<FormulaName, (x: number) => number>> = /* @__PURE__ */ read();

/** The formula that a function is a reading of. */
export const formulaOf = (f: unknown): FormulaName | undefined => NAMES.find((name) => twins[name] === f);
