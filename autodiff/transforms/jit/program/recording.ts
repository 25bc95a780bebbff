/**
 * A recording of one run of a function: the ops that depend on an input, in the order in which they ran, and the constants that they used.
 * Ops on constants alone are not recorded, because their results are constants too. Recording costs little more than the run itself.
 * A comparison of another run with the recording costs less, because ops that depend on an input run without their kernels.
 */
import { PedigradError } from "../../../../provenance/index.js";
import type { Op } from "../../../core/op.js";
import { caughtRefusal, elementsOf } from "../../../core/reads.js";
import { nextRecordingSerial, type Recorder } from "../../../core/recorder.js";
import { type Shape, sameShape } from "../../../core/shape.js";
import { rawNumber, rawView, type Tensor, textOf } from "../../../core/tensor.js";
import { sameParams } from "./params.js";

/** A number stands for the value of the run with this index (inputs come first, from 0), and a tensor for a constant. */
export type Operand = number | Tensor;

/** An op that ran, with its operands. Its result is the next value of the run. */
export interface RecordedOp {
  // biome-ignore lint/suspicious/noExplicitAny: a recorded op pairs an op with parameters of its own type, whatever they are
  readonly op: Op<any>;
  readonly params: unknown;
  readonly operands: readonly Operand[];
  readonly shape: Shape;
}

export interface Recording {
  readonly inputs: readonly Shape[];
  readonly ops: readonly RecordedOp[];
  readonly outputs: readonly Operand[];
  /** What the run chose by numbers (`Recorder.choice`). */
  readonly choices?: readonly boolean[];
}

/** The recorder of a run. It gives a serial to each value that depends on an input, and treats all other values as constants. */
abstract class RunRecorder implements Recorder {
  readonly #serialBefore: number;
  /** The first refusal in the run. The program must not catch it. */
  #refusal: PedigradError | null = null;

  constructor(inputs: readonly Tensor[]) {
    this.#serialBefore = nextRecordingSerial();
    for (const input of inputs) this.assignSerial(input);
  }

  abstract record<P>(op: Op<P>, params: P, inputs: readonly Tensor[], result: Tensor): void;
  abstract choice(choose: () => boolean): boolean;

  /** Gives the next serial to a value of the run. */
  protected assignSerial(x: Tensor): void {
    x.recordingSerial = nextRecordingSerial();
  }

  protected operand(x: Tensor): Operand {
    return this.isVariable(x) ? x.recordingSerial - this.#serialBefore - 1 : x;
  }

  isVariable(x: Tensor): boolean {
    return x.recordingSerial > this.#serialBefore;
  }

  /** Whether the result of an op on these inputs is a value of the run, and not a constant. */
  protected dependsOnInput(inputs: readonly Tensor[]): boolean {
    for (let i = 0; i < inputs.length; i++) if (this.isVariable(inputs[i] as Tensor)) return true;
    return false;
  }

  read(x: Tensor, op: string): void {
    if (!this.isVariable(x)) return;
    const sites = [...x.provenance].join(", ");
    this.refuse(
      new PedigradError({
        code: "read-in-jit",
        op,
        site: sites || undefined,
        message: `${op}${sites && ` of a value that depends on {${sites}}`}: a compiled function is recorded once and runs again with other values, so it cannot read a value that depends on its inputs. Use where() instead of a branch, at() instead of an array index, pass the value as a plain number, or run without jit.`,
      }),
    );
  }

  noteRefusal(x: Tensor, refusal: PedigradError): void {
    if (this.isVariable(x)) this.#refusal ??= caughtRefusal("jit", refusal);
  }

  /** Throws the first refusal that depended on an input, if the program caught it and continued. */
  throwRefusal(): void {
    if (this.#refusal !== null) throw this.#refusal;
  }

  /** Stops the run; if the program catches this refusal, `throwRefusal` throws it again. */
  protected refuse(refusal: PedigradError): never {
    this.#refusal ??= refusal;
    throw refusal;
  }
}

/** The recorder that makes a recording. */
export class Writer extends RunRecorder {
  readonly #ops: RecordedOp[] = [];
  readonly #choices: boolean[] = [];

  constructor(readonly inputs: readonly Tensor[]) {
    super(inputs);
  }

  record<P>(op: Op<P>, params: P, inputs: readonly Tensor[], result: Tensor): void {
    if (!this.dependsOnInput(inputs)) return;
    const operands = new Array<Operand>(inputs.length);
    for (let i = 0; i < inputs.length; i++) operands[i] = this.operand(inputs[i] as Tensor);
    this.#ops.push({ op, params, operands, shape: result.shape });
    this.assignSerial(result);
  }

