/**
 * The units in which a program runs, and their order. A unit is a kernel, arithmetic on single numbers, a group of softmaxes (along short
 * axes) of the same input, or one loop for all elementwise ops that can run together on arrays of one shape. A long value that nothing
 * outside its loop needs is never in memory.
 */
import { sizeOf } from "../../../core/shape.js";
import type { OpValue, Program } from "../program/program.js";
import { isLong, type LoopOp } from "./loops/fusedLoop.js";
import { hasSimdForm } from "./loops/simdLoop.js";
import { findRows, type Rows, SUMMED } from "./rows.js";
import { findShort } from "./short.js";
import type { Views } from "./views.js";

/** Values that are made together. A loop or a group of softmaxes makes several; a kernel, or arithmetic on numbers, makes one. */
export interface PlainUnit {
  readonly kind: "kernel" | "number" | "loop" | "short";
  readonly members: readonly number[];
}
export type Unit = PlainUnit | RowsUnit;
export interface RowsUnit {
  readonly kind: "rows";
  /** Loops and kernels, in the order in which they run on a block. */
  readonly units: readonly PlainUnit[];
  readonly rows: Rows;
}

/** Elementwise ops of one shape that have been collected for one loop. */
interface Group {
  readonly members: number[];
  /** The shape as text. */
  readonly key: string;
  /** Whether the group has an op without SIMD code, so that its loop runs in JavaScript. */
  isPlain: boolean;
  /** Whether a deferred unit waits for the group. */
  isAwaited: boolean;
}

/** The greatest number of ops in a loop: V8 accepts at most 50,000 local variables in SIMD code, and optimises short loops best. */
const MAX_LOOP_OPS = 400;

/** The greatest number of searches for rows in blocks per program. */
const MAX_SEARCHES = 64;

/**
 * The units of a program. Without `fused`, every op is a unit of its own; rows run in blocks only with `inBlocks`. `carryCount` is as in
 * layout.ts.
 */
export function schedule(
  program: Program,
  views: Views,
  { fused = true, inBlocks = false, carryCount = 0 } = {},
): Unit[] {
  const unitsOfList = (list: readonly number[]): PlainUnit[] =>
    fused ? fusedUnits(program, views, list, carryCount) : separateUnits(program, views, list);
  // Each search goes through the whole list. Limiting their number keeps the time linear in the length of the program.
  let searches = inBlocks ? MAX_SEARCHES : 0;
  const scheduleList = (list: readonly number[]): Unit[] => {
    const partition = searches-- > 0 ? findRows(program, views, list) : null;
    if (partition === null) return unitsOfList(list);
    const { before, members, after, rows } = partition;
    const isSum = (i: number): boolean => rows.axes.get(i) === SUMMED;
    const blockUnits = unitsOfList(members.filter((i) => !isSum(i)));
    const sums = members.filter(isSum).map((i) => unitOfOp(program, i));
    return [...scheduleList(before), { kind: "rows", units: [...blockUnits, ...sums], rows }, ...scheduleList(after)];
  };
  return scheduleList([...program.values.keys()].filter((i) => program.values[i]?.kind === "op"));
}

const unitOfOp = ({ values }: Program, i: number): PlainUnit => ({
  kind: (values[i] as OpValue).op.scalar === undefined ? "kernel" : "number",
  members: [i],
});

/** One unit for each op that is not a view. */
const separateUnits = (program: Program, views: Views, list: readonly number[]): PlainUnit[] =>
  list.flatMap((i) => (views.isView(i) ? [] : unitOfOp(program, i)));

/**
 * The units of the ops in a list. A loop stays open, for further ops on arrays of its shape, until a unit that must run reads one of its
 * values. A unit that sums the loop's values can wait, because the gradient of a sum does not need the sum. So a density and its gradient
 * become one loop. A loop in JavaScript is not left open for this, because further ops are faster in a separate loop of SIMD code.
 */
