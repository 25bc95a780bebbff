/**
 * What a compiled function returns: the structure of its recording, filled with fresh tensors. A small program runs faster than
 * a walk builds a record, so the structure becomes text once, each record a constructor of its own.
 */
import { Tensor } from "../tensor.js";
import { emptyRecord, isContainer } from "../tree.js";
import type { Returned, Signatures } from "./signature.js";

type Make = (outputs: readonly Tensor[], returned: Returned[]) => unknown;

export class Result {
  /** The tensors of the recorded value, in order. */
  readonly outputs: Tensor[] = [];
  /** The records of the last value that a loop may hand back: the value itself and those right in it. */
  readonly returned: Returned[] = [];
  readonly #constants: unknown[] = [];
  readonly #constructors: string[] = [];
  readonly #make: Make;

  constructor(value: unknown, signatures: Signatures) {
    const text = this.#textOf(value, 0, signatures);
    const body = `"use strict";\n${this.#constructors.join("\n")}\nreturn (outputs, returned) => ${text};`;
    const make = new Function("constants", "bare", body);
    this.#make = make(this.#constants, Object.getPrototypeOf(emptyRecord())) as Make;
  }

  /** A value like the recorded one. */
  of(outputs: readonly Tensor[]): unknown {
    for (let i = 0; i < this.returned.length; i++) (this.returned[i] as Returned).outputs = outputs;
    return this.#make(outputs, this.returned);
  }

  /** An expression that makes the value. */
  #textOf(value: unknown, depth: number, signatures: Signatures): string {
    if (value instanceof Tensor) return `outputs[${this.outputs.push(value) - 1}]`;
    if (!isContainer(value)) return this.#constant(value);
    if (value instanceof Map) {
      const entries = [...value].map(
        ([k, item]) => `[${this.#constant(k)}, ${this.#textOf(item, depth + 1, signatures)}]`,
      );
      return `new Map([${entries}])`;
    }
    const from = this.outputs.length;
    const items = Object.values(value as object).map((item) => this.#textOf(item, depth + 1, signatures));
    if (Array.isArray(value)) return `[${items}]`;
    const made = `new ${this.#recordType(Object.keys(value as object))}(${items})`;
    if (depth > 1) return made;
    const { text } = signatures.of(value);
    const place = this.returned.push({ part: null, text, outputs: [], from, to: this.outputs.length }) - 1;
    return `returned[${place}].part = ${made}`;
  }

  #constant(x: unknown): string {
    return `constants[${this.#constants.push(x) - 1}]`;
  }

  /** The name of a constructor of records with these keys. */
  #recordType(keys: readonly string[]): string {
    const name = `Record${this.#constructors.length}`;
    const stores = keys.map((key, i) => `this[${JSON.stringify(key)}] = x${i};`).join(" ");
    this.#constructors.push(
      `function ${name}(${keys.map((_, i) => `x${i}`)}) { ${stores} }\n${name}.prototype = bare;`,
    );
    return name;
  }
}
