/**
 * The results of a compiled function: the recorded structure, filled with fresh tensors. Walking the recorded structure at each call would
 * take longer than running a small program, so code that builds the structure is generated once, with a constructor for each record.
 */
import { canGenerateCode } from "../../../provenance/base/codeGeneration.js";
import { emptyRecord } from "../../../provenance/base/records.js";
import { Tensor } from "../../core/tensor.js";
import { isContainer } from "../tree.js";
import { fillLeaves, isTensor } from "./signature.js";

export interface Maker {
  /** A value with the structure of the recorded result, made from other outputs. */
  readonly make: (outputs: readonly Tensor[]) => unknown;
  /** Whether the record with which the result begins still has exactly the fields with which it was made from these outputs. */
  readonly isUnmodified: (record: unknown, outputs: readonly Tensor[]) => boolean;
}

/** The record with which a result begins: the result itself or, if it is a list, its first item. */
export const leadingRecord = (result: unknown): unknown => (Array.isArray(result) ? result[0] : result);

/**
 * A maker of results like `value`. The code for [{ a: t, b: 2 }, u], where t and u are tensors and 2 is in the list of constants:
 *
 *     function Record0(x0,x1) { this["a"] = x0; this["b"] = x1; }
 *     Record0.prototype = prototype;
 *     return {
 *       make: (outputs) => [new Record0(outputs[0],constants[0]),outputs[1]],
 *       isUnmodified: (record, outputs) => fieldCount(record) === 2 && Object.is(record["a"], outputs[0]) && Object.is(…),
 *     };
 */
export function makerOf(value: unknown): Maker {
  if (!canGenerateCode()) return { make: (outputs) => fillLeaves(value, outputs, isTensor), isUnmodified: () => false };
  const constants: unknown[] = [];
  const constructors: string[] = [];
  const checks: string[] = [];
  let outputCount = 0;
  const constant = (x: unknown): string => `constants[${constants.push(x) - 1}]`;
  /** The name of a constructor of records with these keys. */
  const recordType = (keys: readonly string[]): string => {
    const name = `Record${constructors.length}`;
    const stores = keys.map((key, i) => `this[${JSON.stringify(key)}] = x${i};`).join(" ");
    constructors.push(
      `function ${name}(${keys.map((_, i) => `x${i}`)}) { ${stores} }\n${name}.prototype = prototype;\n`,
    );
    return name;
  };
  /** An expression that makes `x`. If `x` is in the leading record, `path` is where; else it is empty. */
  const textOf = (x: unknown, path: string): string => {
    if (!isContainer(x)) {
      const leaf = x instanceof Tensor ? `outputs[${outputCount++}]` : constant(x);
      if (path !== "") checks.push(`Object.is(${path}, ${leaf})`);
      return leaf;
    }
    if (x instanceof Map) {
      if (path !== "") checks.push("false");
      return `new Map([${[...x].map(([key, item]) => `[${constant(key)}, ${textOf(item, "")}]`)}])`;
    }
    // The holes of a list become undefined.
    const entries = Object.entries(Array.isArray(x) ? [...x] : (x as object));
    const place = x === leadingRecord(value) ? "record" : path;
    if (place !== "") checks.push(`fieldCount(${place}) === ${entries.length}`);
    const items = entries.map(([key, item]) => textOf(item, place && `${place}[${JSON.stringify(key)}]`));
    return Array.isArray(x) ? `[${items}]` : `new ${recordType(entries.map(([key]) => key))}(${items})`;
  };
  const text = textOf(value, "");
  const body = `"use strict";
${constructors.join("")}return {
  make: (outputs) => ${text},
  isUnmodified: (record, outputs) => ${checks.join(" && ") || false},
};`;
  const prototype = Object.getPrototypeOf(emptyRecord());
  return new Function("constants", "prototype", "fieldCount", body)(constants, prototype, fieldCount) as Maker;
}

/** How many fields a record or list has, including fields named by symbols; -1 for anything else. */
function fieldCount(x: unknown): number {
  if (typeof x !== "object" || x === null) return -1;
  let count = Object.getOwnPropertySymbols(x).length;
  for (const _ in x) count++;
  return count;
}
