/**
 * The results of a compiled function: the recorded structure, filled with fresh tensors. To build it by a walk would take longer than a
 * small program runs, so code that builds the structure is generated once, with a constructor for each record.
 */
import { canGenerateCode } from "../../../provenance/base/codeGeneration.js";
import { emptyRecord } from "../../../provenance/base/records.js";
import { Tensor } from "../../core/tensor.js";
import { isContainer } from "../tree.js";
import { type ArgumentKey, fillLeaves, isTensor, type ReturnedRecord, type Signatures } from "./signature.js";

type Make = (outputs: readonly Tensor[], returned: ReturnedRecord[]) => unknown;

export class Result {
  /** The tensors of the recorded value, in order. */
  readonly outputs: Tensor[] = [];
  /** The text of the result's signature, which all later results must have too. */
  readonly text: string;
  /** The records of the last result that a loop may pass back: the result itself or, if it is a list, the records in it. */
  readonly returned: ReturnedRecord[] = [];
  readonly #constants: unknown[] = [];
  readonly #constructors: string[] = [];
  /** For each leaf, the text of a condition: that a record still has this leaf. */
  readonly #checks: string[] = [];
  readonly #make: Make;

  constructor(value: unknown, signatures: Signatures) {
    this.text = signatures.ofResult(value).text;
    const text = this.#textOf(value, signatures, true, "record");
    const body = `"use strict";\n${this.#constructors.join("\n")}\nreturn (outputs, returned) => ${text};`;
    this.#make = this.#evaluated<Make>(body) ?? ((outputs) => fillLeaves(value, outputs, isTensor));
  }

  /** The result of a generated function body that may use the constants; null where code generation is forbidden. */
  #evaluated<T>(body: string): T | null {
    if (!canGenerateCode()) return null;
    const prototype = Object.getPrototypeOf(emptyRecord());
    return new Function("constants", "prototype", "fieldCount", body)(this.#constants, prototype, fieldCount) as T;
  }

  /**
   * The record at the start of the result, if its signature is `key`, the signature of the first argument, so that a loop can pass it back.
   */
  leadingRecord(key: ArgumentKey | undefined): ReturnedRecord | undefined {
    if (key === undefined || !("text" in key)) return undefined;
    return this.returned.find(({ from, text }) => from === 0 && text === key.text);
  }

  /** A result with the structure of the recorded result, made from these outputs. */
  of(outputs: readonly Tensor[]): unknown {
    for (let i = 0; i < this.returned.length; i++) (this.returned[i] as ReturnedRecord).outputs = outputs;
    return this.#make(outputs, this.returned);
  }

  /**
   * An expression that makes the value. `mayBePassedBack`: whether a loop may pass this value (or, for a list, the records in it) back as
   * an argument. If not, the value is inside a record that may be passed back, and `path` says where.
   */
  #textOf(value: unknown, signatures: Signatures, mayBePassedBack: boolean, path: string): string {
    if (!isContainer(value)) {
      const isOutput = value instanceof Tensor;
      const leaf = isOutput ? `outputs[${this.outputs.push(value) - 1}]` : this.#constant(value);
      this.#checks.push(isOutput ? `${path} === ${leaf}` : `Object.is(${path}, ${leaf})`);
      return leaf;
    }
    if (value instanceof Map) {
      this.#checks.push(`${path}?.size === ${value.size}`);
      const entries = [...value].map(([key, item]) => {
        const k = this.#constant(key);
        return `[${k}, ${this.#textOf(item, signatures, false, `${path}?.get(${k})`)}]`;
      });
      return `new Map([${entries}])`;
    }
    this.#checks.push(`fieldCount(${path}) === ${Object.keys(value as object).length}`);
    const isPassedBack = mayBePassedBack && !Array.isArray(value);
    const [from, firstCheck] = [this.outputs.length, this.#checks.length - 1];
    const isList = mayBePassedBack && !isPassedBack;
    const items = Object.entries(value as object).map(([key, item]) =>
      this.#textOf(item, signatures, isList, isList ? "record" : `${path}?.[${JSON.stringify(key)}]`),
    );
    if (Array.isArray(value)) return `[${items}]`;
    const expression = `new ${this.#recordType(Object.keys(value as object))}(${items})`;
    if (!isPassedBack) return expression;
    const checks = this.#checks.slice(firstCheck).join(" && ") || "true";
    const generatedCheck = this.#evaluated<ReturnedRecord["isUnmodified"]>(`return (record, outputs) => ${checks};`);
    const isUnmodified = generatedCheck ?? (() => false);
    const { text } = signatures.of(value);
    const index =
      this.returned.push({ value: null, text, outputs: [], from, to: this.outputs.length, isUnmodified }) - 1;
    return `returned[${index}].value = ${expression}`;
  }

  #constant(x: unknown): string {
    return `constants[${this.#constants.push(x) - 1}]`;
  }

  /** The name of a constructor of records with these keys. */
  #recordType(keys: readonly string[]): string {
    const name = `Record${this.#constructors.length}`;
    const stores = keys.map((key, i) => `this[${JSON.stringify(key)}] = x${i};`).join(" ");
    this.#constructors.push(
      `function ${name}(${keys.map((_, i) => `x${i}`)}) { ${stores} }\n${name}.prototype = prototype;`,
    );
    return name;
  }
}

/** How many fields a record or list has, including fields named by symbols; -1 for anything else. */
function fieldCount(x: unknown): number {
  if (typeof x !== "object" || x === null) return -1;
  let count = Object.getOwnPropertySymbols(x).length;
  for (const _ in x) count++;
  return count;
}
