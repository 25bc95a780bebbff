/**
 * How all rows are measured. A case runs the same work in several variants, one of which is the yardstick. In each round the variants run
 * one after the other, in a rotating order, so that a slow second of the machine affects all of them. The ratio of a variant to the
 * yardstick is the median, over the rounds, of the ratio of their times. Each variant has its own loop, which V8 compiles only for this
 * variant. Operands come from a ring, because V8 evaluates constant expressions in advance: with fixed arrays, results are four times too
 * fast.
 */
import { arch, cpus, loadavg, platform, totalmem } from "node:os";
import { Tensor } from "../index.js";
import type { LoopRow } from "./loops.js";

/** The work of a variant. It is called with i = 0, 1, …, chooses its operands by i, and returns its result. */
export type Work = (i: number) => unknown;

export interface Case {
  /** `topic/what`, such as `ops/mul n=1000`. */
  readonly name: string;
  /** Makes the operands, and returns the variants by name; the last variant is the yardstick. */
  readonly make: () => Record<string, Work>;
  /** The largest acceptable ratio to the yardstick, by variant. */
  readonly targets?: Record<string, number>;
  /** The number of operations of one call; times are given per operation. 1 by default. */
  readonly operations?: number;
  /** Floating point operations of one call: the table adds GFLOP/s. */
  readonly flops?: number;
  /** Whether variants draw random numbers, so that their results differ. */
  readonly isRandom?: boolean;
  /** Left out by `--quick`. */
  readonly isLong?: boolean;
}

/** Nanoseconds per operation. `spread` is the interquartile range divided by the median. */
export interface Timing {
  readonly variant: string;
  readonly min: number;
  readonly median: number;
  readonly spread: number;
  readonly ratio: number;
  readonly target: number | null;
  readonly gflops: number | null;
}

export interface Row {
  readonly name: string;
  readonly yardstick: string;
  readonly rounds: number;
  readonly timings: readonly Timing[];
}

export interface Report {
  readonly schema: 1;
  readonly version: string;
  readonly node: string;
  readonly machine: { cpu: string; cores: number; arch: string; platform: string; memoryGB: number; load: number };
  readonly quick: boolean;
  readonly rows: readonly Row[];
  /** The times of other libraries on the work of a row, if they are installed and the filter names them. */
  readonly peers: readonly { work: string; peer: string; ns: number | string; ours: number; ratio: number | null }[];
  /** Compiled steps compared with NumPyro's compiled loop, if the filter names it. */
  readonly loops: readonly LoopRow[];
  /** Figures other than times of calls. A value that could not be measured is the text of the reason. */
  readonly quantities: readonly { name: string; unit: string; value: number | string; target: number }[];
}

/** The machine and the version of Node. */
export const surroundings = (): Pick<Report, "node" | "machine"> => ({
  node: process.version,
  machine: {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    arch: arch(),
    platform: platform(),
    memoryGB: Math.round(totalmem() / 2 ** 30),
    load: loadavg()[0] as number,
  },
});

/** Operands to be used in turn. Their number, `size`, is a power of two, so that the index is a bit mask. Large operands need fewer. */
export function ring<T>(make: (i: number) => T, size = 8): (i: number) => T {
  const items = Array.from({ length: size }, (_, i) => make(i));
  return (i) => items[i & (size - 1)] as T;
}

/** n numbers in (-1, 1), the same on every run. */
export function numbers(n: number, seed: number): Float64Array {
  let state = (seed + 1) * 0x9e3779b9;
  return Float64Array.from({ length: n }, () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5;
    return (state >>> 0) / 2 ** 31 - 1;
  });
}

export type Loop = (from: number, to: number) => unknown;
/** A new loop for one variant, so that V8 optimises the call of `work` for this variant only. */
export const loopOf = (work: Work): Loop =>
  new Function("work", "return (from, to) => { let y; for (let i = from; i < to; i++) y = work(i); return y; };")(work);

/** The result of the last timed loop. It is exported so that V8 cannot optimise the work away. */
export let lastResult: unknown;
function time(loop: Loop, from: number, count: number): number {
  const start = performance.now();
  lastResult = loop(from, from + count);
  return (performance.now() - start) * 1e6;
}

/**
 * The number of calls that fill a round of `milliseconds`, found during the warm-up. V8 optimises functions that run often, so the warm-up
 * has two thousand calls, or as many as fit into 250 rounds.
 */
export function calibrate(loop: Loop, milliseconds: number): number {
  const round = milliseconds * 1e6;
  let count = 1;
  let [calls, total] = [0, 0];
  while (total < 40 * round || (calls < 2000 && total < 250 * round)) {
    const nanoseconds = time(loop, calls, count);
    calls += count;
    total += nanoseconds;
    count = Math.min(Math.ceil((count * round) / Math.max(nanoseconds, 1)), count * 4);
  }
  return count;
}

const quantile = (sorted: readonly number[], q: number): number => {
  const position = q * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(position)] as number, sorted[Math.ceil(position)] as number];
  return low + (high - low) * (position % 1);
};
const ascending = (xs: readonly number[]): number[] => [...xs].sort((a, b) => a - b);
export const medianOf = (xs: readonly number[]): number => quantile(ascending(xs), 0.5);

/** Measures a case. Throws if the results of its variants disagree. */
export function measure(benchCase: Case, { quick }: { quick: boolean }): Row {
  const { name, make, targets = {}, operations = 1, flops, isRandom = false } = benchCase;
  const works = make();
  if (!isRandom) assertSame(name, works);
  const variants = Object.keys(works);
  const loops = variants.map((variant) => loopOf(works[variant] as Work));
  const [rounds, milliseconds] = quick ? [9, 1] : [25, 4];
  const counts = loops.map((loop) => calibrate(loop, milliseconds));
  const samples: number[][] = variants.map(() => []);
  for (let round = 0; round < rounds; round++)
    for (let turn = 0; turn < loops.length; turn++) {
      const k = (round + turn) % loops.length;
      const count = counts[k] as number;
      samples[k]?.push(time(loops[k] as Loop, round * count, count) / count / operations);
    }
  const yardstick = samples.at(-1) as number[];
  const timings = variants.map((variant, k): Timing => {
    const times = samples[k] as number[];
    const sorted = ascending(times);
    const median = quantile(sorted, 0.5);
    return {
      variant,
      min: sorted[0] as number,
      median,
      spread: (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / median,
      ratio: medianOf(times.map((t, round) => t / (yardstick[round] as number))),
      target: targets[variant] ?? null,
      gflops: flops === undefined ? null : flops / operations / median,
    };
  });
  return { name, yardstick: variants.at(-1) as string, rounds, timings };
}

/** The numbers in the result of a variant. */
export function numbersOf(result: unknown): number[] {
  if (result instanceof Tensor) return numbersOf(result.toArray());
  if (typeof result === "number") return [result];
  if (Array.isArray(result)) return result.flatMap(numbersOf);
  return [...(result as Float64Array)];
}

/** Throws unless the results of all variants agree to rounding error. */
function assertSame(name: string, works: Record<string, Work>): void {
  const [first, ...others] = Object.entries(works).map(([variant, work]) => ({ variant, values: numbersOf(work(1)) }));
  if (first === undefined) return;
  const scale = first.values.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-300);
  for (const { variant, values } of others) {
    const isSame =
      values.length === first.values.length &&
      values.every((x, i) => Math.abs(x - (first.values[i] as number)) <= 1e-9 * scale);
    if (!isSame) throw new Error(`${name}: ${first.variant} and ${variant} disagree`);
  }
}