  choice(choose: () => boolean): boolean {
    const choice = choose();
    this.#choices.push(choice);
    return choice;
  }

  finish(outputs: readonly Tensor[]): Recording {
    this.throwRefusal();
    return {
      inputs: this.inputs.map((x) => x.shape),
      ops: this.#ops,
      outputs: outputs.map((x) => this.operand(x)),
      choices: this.#choices,
    };
  }
}

/**
 * Compares a run with a recording, op by op. At the first difference, it throws the error that `changedError` makes from a description
 * of the difference.
 */
export class Comparison extends RunRecorder {
  #opCount = 0;
  #choiceCount = 0;

  constructor(
    inputs: readonly Tensor[],
    readonly expected: Recording,
    readonly changedError: (difference: string) => PedigradError,
  ) {
    super(inputs);
  }

  record<P>(op: Op<P>, params: P, inputs: readonly Tensor[], result: Tensor): void {
    if (!this.dependsOnInput(inputs)) return;
    const expected = this.expected.ops[this.#opCount++];
    if (
      expected === undefined ||
      expected.op !== op ||
      !this.#sameOperands(expected.operands, inputs) ||
      !sameShape(expected.shape, result.shape) ||
      !sameParams(expected.params, params)
    )
      this.#differ(expected, { op, params, operands: inputs.map((x) => this.operand(x)), shape: result.shape });
    this.assignSerial(result);
  }

  choice(): boolean {
    return this.expected.choices?.[this.#choiceCount++] ?? false;
  }

  #sameOperands(before: readonly Operand[], now: readonly Tensor[]): boolean {
    if (before.length !== now.length) return false;
    for (let i = 0; i < now.length; i++)
      if (!sameOperand(before[i] as Operand, this.operand(now[i] as Tensor))) return false;
    return true;
  }

  #differ(before: RecordedOp | undefined, now: RecordedOp): never {
    const constant = before?.op === now.op ? differingConstant(before.operands, now.operands) : null;
    this.refuse(this.changedError(constant ?? `op ${this.#opCount} was ${show(before)}, now it is ${show(now)}`));
  }

  finish(outputs: readonly Tensor[]): void {
    this.throwRefusal();
    const { ops, outputs: expectedOutputs } = this.expected;
    if (this.#opCount < ops.length)
      throw this.changedError(`op ${this.#opCount + 1} was ${show(ops[this.#opCount])}, now it is missing`);
    const now = outputs.map((x) => this.operand(x));
    const constant = differingConstant(expectedOutputs, now);
    if (constant !== null) throw this.changedError(constant);
    if (!this.#sameOperands(expectedOutputs, outputs))
      throw this.changedError("the results are computed from other values, or returned in another order");
  }
}

const sameOperand = (before: Operand, now: Operand): boolean =>
  before === now || (typeof before === "object" && typeof now === "object" && sameBits(before, now));

/** A description of the first difference between constants at the same index; null if there is none. */
function differingConstant(before: readonly Operand[], now: readonly Operand[]): string | null {
  for (let i = 0; i < before.length; i++) {
    const [x, y] = [before[i] as Operand, now[i] as Operand];
    if (typeof x === "object" && typeof y === "object" && !sameOperand(x, y))
      return `a captured constant was ${shorten(x)}, now it is ${shorten(y)}`;
  }
  return null;
}

function sameBits(a: Tensor, b: Tensor): boolean {
  if (!sameShape(a.shape, b.shape)) return false;
  if (a.isNumber && b.isNumber) return Object.is(rawNumber(a), rawNumber(b));
  const [x, y] = [rawView(a), rawView(b)];
  if (x.data === y.data && x.offset === y.offset && x.stride.every((step, i) => step === y.stride[i])) return true;
  const [left, right] = [elementsOf(a), elementsOf(b)];
  for (let i = 0; i < left.length; i++) if (!Object.is(left[i], right[i])) return false;
  return true;
}

const shorten = (x: Tensor): string => textOf(x).slice(0, 80);
const show = (recorded: RecordedOp | undefined): string =>
  recorded === undefined
    ? "missing"
    : `${recorded.op.name} ${JSON.stringify(recorded.params)} of ${recorded.operands.map((x) => (typeof x === "number" ? `value ${x}` : "a constant")).join(", ")}, shape [${recorded.shape}]`;
