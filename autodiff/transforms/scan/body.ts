/**
 * The body of a loop as a program. It is recorded on tensors that have shapes but no numbers. If an earlier recording is equal, the program
 * of the earlier recording is used again. So a loop inside a training step is compiled once, not at every step.
 */
import { apply } from "../../core/apply.js";
import { type Batch, inTrace, refuseRead, type Tracer } from "../../core/batch.js";
import type { Op } from "../../core/op.js";
import type { Shape } from "../../core/shape.js";
import { absent, ofBatch, type Tensor } from "../../core/tensor.js";
import { type BoundProgram, bindProgram } from "../jit/compile/executable.js";
import { sameParams } from "../jit/program/params.js";
import { type Program, programOf } from "../jit/program/program.js";
import type { RecordedOp, Recording } from "../jit/program/recording.js";

/** The body of a loop. It has no constants: tensors that it uses from outside are among its inputs. */
export class Body {
  readonly program: Program;
  #bound: BoundProgram | null = null;

  constructor(
    readonly recording: Recording,
    readonly id: number,
  ) {
    this.program = programOf(recording);
  }

  /** The shapes of the body's results. */
  get outputs(): Shape[] {
    return this.program.outputs.map((index) => (this.program.values[index] as { shape: Shape }).shape);
  }

  /** The body ready to run, with its memory. */
  get bound(): BoundProgram {
    this.#bound ??= bindProgram(this.program);
    return this.#bound;
  }

  /** The body as a function of tensors. */
  call(inputs: readonly Tensor[]): Tensor[] {
    const values: Tensor[] = [];
    const of = (index: number): Tensor => values[index] as Tensor;
    this.program.values.forEach((value, i) => {
      if (value.kind === "op") values.push(apply(value.op, value.params, ...value.inputs.map(of)));
      else values.push(inputs[i] as Tensor);
    });
    return this.program.outputs.map(of);
  }

  /** A text that differs from body to body, so that recordings that contain bodies can be compared. */
  toJSON(): string {
    return `body ${this.id}`;
  }
}

/** Records `f` on tensors of these shapes. Returns the body, and the tensors from outside, which become further inputs. */
export function recordBody(
  f: (...xs: Tensor[]) => Tensor[],
  shapes: readonly Shape[],
): { body: Body; captured: Tensor[] } {
  return inTrace((level) => {
    const recorder = new BodyRecorder(level, shapes);
    const outputs = f(...recorder.arguments);
    return { body: canonicalBody(recorder.finish(outputs)), captured: recorder.captured };
  });
}

/** Records a body: each op that depends on the arguments is kept. */
class BodyRecorder implements Tracer {
  readonly arguments: readonly Tensor[];
  readonly captured: Tensor[] = [];
  readonly #ops: RecordedOp[] = [];
  /** The index of each argument and result. The key is the tensor's `batch`, because copies of the tensor have the same `batch`. */
  readonly #indices = new Map<Batch, number>();
  /** Tensors from outside. While the body is recorded, their indices are -1, -2, …, because it is not known how many there will be. */
  readonly #outside = new Map<Tensor, number>();
  isOpen = true;

  constructor(
    readonly level: number,
    readonly shapes: readonly Shape[],
  ) {
    this.arguments = shapes.map((shape) => this.#make(shape));
  }

  #make(shape: Shape): Tensor {
    const value = absent([1, ...shape]);
    const argument = ofBatch({ level: this.level, value, tracer: this });
    this.#indices.set(argument.batch as Batch, this.#indices.size);
    return argument;
  }

  record<P>(op: Op<P>, params: P, inputs: readonly Tensor[]): Tensor {
    if (!this.isOpen) refuseRead(inputs.find((x) => x.batch?.tracer === this)?.batch as Batch, op.name);
    const shape = op.shape(params, inputs);
    this.#ops.push({ op, params, operands: inputs.map((x) => this.#indexOf(x)), shape });
    return this.#make(shape);
  }

  #indexOf(x: Tensor): number {
    const index = x.batch === null ? undefined : this.#indices.get(x.batch);
    if (index !== undefined) return index;
    const outsideIndex = this.#outside.get(x);
    if (outsideIndex !== undefined) return outsideIndex;
    this.#outside.set(x, -this.captured.push(x));
    return -this.captured.length;
  }

  finish(outputs: readonly Tensor[]): Recording {
    this.isOpen = false;
    const outputIndices = outputs.map((x) => this.#indexOf(x));
    const argumentCount = this.shapes.length;
    // The final order: the arguments, the tensors from outside, then the results of ops.
    const finalIndex = (index: number): number =>
      index < 0 ? argumentCount - index - 1 : index < argumentCount ? index : index + this.captured.length;
    return {
      inputs: [...this.shapes, ...this.captured.map((x) => x.shape)],
      ops: this.#ops.map((recorded) => ({ ...recorded, operands: (recorded.operands as number[]).map(finalIndex) })),
      outputs: outputIndices.map(finalIndex),
    };
  }
}

const MAX_RECENT = 16;
/** All bodies that something still refers to. */
const bodies = /* @__PURE__ */ new Set<WeakRef<Body>>();
/** The most recently used bodies. This list keeps them alive after the step that uses them. */
const recent: Body[] = [];
let bodyCount = 0;

/** The body for a recording. Equal recordings share one body, as long as something refers to it. */
function canonicalBody(recording: Recording): Body {
  let body = existingBody(recording);
  if (body === undefined) {
    body = new Body(recording, ++bodyCount);
    bodies.add(new WeakRef(body));
  }
  const index = recent.indexOf(body);
  if (index >= 0) recent.splice(index, 1);
  recent.unshift(body);
  if (recent.length > MAX_RECENT) recent.pop();
  return body;
}

function existingBody(recording: Recording): Body | undefined {
  for (const reference of bodies) {
    const body = reference.deref();
    if (body === undefined) bodies.delete(reference);
    else if (sameParams(body.recording, recording)) return body;
  }
  return undefined;
}
