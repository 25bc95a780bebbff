/**
 * The body of a loop as a program: written down once, on tensors that have shapes and no numbers, and known again by what it does, so
 * that a loop in the middle of a step is compiled once and not at every step.
 */
import { canGenerateCode } from "../../../provenance/base/codeGeneration.js";
import { apply } from "../../core/apply.js";
import { inTrace, type Tracer } from "../../core/batch.js";
import type { Op } from "../../core/op.js";
import { type Shape, sameShape } from "../../core/shape.js";
import { absent, type Batch, ofBatch, type Tensor, unreadable } from "../../core/tensor.js";
import { bound } from "../jit/compile/executable.js";
import { paramsKey, sameParams } from "../jit/program/params.js";
import { type Program, programOf } from "../jit/program/program.js";
import type { Recording, Step } from "../jit/program/recording.js";
import { interpreted, type Runnable } from "./interpret.js";

/** A body without constants of its own: what it was written down with from outside is among its inputs. */
export class Body {
  readonly #recording: Recording;
  readonly program: Program;
  #runnable: Runnable | null = null;

  constructor(
    recording: Recording,
    readonly id: number,
  ) {
    this.#recording = recording;
    this.program = programOf(recording);
  }

  get inputs(): readonly Shape[] {
    return this.#recording.inputs;
  }
  /** The shapes of its results. */
  get outputs(): Shape[] {
    return this.program.outputs.map((place) => (this.program.values[place] as { shape: Shape }).shape);
  }

  /** Its memory, and its generated function or what stands in for it. */
  get runnable(): Runnable {
    this.#runnable ??= canGenerateCode() ? compiled(this.program) : interpreted(this.program);
    return this.#runnable;
  }

  /** The body as a function of tensors. */
  call(inputs: readonly Tensor[]): Tensor[] {
    const values: Tensor[] = [];
    const of = (place: number): Tensor => values[place] as Tensor;
    this.program.values.forEach((value, i) => {
      if (value.kind === "op") values.push(apply(value.op, value.params, ...value.inputs.map(of)));
      else values.push(inputs[i] as Tensor);
    });
    return this.program.outputs.map(of);
  }

  isOf({ inputs, steps, outputs }: Recording): boolean {
    const own = this.#recording;
    return (
      own.inputs.length === inputs.length &&
      own.inputs.every((shape, i) => sameShape(shape, inputs[i] as Shape)) &&
      sameParams(own.outputs, outputs) &&
      own.steps.length === steps.length &&
      own.steps.every((step, i) => {
        const { op, params, operands } = steps[i] as Step;
        return step.op === op && sameParams(step.operands, operands) && sameParams(step.params, params);
      })
    );
  }

  /** How recordings of what is around it tell it from others. */
  toJSON(): string {
    return `body ${this.id}`;
  }
}

function compiled(program: Program): Runnable {
  const { layout, run } = bound(program);
  return { view: (place) => layout.view(place), owner: (place) => layout.views.owner(place), run };
}

/** `f` of tensors of these shapes as a body, and the tensors from outside that are its further inputs. */
export function bodyOf(f: (...xs: Tensor[]) => Tensor[], shapes: readonly Shape[]): { body: Body; captured: Tensor[] } {
  return inTrace((level) => {
    const writer = new Writer(level, shapes);
    const outputs = f(...writer.arguments);
    return { body: known(writer.finish(outputs)), captured: writer.captured };
  });
}

/** Writes a body down: each op on what depends on the arguments becomes a step. */
class Writer implements Tracer {
  readonly arguments: readonly Tensor[];
  readonly captured: Tensor[] = [];
  readonly #steps: Step[] = [];
  /** Arguments and results by what makes them examples, which copies of a tensor have in common. */
  readonly #places = new Map<Batch, number>();
  /** Tensors from outside: -1, -2, … until it is known how many there are. */
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
    const made = ofBatch({ level: this.level, value, tracer: this });
    this.#places.set(made.batch as Batch, this.#places.size);
    return made;
  }

  record<P>(op: Op<P>, params: P, inputs: readonly Tensor[]): Tensor {
    if (!this.isOpen) unreadable(inputs.find((x) => x.batch?.tracer === this)?.batch as Batch, op.name);
    const shape = op.shape(params, inputs);
    this.#steps.push({ op, params, operands: inputs.map((x) => this.#placeOf(x)), shape });
    return this.#make(shape);
  }

  #placeOf(x: Tensor): number {
    const place = x.batch === null ? undefined : this.#places.get(x.batch);
    if (place !== undefined) return place;
    const before = this.#outside.get(x);
    if (before !== undefined) return before;
    this.#outside.set(x, -this.captured.push(x));
    return -this.captured.length;
  }

  finish(outputs: readonly Tensor[]): Recording {
    this.isOpen = false;
    const ends = outputs.map((x) => this.#placeOf(x));
    const own = this.shapes.length;
    // Inputs come first: the arguments, what is from outside, then the results of steps.
    const moved = (place: number): number =>
      place < 0 ? own - place - 1 : place < own ? place : place + this.captured.length;
    return {
      inputs: [...this.shapes, ...this.captured.map((x) => x.shape)],
      steps: this.#steps.map((step) => ({ ...step, operands: (step.operands as number[]).map(moved) })),
      outputs: ends.map(moved),
    };
  }
}

const KEPT = 16;
const bodies = /* @__PURE__ */ new Map<string, WeakRef<Body>[]>();
/** The bodies that were asked for last, so that they outlive the step that needs them. */
const recent: Body[] = [];
const opNumbers = /* @__PURE__ */ new WeakMap<object, number>();
let made = 0;
let ops = 0;

function numberOf(op: object): number {
  const number = opNumbers.get(op) ?? ++ops;
  opNumbers.set(op, number);
  return number;
}

/** The one body for all equal recordings, as long as somebody has it. */
function known(recording: Recording): Body {
  const { inputs, steps, outputs } = recording;
  const key = `${inputs.join("|")};${steps.map(({ op, params, operands }) => `${numberOf(op)}(${operands})${paramsKey(params)}`).join(";")};${outputs}`;
  const alike = (bodies.get(key) ?? []).filter((ref) => ref.deref() !== undefined);
  let body = alike.map((ref) => ref.deref() as Body).find((x) => x.isOf(recording));
  if (body === undefined) {
    body = new Body(recording, ++made);
    alike.push(new WeakRef(body));
  }
  bodies.set(key, alike);
  const place = recent.indexOf(body);
  if (place >= 0) recent.splice(place, 1);
  recent.unshift(body);
  if (recent.length > KEPT) forget();
  return body;
}

/** Let go of the oldest body, and of the texts of those that nobody has. */
function forget(): void {
  recent.pop();
  for (const [key, refs] of bodies) if (refs.every((ref) => ref.deref() === undefined)) bodies.delete(key);
}
