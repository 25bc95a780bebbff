/**
 * Results that are written over inputs. In a loop that hands on a record (../resident.ts) a long output, such as a parameter after a step,
 * need not be copied to the place of the input that it is for the next run: if a loop makes it from the input element by element, and
 * nothing reads the input afterwards, the loop writes it there.
 */
import { type Shape, sizeOf } from "../../../core/shape.js";
import type { OpValue, Program } from "../program/program.js";
import { traffic, type Unit } from "./schedule.js";
import type { Views } from "./views.js";

/** Shorter arrays are copied. */
const LONG = 64;

export interface InPlace {
  /** For each such result, the input whose place it takes. */
  readonly inputs: ReadonlyMap<number, number>;
  /** The first unit that writes over an input: all numbers after the record are known before it. */
  readonly first: number;
}

/** Which of the first `carried` outputs can take the places of the inputs with the same index. */
export function findInPlace(program: Program, units: readonly Unit[], views: Views, carried: number): InPlace {
  const { values, outputs } = program;
  const inputs = new Map<number, number>();
  const maker = new Map<number, number>();
  const lastRead = new Map<number, number>();
  let first = units.length;
  if (carried > 0)
    units.forEach((unit, at) => {
      const { makes, reads } = traffic(unit, program);
      for (const i of makes) maker.set(i, at);
      for (const x of reads) lastRead.set(views.owner(x), at);
    });
  const owners = outputs.map((output) => views.owner(output));
  for (let k = 0; k < carried; k++) {
    const [output, at] = [outputs[k] as number, maker.get(outputs[k] as number) ?? -1];
    const unit = units[at];
    if (unit?.kind !== "loop" || sizeOf(unit.shape) < LONG || (lastRead.get(k) ?? -1) > at) continue;
    if (!staysInRow(unit.shape)) continue;
    // Whoever gets the input itself as an output would get the result.
    if (owners.includes(k) || owners.filter((owner) => owner === output).length > 1) continue;
    if (!unit.members.every((i) => readsOwnElement(values[i] as OpValue, k, views))) continue;
    inputs.set(output, k);
    first = Math.min(first, at);
  }
  const isKnown = (owner: number): boolean => (maker.get(owner) ?? -1) < first;
  return owners.slice(carried).every(isKnown) ? { inputs, first } : { inputs: new Map(), first: units.length };
}

/** Whether a loop in pairs (vector.ts) writes nothing into a row that it has yet to read. */
function staysInRow(shape: Shape): boolean {
  const long = shape.filter((n) => n !== 1);
  return long.length === 1 || (long.at(-1) as number) % 2 === 0;
}

/** Whether an op of a loop reads from input k, if at all, the element that it is at. */
function readsOwnElement({ inputs, shape }: OpValue, k: number, views: Views): boolean {
  return inputs.every((x) => {
    if (views.owner(x) !== k) return true;
    const [read, all] = [views.view(x), views.view(k)];
    return read.offset === all.offset && views.steps(x, shape).join() === views.steps(k, shape).join();
  });
}