function fusedUnits(program: Program, views: Views, list: readonly number[], carryCount: number): PlainUnit[] {
  const opOf = (i: number): OpValue => program.values[i] as OpValue;
  const units: PlainUnit[] = [];
  /** The groups that may still grow, by shape. */
  const openGroups = new Map<string, Group>();
  const groupOf = new Map<number, Group>();
  /** The units that wait for open groups or for other deferred units, by the values that they make. */
  const deferred = new Map<number, PlainUnit>();
  /** The operands of a unit that is not a loop; all its members have the same. */
  const inputsOf = ({ members }: PlainUnit): readonly number[] => opOf(members[0] as number).inputs;
  const flush = (group: Group): void => {
    openGroups.delete(group.key);
    for (const i of group.members) groupOf.delete(i);
    units.push({ kind: "loop", members: group.members });
  };
  const run = (unit: PlainUnit): void => {
    for (const input of inputsOf(unit)) {
      const group = groupOf.get(views.owner(input));
      if (group !== undefined) flush(group);
    }
    for (const i of unit.members) deferred.delete(i);
    units.push(unit);
  };
  /** If a deferred unit makes the data of value i, runs this unit, after the deferred units that it needs. */
  const runMakerOf = (i: number): void => {
    const needed = new Set<PlainUnit>();
    const add = (x: number): void => {
      const maker = deferred.get(views.owner(x));
      if (maker !== undefined) needed.add(maker);
    };
    add(i);
    for (const unit of needed) inputsOf(unit).forEach(add);
    for (const unit of [...needed].sort((x, y) => (x.members[0] as number) - (y.members[0] as number))) run(unit);
  };
  const addToLoop = (i: number): void => {
    const { op, inputs, shape } = opOf(i);
    const key = shape.join();
    const isPlain = isLong(sizeOf(shape)) && !hasSimdForm(op.scalar as LoopOp["scalar"]);
    for (const input of inputs) {
      runMakerOf(input);
      const from = groupOf.get(views.owner(input));
      // A view of a member has its elements in another order, so the member's loop must be finished first.
      if (from !== undefined && (from !== openGroups.get(key) || !from.members.includes(input))) flush(from);
    }
    const openGroup = openGroups.get(key);
    if (openGroup !== undefined && (openGroup.members.length >= MAX_LOOP_OPS || (isPlain && openGroup.isAwaited)))
      flush(openGroup);
    const group = openGroups.get(key) ?? { members: [], key, isPlain, isAwaited: false };
    group.members.push(i);
    group.isPlain ||= isPlain;
    openGroups.set(key, group);
    groupOf.set(i, group);
  };
  const short = findShort(program, list);
  const carriedOutputs = new Set(program.outputs.slice(0, carryCount));
  const otherOutputs = program.outputs.slice(carryCount);
  for (const i of list) {
    const { op, shape, inputs } = opOf(i);
    const members = short.get(i);
    // Later members of a group of softmaxes are computed with the first.
    if (views.isView(i) || (members !== undefined && members[0] !== i)) continue;
    if (op.scalar !== undefined && sizeOf(shape) !== 1) {
      // A loop that may write over an input runs after all outputs that are not carried (arena.ts).
      if (carriedOutputs.has(i)) otherOutputs.forEach(runMakerOf);
      addToLoop(i);
      continue;
    }
    const unit: PlainUnit = members === undefined ? unitOfOp(program, i) : { kind: "short", members };
    const groups = inputs.flatMap((x) => groupOf.get(views.owner(x)) ?? []);
    if (groups.some((group) => group.isPlain)) {
      inputs.forEach(runMakerOf);
      run(unit);
    } else if (groups.length > 0 || inputs.some((x) => deferred.has(views.owner(x)))) {
      for (const k of unit.members) deferred.set(k, unit);
      for (const group of groups) group.isAwaited = true;
    } else units.push(unit);
  }
  for (const waiting of new Set(deferred.values())) run(waiting);
  for (const group of [...openGroups.values()]) flush(group);
  return units;
}

const partsOf = (unit: Unit): readonly PlainUnit[] => (unit.kind === "rows" ? unit.units : [unit]);

/** The values that a unit makes. */
export const membersOf = (unit: Unit): readonly number[] => partsOf(unit).flatMap(({ members }) => members);

/** The values that a unit, or a unit inside it, reads from memory. */
const readsOf = (unit: Unit, { values }: Program): readonly number[] =>
  partsOf(unit).flatMap(({ members }) => {
    const memberSet = new Set(members);
    return members.flatMap((i) => (values[i] as OpValue).inputs).filter((x) => !memberSet.has(x));
  });

/** When each value is made and read, as indices of units. */
export interface Lifetimes {
  /** The unit that makes the value; -1 for an input, a constant or a view. */
  readonly madeBy: readonly number[];
  /** The last unit that reads the memory of the value; the number of units for an output; -1 if the value need not be in memory. */
  readonly lastRead: readonly number[];
}

export function lifetimesOf(program: Program, units: readonly Unit[], views: Views): Lifetimes {
  const madeBy = new Array<number>(program.values.length).fill(-1);
  const lastRead = [...madeBy];
  units.forEach((unit, index) => {
    for (const i of membersOf(unit)) madeBy[i] = index;
    for (const x of readsOf(unit, program)) lastRead[views.owner(x)] = index;
  });
  for (const output of program.outputs) lastRead[views.owner(output)] = units.length;
  return { madeBy, lastRead };
}
