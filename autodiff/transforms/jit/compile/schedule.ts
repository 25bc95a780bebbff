/**
 * The units in which a program runs, and their order. A unit is a kernel, arithmetic on single numbers, a group of softmaxes (along short
 * axes) of the same input, or one loop for all elementwise ops that can run together on arrays of one shape. A long value that nothing
 * outside its loop needs is never in memory.
 */
import { Fusion, type PlainUnit, unitOfOp } from "./fusion.js";
import { SUMMED } from "./rowAxes.js";
import { findRows, type Rows } from "./rows.js";
import type { Views } from "./views.js";

export type Unit = PlainUnit | RowsUnit;
export interface RowsUnit {
  readonly kind: "rows";
  /** Loops and kernels, in the order in which they run on a block. */
  readonly units: readonly PlainUnit[];
  readonly rows: Rows;
}

/** The greatest number of searches for rows in blocks per program. */
const MAX_SEARCHES = 64;

/** The units in the order in which they run, and when each value is made and read, as indices of units. */
export interface Schedule {
  readonly units: readonly Unit[];
  /** The unit that makes the value; -1 for an input, a constant or a view. */
  readonly madeBy: readonly number[];
  /** The last unit that reads the memory of the value; the number of units for an output; -1 if the value need not be in memory. */
  readonly lastRead: readonly number[];
}

interface ScheduleOptions {
  /** If false, every op is a unit of its own. */
  readonly fused: boolean;
  /** Whether rows may run in blocks. */
  readonly inBlocks: boolean;
  /** As in layout.ts. */
  readonly carryCount: number;
}

export function scheduleOf(views: Views, options: ScheduleOptions): Schedule {
  const units = unitsOf(views, options);
  const { program } = views;
  const madeBy = new Array<number>(program.values.length).fill(-1);
  const lastRead = [...madeBy];
  units.forEach((unit, index) => {
    for (const i of membersOf(unit)) madeBy[i] = index;
    for (const x of readsOf(unit, views)) lastRead[views.owner(x)] = index;
  });
  for (const output of program.outputs) lastRead[views.owner(output)] = units.length;
  return { units, madeBy, lastRead };
}

function unitsOf(views: Views, { fused, inBlocks, carryCount }: ScheduleOptions): Unit[] {
  const unitsOfList = (list: readonly number[]): PlainUnit[] =>
    fused ? new Fusion(views).unitsOf(list, carryCount) : separateUnits(views, list);
  // Each search goes through the whole list. Limiting their number keeps the time linear in the length of the program.
  let searches = inBlocks ? MAX_SEARCHES : 0;
  const scheduleList = (list: readonly number[]): Unit[] => {
    const partition = searches-- > 0 ? findRows(views, list) : null;
    if (partition === null) return unitsOfList(list);
    const { before, members, after, rows } = partition;
    const isSum = (i: number): boolean => rows.axes.get(i) === SUMMED;
    const blockUnits = unitsOfList(members.filter((i) => !isSum(i)));
    const sums = members.filter(isSum).map((i) => unitOfOp(views, i));
    return [...scheduleList(before), { kind: "rows", units: [...blockUnits, ...sums], rows }, ...scheduleList(after)];
  };
  const { values } = views.program;
  return scheduleList([...values.keys()].filter((i) => values[i]?.kind === "op"));
}

/** One unit for each op that is not a view. */
const separateUnits = (views: Views, list: readonly number[]): PlainUnit[] =>
  list.flatMap((i) => (views.isView(i) ? [] : unitOfOp(views, i)));

const partsOf = (unit: Unit): readonly PlainUnit[] => (unit.kind === "rows" ? unit.units : [unit]);

/** The values that a unit makes. */
export const membersOf = (unit: Unit): readonly number[] => partsOf(unit).flatMap(({ members }) => members);

/** The values that a unit, or a unit inside it, reads from memory. */
const readsOf = (unit: Unit, views: Views): readonly number[] =>
  partsOf(unit).flatMap(({ members }) => {
    const memberSet = new Set(members);
    return members.flatMap((i) => views.op(i).inputs).filter((x) => !memberSet.has(x));
  });
