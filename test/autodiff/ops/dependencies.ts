/**
 * The true dependencies of a function's results, found without its source: each element of an operand is replaced by distant numbers and by
 * NaN, and the elements of the result that change are recorded. The provenance of the result is compared with them.
 */
import * as assert from "uvu/assert";
import { outsideRuns, Provenance, random, type Tensor, tensor } from "../../../autodiff/index.js";
import { ownRelation } from "../../../provenance/axes.js";

export type Fn = (...xs: Tensor[]) => Tensor;

/** An operand: its numbers, and the numbers that replace them (by default large numbers and NaN). */
export interface Operand {
  readonly shape: readonly number[];
  readonly value?: (i: number) => number;
  readonly others?: readonly number[];
}

const FAR = [1e3, -750, Number.NaN];
const somewhere = (i: number): number => Math.sin(7 * i + 1) + 0.3 * Math.cos(31 * i);

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const filled = (data: readonly number[], shape: readonly number[]): Tensor => tensor([...data]).reshape([...shape]);

/** The coordinates of element `i` of an array, the last axis first. */
export function coordinates(i: number, shape: readonly number[]): number[] {
  let remaining = i;
  return [...shape].reverse().map((n) => {
    const coordinate = remaining % n;
    remaining = (remaining - coordinate) / n;
    return coordinate;
  });
}

/** All pairs of an element of the result and an element of operand `which` on which it depends. */
export function dependencies(
  f: Fn,
  operands: readonly Operand[],
  which: number,
): { shape: readonly number[]; pairs: [number, number][] } {
  const data = operands.map(({ shape, value = somewhere }, k) =>
    Array.from({ length: sizeOf(shape) }, (_, i) => value(i + 100 * k)),
  );
  const run = (numbers: readonly number[]): Tensor =>
    f(...operands.map(({ shape }, k) => filled(k === which ? numbers : (data[k] as number[]), shape)));
  const base = run(data[which] as number[]);
  const before = base.toFloat64Array();
  const pairs: [number, number][] = [];
  const { others = FAR } = operands[which] as Operand;
  (data[which] as number[]).forEach((old, e) => {
    const changed = new Set<number>();
    for (const other of others) {
      if (other === old) continue;
      const copy = [...(data[which] as number[])];
      copy[e] = other;
      const after = run(copy).toFloat64Array();
      for (let o = 0; o < before.length; o++) if (!Object.is(before[o], after[o])) changed.add(o);
    }
    for (const o of changed) pairs.push([o, e]);
  });
  return { shape: base.shape, pairs };
}

/** The tensor as the value of a site named `x`, pointwise along every axis. */
export const asSite = (x: Tensor, name = "x"): Tensor =>
  x.withProvenance(Provenance.related(name, ownRelation(x.shape, 0)));

/**
 * The pairs of axes that correspond according to the provenance of f's result: an axis of operand `which` and an axis of the result, from
 * the right.
 */
export function claims(
  f: Fn,
  operands: readonly Operand[],
  which: number,
): [operandAxis: number, resultAxis: number][] {
  const xs = operands.map(({ shape, value = somewhere }, k) => {
    const x = filled(
      Array.from({ length: sizeOf(shape) }, (_, i) => value(i + 100 * k)),
      shape,
    );
    return k === which ? asSite(x) : x;
  });
  const { provenance } = outsideRuns(() => f(...xs));
  return [...provenance.axesOf("x")].map(([operandAxis, resultAxis]) => [-1 - operandAxis, -1 - resultAxis]);
}

/** Asserts that every claim is true, and, if `isExact`, that no axis is mixed without need. */
export function checkAxes(what: string, f: Fn, operands: readonly Operand[], which: number, isExact = true): void {
  const { shape, pairs } = dependencies(f, operands, which);
  const from = (operands[which] as Operand).shape;
  const claimed = claims(f, operands, which);
  const coordinatesOf = pairs.map(([o, e]) => [coordinates(o, shape), coordinates(e, from)] as const);
  const holds = (operandAxis: number, resultAxis: number): boolean =>
    coordinatesOf.every(([o, e]) => o[resultAxis] === e[operandAxis]);
  const where = `${what}, operand ${which} of shape [${from}], result [${shape}]`;
  for (const [operandAxis, resultAxis] of claimed) {
    assert.ok(resultAxis < shape.length, `${where}: the result does not have axis ${resultAxis}`);
    const claim = `axis ${operandAxis} of the operand corresponds to axis ${resultAxis} of the result`;
    assert.ok(holds(operandAxis, resultAxis), `${where}: it is false that ${claim}`);
  }
  if (!isExact || pairs.length === 0) return;
  from.forEach((n, i) => {
    const operandAxis = from.length - 1 - i;
    if (n === 1 || claimed.some(([axis]) => axis === operandAxis)) return;
    const index = shape.findIndex((m, j) => m === n && holds(operandAxis, shape.length - 1 - j));
    const truth = `corresponds to axis ${shape.length - 1 - index} of the result`;
    assert.is(index, -1, `${where}: axis ${operandAxis} of the operand is mixed, but ${truth}`);
  });
}

/** All shapes of up to `rank` axes of 1 to `size` elements. */
export function shapesUpTo(rank: number, size = 3): number[][] {
  let last: number[][] = [[]];
  const all = [...last];
  for (let r = 1; r <= rank; r++) {
    last = last.flatMap((shape) => Array.from({ length: size }, (_, i) => [...shape, i + 1]));
    all.push(...last);
  }
  return all;
}

/** Uniform numbers for random programs. */
export const uniforms = (seed: number, n: number): number[] => [
  ...random.uniform(random.key(seed), [n]).toFloat64Array(),
];
