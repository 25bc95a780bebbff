/**
 * Places in the arena, by liveness: once nothing reads an array any more, later arrays take its place. Inputs, constants and outputs keep
 * their places from call to call, and so do short values, which take little room together.
 *
 * A program may be called in a loop that passes a record from each result to the next call (../resident.ts). A long output in that record,
 * such as a parameter after a step, need not be copied to the place of the corresponding input of the next run. If a generated loop makes
 * the output from that input element by element, and nothing reads the input afterwards, the output is written over the input.
 */
import { type Shape, sizeOf } from "../../../core/shape.js";
import type { OpValue, Value } from "../program/program.js";
import { membersOf, type Schedule } from "./schedule.js";
import type { Views } from "./views.js";

/** Arrays below this size keep their places, because reusing the places, or writing over an input, would save too little. */
const MIN_REUSED = 64;

export interface ArenaPlan {
  /** Where the memory of each value begins; -1 for a value that is never in memory. */
  readonly offsets: readonly number[];
  readonly size: number;
  readonly inPlace: InPlace;
}

/** Arrays begin at even offsets and have room for at least one extra number, as SIMD code reads and writes in pairs. */
const paddedSize = (size: number): number => size + 2 - (size % 2);

/** A place for every value of a program. Some of the first `carryCount` outputs take the place of an input. */
export function planArena(views: Views, schedule: Schedule, carryCount: number): ArenaPlan {
  const { values } = views.program;
  const { units, lastRead } = schedule;
  const inPlace = findInPlace(views, schedule, carryCount);
  const arena = new Arena();
  const offsets = new Array<number>(values.length).fill(-1);
  const sizesInBlocks = new Map(units.flatMap((unit) => (unit.kind === "rows" ? [...unit.rows.memorySize] : [])));
  const reservedSize = (i: number): number => paddedSize(sizesInBlocks.get(i) ?? views.size(i));
  /** For each unit, the values whose memory no later unit reads. */
  const lastReads = units.map((): number[] => []);
  values.forEach((value, i) => {
    if (value.kind !== "op" || (!views.isView(i) && views.size(i) < MIN_REUSED))
      offsets[i] = arena.allocate(reservedSize(i));
    else lastReads[lastRead[i] as number]?.push(i);
  });
  for (const [result, input] of inPlace.inputs) offsets[result] = offsets[input] as number;
  units.forEach((unit, index) => {
    for (const i of membersOf(unit))
      if (lastRead[i] !== -1 && offsets[i] === -1) offsets[i] = arena.allocate(reservedSize(i));
    for (const i of lastReads[index] as number[]) arena.free(offsets[i] as number, reservedSize(i));
  });
  return { offsets, size: arena.size, inPlace };
}

/** A memory of numbers, with free gaps. */
class Arena {
  size = 0;
  /** Free ranges in order: offset and size. */
  readonly #gaps: [number, number][] = [];

  /** Reserves a new range, in the smallest gap that is large enough, else at the end. Returns its offset. */
  allocate(size: number): number {
    let best = -1;
    this.#gaps.forEach(([, gapSize], i) => {
      if (gapSize >= size && (best === -1 || gapSize < (this.#gaps[best] as [number, number])[1])) best = i;
    });
    if (best === -1) {
      this.size += size;
      return this.size - size;
    }
    const [offset, gapSize] = this.#gaps[best] as [number, number];
    if (gapSize === size) this.#gaps.splice(best, 1);
    else this.#gaps[best] = [offset + size, gapSize - size];
    return offset;
  }

  free(offset: number, size: number): void {
    let i = 0;
    while (i < this.#gaps.length && (this.#gaps[i] as [number, number])[0] < offset) i++;
    this.#gaps.splice(i, 0, [offset, size]);
    for (const k of [i, i - 1]) {
      const [left, right] = [this.#gaps[k], this.#gaps[k + 1]];
      if (left !== undefined && right !== undefined && left[0] + left[1] === right[0]) {
        left[1] += right[1];
        this.#gaps.splice(k + 1, 1);
      }
    }
  }
}

export interface InPlace {
  /** For each output that takes the place of an input: that input. */
  readonly inputs: ReadonlyMap<number, number>;
  /** The first unit that writes over an input. The outputs after the record are all computed before this unit runs. */
  readonly first: number;
}

/** Which of the first `carryCount` outputs can take the places of the inputs with the same index. */
function findInPlace(views: Views, { units, madeBy, lastRead }: Schedule, carryCount: number): InPlace {
  const { values, outputs } = views.program;
  const inputs = new Map<number, number>();
  let first = units.length;
  const owners = outputs.map((output) => views.owner(output));
  for (let k = 0; k < carryCount; k++) {
    const output = outputs[k] as number;
    const { shape } = values[output] as Value;
    const index = madeBy[output] as number;
    const unit = units[index];
    if (unit?.kind !== "loop" || sizeOf(shape) < MIN_REUSED || !readsRowBeforeWriting(shape)) continue;
    // Input k must not be read later, or be an output itself. No other output may use the memory of output k.
    if ((lastRead[k] as number) > index || owners.filter((owner) => owner === output).length > 1) continue;
    if (!unit.members.every((i) => readsOwnElement(views.op(i), k, views))) continue;
    inputs.set(output, k);
    first = Math.min(first, index);
  }
  return owners.slice(carryCount).every((owner) => (madeBy[owner] as number) < first)
    ? { inputs, first }
    : { inputs: new Map(), first: units.length };
}

/** Whether a loop in pairs (loops/simdLoop.ts) never writes into a row before it has read that row. */
function readsRowBeforeWriting(shape: Shape): boolean {
  const sizes = shape.filter((n) => n !== 1);
  return sizes.length === 1 || (sizes.at(-1) as number) % 2 === 0;
}

/** Whether each element that an op computes depends on input k only through the element with the same index. */
function readsOwnElement({ inputs, shape }: OpValue, k: number, views: Views): boolean {
  return inputs.every((x) => {
    if (views.owner(x) !== k) return true;
    const [read, input] = [views.view(x), views.view(k)];
    return read.offset === input.offset && views.strides(x, shape).join() === views.strides(k, shape).join();
  });
}
