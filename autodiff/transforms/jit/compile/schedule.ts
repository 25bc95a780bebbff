/**
 * The units in which a program runs, and their order. A unit is a kernel, arithmetic on single numbers, a group of softmaxes (along short
 * axes) of the same input, or one loop for all elementwise ops that can run together on arrays of one shape. A long value that nothing
 * outside its loop needs is never in memory.
 */
import { type Shape, sizeOf } from "../../../core/shape.js";
import type { OpValue, Program } from "../program/program.js";
import { isLong, type Step } from "./loop.js";
import { findRows, type Rows, SUMMED } from "./rows.js";
import { findShort } from "./short.js";
import { canRunInPairs } from "./vector.js";
import type { Views } from "./views.js";

/** The units that can run on a block of rows. A loop makes several values, its members. */
type BlockUnit =
  | { readonly kind: "kernel" | "number"; readonly value: number }
  | { readonly kind: "loop"; readonly members: readonly number[]; readonly shape: Shape };
/** Softmaxes along short axes: the members are functions of the same numbers. */
type ShortUnit = { readonly kind: "short"; readonly members: readonly number[] };
export type PlainUnit = BlockUnit | ShortUnit;
export type Unit = PlainUnit | RowsUnit;
export interface RowsUnit {
  readonly kind: "rows";
  /** Loops and kernels, in the order in which they run on a block. */
  readonly units: readonly BlockUnit[];
  readonly rows: Rows;
}

/** Elementwise ops of one shape that have been collected for one loop. */
interface Group {
  readonly members: number[];
  readonly shape: Shape;
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
    const sums = members.filter(isSum).map((value) => ({ kind: "kernel", value }) as const);
    return [
      ...scheduleList(before),
      { kind: "rows", units: [...(blockUnits as BlockUnit[]), ...sums], rows },
      ...scheduleList(after),
    ];
  };
  return scheduleList([...program.values.keys()].filter((i) => program.values[i]?.kind === "op"));
}

const unitOfOp = ({ values }: Program, value: number): PlainUnit => ({
  kind: (values[value] as OpValue).op.scalar === undefined ? "kernel" : "number",
  value,
});

/** One unit for each op that is not a view. */
const separateUnits = (program: Program, views: Views, list: readonly number[]): PlainUnit[] =>
  list.flatMap((i) => (views.isView(i) ? [] : unitOfOp(program, i)));

/** A unit that has to run after loops that are still open, or after other deferred units. */
interface Deferred {
  readonly unit: PlainUnit;
  readonly inputs: readonly number[];
  readonly order: number;
}

/**
 * The units of the ops in a list. A loop stays open, for further ops on arrays of its shape, until a unit that must run reads one of its
 * values. A unit that sums the loop's values can wait, because the gradient of a sum does not need the sum. So a density and its gradient
 * become one loop. A loop in JavaScript is not left open for this, because further ops are faster in a separate loop of SIMD code.
 */
