/**
 * What a compiled function returns: the structure of its recording, filled with fresh tensors. A small program runs faster than
 * a walk builds a record, so the structure becomes text once, each record a constructor of its own.
 */
import { Tensor } from "../tensor.js";
import { emptyRecord, isContainer } from "../tree.js";
import type { Returned, Signatures } from "./signature.js";

/** The signature of a record in the result, and its range of outputs. */
interface Part {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

type Make = (outputs: readonly Tensor[], parts: unknown[]) => unknown;

export class Result {
  /** The tensors of the recorded value, in order. */
  readonly outputs: Tensor[] = [];
  readonly #constants: unknown[] = [];
  readonly #constructors: string[] = [];
  /** The records that a loop may hand back: the value itself and those right in it. */
  readonly #parts: Part[] = [];
  readonly #make: Make;

  constructor(value: unknown, signatures: Signatures) {
    const text = this.#textOf(value, 0, signatures);
    const body = `"use strict";\n${this.#constructors.join("\n")}\nreturn (outputs, parts) => ${text};`;
    const make = new Function("constants", "bare", body);
    this.#make = make(this.#constants, Object.getPrototypeOf(emptyRecord())) as Make;
  }

  /** A value like the recorded one; its records are noted in `returned`. */
  of(outputs: readonly Tensor[], returned: Returned[]): unknown {
    const parts = new Array<unknown>(this.#parts.length);
    const value = this.#make(outputs, parts);
    returned.length = 0;
    for (let i = 0; i < parts.length; i++) {
      const { text, from, to } = this.#parts[i] as Part;
      returned.push({ part: parts[i], text, leaves: outputs.slice(from, to) });
    }
    return value;
  }

  /** An expression that makes the value. */
  #textOf(value: unknown, depth: number, signatures: Signatures): string {
    if (value instanceof Tensor) return `outputs[${this.outputs.push(value) - 1}]`;
    if (!isContainer(value) || value instanceof Map) return `constants[${this.#constants.push(value) - 1}]`;
    const from = this.outputs.length;
    const items = Object.values(value as object).map((item) => this.#textOf(item, depth + 1, signatures));
    if (Array.isArray(value)) return `[${items}]`;
    const made = `new ${this.#recordType(Object.keys(value as object))}(${items})`;
    if (depth > 1) return made;
    const part = { text: signatures.of(value).text, from, to: this.outputs.length };
    return `parts[${this.#parts.push(part) - 1}] = ${made}`;
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
