/**
 * Two reports side by side. What is compared is a variant's time over its yardstick's in the same run, so that a faster or slower
 * machine does not count; and it is compared twice, by median and by minimum, because noise rarely moves both.
 */
import { readFileSync } from "node:fs";
import type { Report, Row, Timing } from "./harness.js";
import { Misuse } from "./options.js";

/** How many times slower a variant has become. */
export interface Change {
  readonly row: string;
  readonly variant: string;
  readonly byMedian: number;
  readonly byMinimum: number;
}

/** An earlier report, with at least one of the rows called `names`. */
export function readReport(file: string, names: readonly string[]): Report {
  const report = parsed(file) as Report | null;
  if (report?.schema !== 1 || !Array.isArray(report.rows))
    throw new Misuse(`--compare: ${file} is not a report of schema 1. Make one with pedigrad bench --json > ${file}.`);
  if (!report.rows.some(({ name }) => names.includes(name)))
    throw new Misuse(`--compare: ${file} has none of the rows that would be measured; see --filter and --list.`);
  return report;
}

function parsed(file: string): unknown {
  const read = <T>(f: () => T, what: string): T => {
    try {
      return f();
    } catch (error) {
      throw new Misuse(`--compare: ${file} ${what} (${(error as Error).message}).`);
    }
  };
  const text = read(() => readFileSync(file, "utf8"), "cannot be read");
  return read(() => JSON.parse(text), "is not JSON");
}

/** How the variants that both reports have moved beside their yardsticks. */
export function changes(before: Pick<Report, "rows">, after: Pick<Report, "rows">): Change[] {
  return after.rows.flatMap((row) => {
    const old = before.rows.find(({ name }) => name === row.name);
    if (old === undefined) return [];
    return row.timings.flatMap((timing): Change[] => {
      const then = timingOf(old, timing.variant);
      if (then === undefined || timing.variant === row.yardstick) return [];
      const byMedian = timing.ratio / then.ratio;
      return [
        { row: row.name, variant: timing.variant, byMedian, byMinimum: minimum(row, timing) / minimum(old, then) },
      ];
    });
  });
}

export const isSlower = ({ byMedian, byMinimum }: Change, tolerance: number): boolean =>
  Math.min(byMedian, byMinimum) > tolerance;

const timingOf = ({ timings }: Row, variant: string): Timing | undefined => timings.find((t) => t.variant === variant);
/** Its minimum over the yardstick's. */
const minimum = (row: Row, { min }: Timing): number => min / (timingOf(row, row.yardstick) as Timing).min;