function fusedUnits(program: Program, views: Views, list: readonly number[], carryCount: number): PlainUnit[] {
  const units: PlainUnit[] = [];
  /** The groups that may still grow, by shape. */
  const openGroups = new Map<string, Group>();
  const groupOf = new Map<number, Group>();
  const deferred = new Map<number, Deferred>();
  const flush = (group: Group): void => {
    openGroups.delete(group.shape.join());
    for (const i of group.members) groupOf.delete(i);
    units.push({ kind: "loop", members: group.members, shape: group.shape });
  };
  const run = ({ unit, inputs }: Deferred): void => {
    for (const input of inputs) {
      const group = groupOf.get(views.owner(input));
      if (group !== undefined) flush(group);
    }
    for (const i of dataflowOf(unit, program).results) deferred.delete(i);
    units.push(unit);
  };
  /** If a deferred unit makes the data of value i, runs this unit, after the deferred units that it needs. */
  const require = (i: number): void => {
    const needed = new Set<Deferred>();
    const add = (x: number): void => {
      const maker = deferred.get(views.owner(x));
      if (maker !== undefined) needed.add(maker);
    };
    add(i);
    for (const { inputs } of needed) inputs.forEach(add);
    for (const maker of [...needed].sort((x, y) => x.order - y.order)) run(maker);
  };
  const addToLoop = ({ op, inputs, shape }: OpValue, i: number): void => {
    const key = shape.join();
    const isPlain = isLong(sizeOf(shape)) && !canRunInPairs(op.scalar as Step["scalar"]);
    for (const input of inputs) {
      require(input);
      const from = groupOf.get(views.owner(input));
      // A view of a member has its elements in another order, so the member's loop must be finished first.
      if (from !== undefined && (from !== openGroups.get(key) || !from.members.includes(input))) flush(from);
    }
    const openGroup = openGroups.get(key);
    if (openGroup !== undefined && (openGroup.members.length >= MAX_LOOP_OPS || (isPlain && openGroup.isAwaited)))
      flush(openGroup);
    const group = openGroups.get(key) ?? { members: [], shape, isPlain, isAwaited: false };
    group.members.push(i);
    group.isPlain ||= isPlain;
    openGroups.set(key, group);
    groupOf.set(i, group);
  };
  const short = findShort(program, list);
  const carriedOutputs = new Set(program.outputs.slice(0, carryCount));
  const otherOutputs = program.outputs.slice(carryCount);
  /** Softmaxes that are computed together with an earlier softmax. */
  const notFirst = new Set([...short.values()].flatMap(([, ...others]) => others));
  for (const i of list) {
    if (notFirst.has(i) || views.isView(i)) continue;
    const value = program.values[i] as OpValue;
    if (value.op.scalar !== undefined && sizeOf(value.shape) !== 1) {
      // A loop that may write over an input runs after all outputs that are not carried (arena.ts).
      if (carriedOutputs.has(i)) otherOutputs.forEach(require);
      addToLoop(value, i);
      continue;
    }
    const members = short.get(i);
    const unit: PlainUnit = members === undefined ? unitOfOp(program, i) : { kind: "short", members };
    const candidate = { unit, inputs: value.inputs, order: i };
    const groups = value.inputs.flatMap((x) => groupOf.get(views.owner(x)) ?? []);
    if (groups.some((group) => group.isPlain)) {
      for (const x of value.inputs) require(x);
      run(candidate);
    } else if (groups.length > 0 || value.inputs.some((x) => deferred.has(views.owner(x)))) {
      for (const k of members ?? [i]) deferred.set(k, candidate);
      for (const group of groups) group.isAwaited = true;
    } else units.push(unit);
  }
  for (const waiting of new Set(deferred.values())) run(waiting);
  for (const group of [...openGroups.values()]) flush(group);
  return units;
}

/** The values that a unit makes, and the values that the unit, or a unit inside it, reads from memory. */
export function dataflowOf(unit: Unit, program: Program): { results: readonly number[]; reads: readonly number[] } {
  const { values } = program;
  if (unit.kind === "rows") {
    const parts = unit.units.map((part) => dataflowOf(part, program));
    return { results: parts.flatMap(({ results }) => results), reads: parts.flatMap(({ reads }) => reads) };
  }
  if (unit.kind === "short")
    return { results: unit.members, reads: (values[unit.members[0] as number] as OpValue).inputs };
  if (unit.kind !== "loop") return { results: [unit.value], reads: (values[unit.value] as OpValue).inputs };
  const memberSet = new Set(unit.members);
  const reads = unit.members.flatMap((i) => (values[i] as OpValue).inputs).filter((x) => !memberSet.has(x));
  return { results: unit.members, reads };
}

/** 1 for each value that must be in memory, because it is an output or because a unit that does not make the value reads it. */
export function storedValues(program: Program, units: readonly Unit[], views: Views): Uint8Array {
  const stored = new Uint8Array(program.values.length);
  for (const output of program.outputs) stored[views.owner(output)] = 1;
  for (const unit of units) for (const x of dataflowOf(unit, program).reads) stored[views.owner(x)] = 1;
  return stored;
}
