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

/**
 * The program of a recording. For example, exp(2 * x) + exp(2 * x) is recorded as 2 * x, exp, 2 * x, exp, add. The values of its program are
 *
 *     0: x     1: the constant 2     2: mul(1, 0)     3: exp(2)     4: add(3, 3)          outputs: [4]
 */
export function programOf(recording: Recording): Program {
  const { inputs, ops, outputs } = recording;
  const values = new UniqueValues(inputs);
  /** For each value of the run, its index in the program. */
  const indices = inputs.map((_, i) => i);
  const indexOf = (x: Operand): number => (typeof x === "number" ? (indices[x] as number) : values.addConstant(x));
  const needed = neededBy(recording);
  ops.forEach((recorded, i) => {
    const { op, params, shape } = recorded;
    const isNeeded = needed[inputs.length + i] === 1;
    indices.push(
      isNeeded ? values.addOp({ kind: "op", op, params, shape, inputs: operandsRead(recorded).map(indexOf) }) : -1,
    );
  });
  return { values: values.list, inputCount: inputs.length, outputs: outputs.map(indexOf) };
}

/** The values of a program. A value that is added again gets the index that it already has. */
class UniqueValues {
  readonly list: Value[];
  readonly #constants = new Map<Tensor | string, number>();
  /** The indices of op values, by a text that is equal for equal values, but not only for these. */
  readonly #ops = new Map<string, number[]>();
  readonly #opNumbers = new Map<object, number>();

  constructor(inputs: readonly Shape[]) {
    this.list = inputs.map((shape) => ({ kind: "input", shape }));
  }

  addConstant(tensor: Tensor): number {
    const key = constantKey(tensor);
    const index = this.#constants.get(key) ?? this.#add({ kind: "constant", shape: tensor.shape, tensor });
    this.#constants.set(key, index);
    return index;
  }

  addOp(value: OpValue): number {
    const { op, params, inputs } = value;
    const number = this.#opNumbers.get(op) ?? this.#opNumbers.size;
    this.#opNumbers.set(op, number);
    const key = `${number}|${inputs}|${paramsKey(params)}`;
    const candidates = this.#ops.get(key) ?? [];
    const existing = candidates.find((index) => sameParams((this.list[index] as OpValue).params, params));
    if (existing !== undefined) return existing;
    candidates.push(this.#add(value));
    this.#ops.set(key, candidates);
    return this.list.length - 1;
  }

  #add(value: Value): number {
    return this.list.push(value) - 1;
  }
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
