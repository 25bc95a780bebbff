/**
 * In which units a program runs, and in which order: a kernel, arithmetic on numbers, or a loop of all elementwise ops on arrays of
 * one shape that can wait for each other. A value that nothing outside its loop needs is never in memory.
 */
import { type Shape, sizeOf } from "../../../core/shape.js";
import type { OpValue, Program } from "../program/program.js";
import type { Views } from "./views.js";

/** A loop has members; the other units make one value. */
export type Unit =
  | { readonly kind: "kernel" | "number"; readonly value: number }
  | { readonly kind: "loop"; readonly members: readonly number[]; readonly shape: Shape };

/** Elementwise ops of one shape on their way to becoming one loop. */
interface Group {
  readonly members: number[];
  readonly shape: Shape;
}

/** Ops in a loop: V8 takes SIMD code of at most 50,000 local variables, and optimises short loops best. */
const LOOP = 400;

/** The units of a program; every op is one of its own where loops are not `fused`. */
export function schedule(program: Program, views: Views, fused = true): Unit[] {
  const units: Unit[] = [];
  /** The loops that are still open, by shape. */
  const open = new Map<string, Group>();
  const groupOf = new Map<number, Group>();
  const flush = (group: Group): void => {
    open.delete(group.shape.join());
    for (const i of group.members) groupOf.delete(i);
    units.push({ kind: "loop", ...group });
  };
  /** The open group that makes the data behind a value, if any. */
  const sourceOf = (i: number): Group | undefined => groupOf.get(views.owner(i));
  const settle = (inputs: readonly number[]): void => {
    for (const input of inputs) {
      const group = sourceOf(input);
      if (group !== undefined) flush(group);
    }
  };
  const join = ({ inputs, shape }: OpValue, i: number): void => {
    const key = shape.join();
    for (const input of inputs) {
      const from = sourceOf(input);
      // A member seen through a view has another order of elements: its loop must have finished.
      if (from !== undefined && (from !== open.get(key) || !from.members.includes(input))) flush(from);
    }
    const known = open.get(key);
    if (known !== undefined && known.members.length >= LOOP) flush(known);
    const group = open.get(key) ?? { members: [], shape };
    group.members.push(i);
    open.set(key, group);
    groupOf.set(i, group);
  };
  program.values.forEach((value, i) => {
    if (value.kind !== "op") return;
    if (fused && value.op.scalar !== undefined && sizeOf(value.shape) !== 1 && !views.isView(i)) {
      join(value, i);
      return;
    }
    settle(value.inputs);
    if (!views.isView(i)) units.push({ kind: value.op.scalar === undefined ? "kernel" : "number", value: i });
  });
  for (const group of [...open.values()]) flush(group);
  return units;
}

/** The values that a unit makes, and the values outside it that it reads. */
export function traffic(unit: Unit, { values }: Program): { makes: readonly number[]; reads: readonly number[] } {
  if (unit.kind !== "loop") return { makes: [unit.value], reads: (values[unit.value] as OpValue).inputs };
  const own = new Set(unit.members);
  const reads = unit.members.flatMap((i) => (values[i] as OpValue).inputs).filter((x) => !own.has(x));
  return { makes: unit.members, reads };
}

/** Whether each value is an output, or read by a unit other than the one that makes it. */
export function storedValues(program: Program, units: readonly Unit[], views: Views): Uint8Array {
  const stored = new Uint8Array(program.values.length);
  for (const output of program.outputs) stored[views.owner(output)] = 1;
  for (const unit of units) for (const x of traffic(unit, program).reads) stored[views.owner(x)] = 1;
  return stored;
}
