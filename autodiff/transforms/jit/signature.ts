/**
 * When two calls of a compiled function are alike: the structure of the arguments, the shapes of their tensors, and all
 * other leaves by value (symbols, functions and instances of classes by identity, the last two held weakly). Asking this costs more
 * than a small program runs, so what jit itself returned last is recognised without a walk.
 */
import { requireDepth, requireNamedFields } from "../../../provenance/base/records.js";
import type { TensorLike } from "../../core/convert.js";
import { type Shape, sameShape } from "../../core/shape.js";
import { Tensor, tensor } from "../../core/tensor.js";
import { isContainer } from "../tree.js";
import { literal } from "./program/params.js";

/** A value taken apart: what must be equal, and the tensors that may differ. */
export interface Signature {
  readonly text: string;
  readonly leaves: readonly Tensor[];
}

/** Whether a leaf is an input of the program (else it is static). */
export const isInput = (leaf: unknown): boolean =>
  leaf instanceof Tensor ||
  (typeof leaf === "object" && leaf !== null && (ArrayBuffer.isView(leaf) || ("stride" in leaf && "shape" in leaf)));

const isTensor = (leaf: unknown): boolean => leaf instanceof Tensor;

export class Signatures {
  readonly #objects = new WeakMap<object, number>();
  readonly #symbols = new Map<symbol, number>();
  #count = 0;

  /** The signature of one argument that is not itself a tensor. */
  of(arg: unknown): Signature {
    return this.#walk(arg, isInput);
  }

  /** The signature of a result, of which only tensors are made anew at each call. */
  ofResult(value: unknown): Signature {
    return this.#walk(value, isTensor);
  }

  #walk(value: unknown, isLeaf: (x: unknown) => boolean): Signature {
    const leaves: Tensor[] = [];
    const textOf = (x: unknown, depth: number): string => {
      if (!isContainer(x)) {
        if (!isLeaf(x)) return this.#static(x);
        const leaf = tensor(x as TensorLike);
        leaves.push(leaf);
        return `[${leaf.shape}]`;
      }
      requireDepth("jit", depth);
      requireNamedFields("jit", x as object);
      const kind = Array.isArray(x) ? `list${x.length}` : x instanceof Map ? "Map" : "";
      const entries = x instanceof Map ? [...x] : Object.entries(x as object);
      return `${kind}{${entries.map(([key, item]) => `${this.#static(key)}: ${textOf(item, depth + 1)}`).join(", ")}}`;
    };
    return { text: textOf(value, 0), leaves };
  }

  #static(x: unknown): string {
    // JSON alone has one text for NaN and the infinities, and one for 0 and -0.
    if (Array.isArray(x)) return JSON.stringify(x, (_, item) => (typeof item === "number" ? literal(item) : item));
    if (typeof x === "string") return JSON.stringify(x);
    if (typeof x === "number") return literal(x);
    if (typeof x === "symbol") return `symbol ${this.#numberOf(this.#symbols, x)}`;
    if ((typeof x !== "object" && typeof x !== "function") || x === null) return `${typeof x} ${String(x)}`;
    return `${typeof x === "function" ? "function" : (x.constructor?.name ?? "object")} #${this.#numberOf(this.#objects, x)}`;
  }

  #numberOf<K>(known: { get(key: K): number | undefined; set(key: K, number: number): unknown }, x: K): number {
    const number = known.get(x) ?? ++this.#count;
    known.set(x, number);
    return number;
  }
}

/** One argument of a known key: a tensor of this shape, or whatever has this signature. */
export type ArgumentKey = Shape | string;

/** A record that a call returned last: its signature, and which of the outputs are its leaves. */
export interface Returned {
  part: unknown;
  readonly text: string;
  outputs: readonly Tensor[];
  readonly from: number;
  readonly to: number;
  /** Whether the record still has what it was returned with, and nothing else. */
  readonly isWhole: (part: unknown, outputs: readonly Tensor[]) => boolean;
}

/** The inputs of a call whose arguments match `keys`; null where they do not. A tree is looked at only if it is not known. */
export function match(
  keys: readonly ArgumentKey[],
  args: readonly unknown[],
  known: readonly Returned[],
  signatures: Signatures,
): Tensor[] | null {
  if (keys.length !== args.length) return null;
  const inputs: Tensor[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    const key = keys[i] as ArgumentKey;
    if (arg instanceof Tensor) {
      if (typeof key === "string" || !sameShape(arg.shape, key)) return null;
      inputs.push(arg);
      continue;
    }
    let returned: Returned | null = null;
    for (let k = 0; k < known.length; k++) if ((known[k] as Returned).part === arg) returned = known[k] as Returned;
    if (returned?.isWhole(arg, returned.outputs)) {
      if (returned.text !== key) return null;
      for (let k = returned.from; k < returned.to; k++) inputs.push(returned.outputs[k] as Tensor);
      continue;
    }
    const { text, leaves } = signatures.of(arg);
    if (text !== key) return null;
    for (let k = 0; k < leaves.length; k++) inputs.push(leaves[k] as Tensor);
  }
  return inputs;
}
