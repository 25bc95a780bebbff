/**
 * A program is what one run of a function did, written down: inputs, captured constants, and ops in the order in which they
 * ran. The recorder writes it while the function runs eagerly; ops on constants are never written (they are folded), the same
 * op on the same values is written once, and what the outputs do not need is dropped.
 */
import { PedigradError } from "../../../provenance/index.js";
import { elementsOf } from "../../core/copy.js";
import type { Op } from "../../core/op.js";
import { caughtIn } from "../../core/reads.js";
import type { Recorder } from "../../core/recorder.js";
import { type Shape, sameShape } from "../../core/shape.js";
import { rawNumber, rawView, type Tensor, textOf } from "../../core/tensor.js";
import { literal } from "./expression.js";

/** A value of the program: the nth input, a constant, or what an op made. */
export type Value =
  | { readonly kind: "input"; readonly shape: Shape }
  | { readonly kind: "constant"; readonly shape: Shape; readonly tensor: Tensor }
  | {
      readonly kind: "op";
      readonly shape: Shape;
      // biome-ignore lint/suspicious/noExplicitAny: a step pairs an op with parameters of its own type, whatever they are
      readonly op: Op<any>;
      readonly params: unknown;
      readonly inputs: readonly number[];
    };

export interface Program {
  /** In order, inputs first; only what the outputs need. */
  readonly values: readonly Value[];
  readonly inputCount: number;
  /** Which values the outputs are. */
  readonly outputs: readonly number[];
}

/** Writes down a program while it listens to `apply`. */
export class ProgramRecorder implements Recorder {
  readonly #values: Value[] = [];
  readonly #places = new Map<Tensor, number>();
  readonly #written = new Map<string, number>();
  readonly #opNumbers = new Map<object, number>();
  readonly #numbers = new Map<string, number>();
  readonly #inputCount: number;
  /** What the program was refused because of a value that is none of its constants; it must not catch that. */
  #refusal: PedigradError | null = null;

  constructor(inputs: readonly Tensor[]) {
    this.#inputCount = inputs.length;
    for (const input of inputs) this.#places.set(input, this.#values.push({ kind: "input", shape: input.shape }) - 1);
  }

  record<P>(op: Op<P>, params: P, inputs: readonly Tensor[], result: Tensor): void {
    if (inputs.every((x) => this.#isConstant(x))) return;
    const places = inputs.map((x) => this.#placeOf(x));
    const number = this.#opNumbers.get(op) ?? this.#opNumbers.size;
    this.#opNumbers.set(op, number);
    const text = `${number}|${JSON.stringify(params)}|${places.join()}`;
    let place = this.#written.get(text);
    if (place === undefined) {
      place = this.#values.push({ kind: "op", shape: result.shape, op, params, inputs: places }) - 1;
      this.#written.set(text, place);
    }
    this.#places.set(result, place);
  }

  alias(x: Tensor, copy: Tensor): void {
    const place = this.#places.get(x);
    if (place !== undefined) this.#places.set(copy, place);
  }

  read(x: Tensor, how: string): void {
    if (this.#isConstant(x)) return;
    const sites = [...x.provenance].join(", ");
    const refusal = new PedigradError({
      code: "read-in-jit",
      op: how,
      site: sites || undefined,
      message: `${how}${sites && ` of a value that depends on {${sites}}`}: a compiled function is recorded once and runs again with other values, so it cannot read a value that depends on its inputs. Use where() instead of a branch, at() instead of an array index, pass what decides as a plain number (it becomes static), or run without jit.`,
    });
    this.#refusal ??= refusal;
    throw refusal;
  }

  refused(x: Tensor, refusal: PedigradError): void {
    if (!this.#isConstant(x)) this.#refusal ??= caughtIn("jit", refusal);
  }

  /** The program whose outputs are these tensors; refused where it caught a refusal that depends on its inputs. */
  finish(outputs: readonly Tensor[]): Program {
    if (this.#refusal !== null) throw this.#refusal;
    const places = outputs.map((x) => this.#placeOf(x));
    const needed = new Set(places);
    for (let i = this.#values.length - 1; i >= 0; i--) {
      const value = this.#values[i] as Value;
      if (value.kind === "op" && needed.has(i)) for (const input of value.inputs) needed.add(input);
    }
    const renumbered = new Map<number, number>();
    const values: Value[] = [];
    this.#values.forEach((value, i) => {
      if (value.kind !== "input" && !needed.has(i)) return;
      renumbered.set(i, values.length);
      const to = (places: readonly number[]) => places.map((place) => renumbered.get(place) as number);
      values.push(value.kind === "op" ? { ...value, inputs: to(value.inputs) } : value);
    });
    return { values, inputCount: this.#inputCount, outputs: places.map((place) => renumbered.get(place) as number) };
  }

  #isConstant(x: Tensor): boolean {
    const place = this.#places.get(x);
    return place === undefined || this.#values[place]?.kind === "constant";
  }

  #placeOf(x: Tensor): number {
    const known = this.#places.get(x);
    if (known !== undefined) return known;
    // Equal numbers are one constant, whether or not the function made a tensor for each.
    const number = x.shape.length === 0 ? rawNumber(x) : null;
    const same = number === null ? undefined : this.#numbers.get(literal(number));
    const place = same ?? this.#values.push({ kind: "constant", shape: x.shape, tensor: x }) - 1;
    if (number !== null) this.#numbers.set(literal(number), place);
    this.#places.set(x, place);
    return place;
  }
}

/** What differs between two recordings of one function, in words; null where nothing does. */
export function difference(a: Program, b: Program): string | null {
  const [first, second] = [a.values, b.values];
  for (let i = 0; i < Math.max(first.length, second.length); i++) {
    const [x, y] = [first[i], second[i]];
    if (x === undefined || y === undefined || x.kind !== y.kind || !sameShape(x.shape, y.shape))
      return `step ${i} was ${show(x)}, now it is ${show(y)}`;
    if (x.kind === "constant" && y.kind === "constant" && !sameBits(x.tensor, y.tensor))
      return `a captured constant was ${shorten(x.tensor)}, now it is ${shorten(y.tensor)}`;
    if (x.kind === "op" && y.kind === "op") {
      const sameInputs = x.inputs.length === y.inputs.length && x.inputs.every((place, k) => place === y.inputs[k]);
      if (x.op !== y.op || !sameInputs || JSON.stringify(x.params) !== JSON.stringify(y.params))
        return `step ${i} was ${show(x)}, now it is ${show(y)}`;
    }
  }
  return a.outputs.join() === b.outputs.join() ? null : "the outputs are made in another order";
}

const shorten = (x: Tensor): string => textOf(x).slice(0, 80);
const show = (value: Value | undefined): string =>
  value === undefined
    ? "missing"
    : value.kind === "op"
      ? `${value.op.name} ${JSON.stringify(value.params)} of values ${value.inputs.join(", ")}, shape [${value.shape}]`
      : `a ${value.kind} of shape [${value.shape}]`;

function sameBits(a: Tensor, b: Tensor): boolean {
  const [x, y] = [rawView(a), rawView(b)];
  if (x === y) return true;
  if (x.data === y.data && x.offset === y.offset) return true;
  const [left, right] = [elementsOf(a), elementsOf(b)];
  return left.every((value, i) => Object.is(value, right[i]));
}
