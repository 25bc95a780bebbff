/**
 * Fusion: elementwise ops on arrays of one shape become one loop. A value and its gradient become one loop too, because a kernel that reads
 * the loop's values can wait for the gradient's ops, which do not need the kernel's result. For example, for sum((x * s)²) and its gradient:
 *
 *     t0 = x * s       [100]         loop:   t0, t1, t3, t4
 *     t1 = t0²         [100]         kernel: t2
 *     t2 = sum(t1)     []
 *     t3 = 2 * t0      [100]
 *     t4 = t3 * s      [100]
 */
import { sizeOf } from "../../../core/shape.js";
import { isLong, type LoopOp } from "./loops/fusedLoop.js";
import { hasSimdForm } from "./loops/simdLoop.js";
import { findShort } from "./short.js";
import type { Views } from "./views.js";

/** Values that are made together. A loop or a group of softmaxes makes several; a kernel, or arithmetic on numbers, makes one. */
export interface PlainUnit {
  readonly kind: "kernel" | "number" | "loop" | "short";
  readonly members: readonly number[];
}

/** The unit of an op that does not become part of a loop. */
export const unitOfOp = (views: Views, i: number): PlainUnit => ({
  kind: views.op(i).op.scalar === undefined ? "kernel" : "number",
  members: [i],
});

/** A loop to which further ops may be added. It is closed before a unit that reads one of its values runs. */
interface OpenLoop {
  readonly members: number[];
  /** The shape as text. */
  readonly key: string;
  /** Whether the arrays are long, but an op has no SIMD code. */
  isInJavaScript: boolean;
  /** Whether a unit waits for the loop. */
  isAwaited: boolean;
}

/** The greatest number of ops in a loop: V8 accepts at most 50,000 local variables in SIMD code, and optimises short loops best. */
const MAX_LOOP_OPS = 400;

/** Puts the ops of a list into units. */
export class Fusion {
  readonly #units: PlainUnit[] = [];
  /** The open loops by shape, and by the values that they make. */
  readonly #openLoops = new Map<string, OpenLoop>();
  readonly #loopOf = new Map<number, OpenLoop>();
  /** The units that wait for an open loop or for another waiting unit, by the values that they make. */
  readonly #waiting = new Map<number, PlainUnit>();

  constructor(readonly views: Views) {}

  /** The units in the order in which they run. `carryCount` is as in layout.ts. */
  unitsOf(list: readonly number[], carryCount: number): PlainUnit[] {
    const short = findShort(this.views, list);
    const { outputs } = this.views.program;
    const carriedOutputs = new Set(outputs.slice(0, carryCount));
    const otherOutputs = outputs.slice(carryCount);
    for (const i of list) {
      const softmaxes = short.get(i);
      // Later members of a group of softmaxes are computed with the first.
      if (this.views.isView(i) || (softmaxes !== undefined && softmaxes[0] !== i)) continue;
      const { op, shape } = this.views.op(i);
      if (op.scalar !== undefined && sizeOf(shape) !== 1) {
        // A loop that may write over an input runs after all outputs that are not carried (arena.ts).
        if (carriedOutputs.has(i)) for (const output of otherOutputs) this.#scheduleMakerOf(output);
        this.#addToLoop(i);
      } else this.#addUnit(softmaxes === undefined ? unitOfOp(this.views, i) : { kind: "short", members: softmaxes });
    }
    for (const unit of new Set(this.#waiting.values())) this.#schedule(unit);
    for (const loop of [...this.#openLoops.values()]) this.#close(loop);
    return this.#units;
  }

  /** The operands of a unit that is not a loop; all its members have the same. */
  #inputsOf({ members }: PlainUnit): readonly number[] {
    return this.views.op(members[0] as number).inputs;
  }
  /** The open loop that makes the data of value i. */
  #openLoopOf(i: number): OpenLoop | undefined {
    return this.#loopOf.get(this.views.owner(i));
  }
  /** The waiting unit that makes the data of value i. */
  #waitingUnitOf(i: number): PlainUnit | undefined {
    return this.#waiting.get(this.views.owner(i));
  }

  #addToLoop(i: number): void {
    const { op, inputs, shape } = this.views.op(i);
    const key = shape.join();
    const isInJavaScript = isLong(sizeOf(shape)) && !hasSimdForm(op.scalar as LoopOp["scalar"]);
    for (const input of inputs) {
      this.#scheduleMakerOf(input);
      const from = this.#openLoopOf(input);
      // A view of a member has its elements in another order, so the member's loop must be finished first.
      if (from !== undefined && (from.key !== key || this.views.isView(input))) this.#close(from);
    }
    const open = this.#openLoops.get(key);
    // An op in JavaScript does not join a loop that is kept open for a gradient, because the gradient's ops are faster in SIMD code.
    if (open !== undefined && (open.members.length >= MAX_LOOP_OPS || (isInJavaScript && open.isAwaited)))
      this.#close(open);
    const loop = this.#openLoops.get(key) ?? { members: [], key, isInJavaScript, isAwaited: false };
    loop.members.push(i);
    loop.isInJavaScript ||= isInJavaScript;
    this.#openLoops.set(key, loop);
    this.#loopOf.set(i, loop);
  }

  /** Adds a unit that is not a loop. It waits for the open loops and the waiting units that it reads, but not for a loop in JavaScript. */
  #addUnit(unit: PlainUnit): void {
    const inputs = this.#inputsOf(unit);
    const loops = inputs.flatMap((x) => this.#openLoopOf(x) ?? []);
    const isReady = loops.length === 0 && inputs.every((x) => this.#waitingUnitOf(x) === undefined);
    if (isReady || loops.some(({ isInJavaScript }) => isInJavaScript)) {
      for (const input of inputs) this.#scheduleMakerOf(input);
      this.#schedule(unit);
      return;
    }
    for (const i of unit.members) this.#waiting.set(i, unit);
    for (const loop of loops) loop.isAwaited = true;
  }

  #close(loop: OpenLoop): void {
    this.#openLoops.delete(loop.key);
    for (const i of loop.members) this.#loopOf.delete(i);
    this.#units.push({ kind: "loop", members: loop.members });
  }

  /** Schedules a unit that is not a loop, after the open loops that it reads. */
  #schedule(unit: PlainUnit): void {
    for (const input of this.#inputsOf(unit)) {
      const loop = this.#openLoopOf(input);
      if (loop !== undefined) this.#close(loop);
    }
    for (const i of unit.members) this.#waiting.delete(i);
    this.#units.push(unit);
  }

  /** If a waiting unit makes the data of value i, schedules it after the waiting units that it needs, in the order of the program. */
  #scheduleMakerOf(i: number): void {
    const needed = new Set<PlainUnit>();
    const add = (x: number): void => {
      const unit = this.#waitingUnitOf(x);
      if (unit !== undefined) needed.add(unit);
    };
    add(i);
    for (const unit of needed) this.#inputsOf(unit).forEach(add);
    const first = ({ members }: PlainUnit): number => members[0] as number;
    for (const unit of [...needed].sort((x, y) => first(x) - first(y))) this.#schedule(unit);
  }
}
