/**
 * A program is what a compiled function computes: inputs, constants, and ops in the order of the recording. If the same op is applied to
 * the same values twice, the program has it once, and equal numbers are one constant. Ops that the outputs do not need are dropped.
 */

import type { Op } from "../../../core/op.js";
import { elementsOf } from "../../../core/reads.js";
import type { Shape } from "../../../core/shape.js";
import { rawNumber, type Tensor } from "../../../core/tensor.js";
import { literal, paramsKey, sameParams } from "./params.js";
import type { Operand, RecordedOp, Recording } from "./recording.js";

/** A value of the program: an input, a constant, or the result of an op. */
export type Value =
  | { readonly kind: "input"; readonly shape: Shape }
  | { readonly kind: "constant"; readonly shape: Shape; readonly tensor: Tensor }
  | {
      readonly kind: "op";
      readonly shape: Shape;
      // biome-ignore lint/suspicious/noExplicitAny: a value pairs an op with parameters of its own type, whatever they are
      readonly op: Op<any>;
      readonly params: unknown;
      readonly inputs: readonly number[];
    };

export interface Program {
  /** The values in order: all inputs, then the constants and results of ops that the outputs need. */
  readonly values: readonly Value[];
  readonly inputCount: number;
  /** The indices in `values` of the outputs. */
  readonly outputs: readonly number[];
}

export type OpValue = Extract<Value, { kind: "op" }>;

/** The program of a recording. */
export function programOf(recording: Recording): Program {
  const { inputs, ops, outputs } = recording;
  const values: Value[] = inputs.map((shape) => ({ kind: "input", shape }));
  /** For each value of the run, its index in `values`. */
  const indices = inputs.map((_, i) => i);
  const constants = new Map<Tensor | string, number>();
  const indexOf = (x: Operand): number => {
    if (typeof x === "number") return indices[x] as number;
    const key = constantKey(x);
    const existing = constants.get(key);
    if (existing !== undefined) return existing;
    const index = values.push({ kind: "constant", shape: x.shape, tensor: x }) - 1;
    constants.set(key, index);
    return index;
  };
  const sameOps = new Map<string, number[]>();
  const opNumbers = new Map<object, number>();
  /** The index of an op's value; an equal op that is already there is used again. */
  const indexOfOp = (value: OpValue): number => {
    const { op, params, inputs: from } = value;
    const number = opNumbers.get(op) ?? opNumbers.size;
    opNumbers.set(op, number);
    const key = `${number}|${from}|${paramsKey(params)}`;
    const candidates = sameOps.get(key) ?? [];
    const existing = candidates.find((index) => sameParams((values[index] as OpValue).params, params));
    if (existing !== undefined) return existing;
    const index = values.push(value) - 1;
    candidates.push(index);
    sameOps.set(key, candidates);
    return index;
  };
  const needed = neededBy(recording);
  ops.forEach((recorded, i) => {
    const { op, params, shape } = recorded;
    const isNeeded = needed[inputs.length + i] === 1;
    indices.push(
      isNeeded ? indexOfOp({ kind: "op", op, params, shape, inputs: operandsRead(recorded).map(indexOf) }) : -1,
    );
  });
  return { values, inputCount: inputs.length, outputs: outputs.map(indexOf) };
}

/** Constants with more elements than this are equal only if they are the same tensor. */
const MAX_COMPARED = 64;

/** A key that equal constants share, so that they become one value even if the function made several tensors. */
function constantKey(x: Tensor): Tensor | string {
  if (x.shape.length === 0) return literal(rawNumber(x));
  return x.size > MAX_COMPARED ? x : `${x.shape.join()}:${Array.from(elementsOf(x), literal).join()}`;
}

/**
 * The operands whose numbers an op reads. A view reads only its first operand; other operands, such as a surrogate loss, matter only for
 * gradients.
 */
const operandsRead = ({ op, operands }: RecordedOp): readonly Operand[] =>
  op.view === undefined ? operands : operands.slice(0, 1);

/** 1 for each value of a run that the outputs depend on. */
function neededBy({ inputs, ops, outputs }: Recording): Uint8Array {
  const needed = new Uint8Array(inputs.length + ops.length);
  const markNeeded = (operands: readonly Operand[]): void => {
    for (const x of operands) if (typeof x === "number") needed[x] = 1;
  };
  markNeeded(outputs);
  for (let i = ops.length - 1; i >= 0; i--)
    if (needed[inputs.length + i] === 1) markNeeded(operandsRead(ops[i] as RecordedOp));
  return needed;
}
