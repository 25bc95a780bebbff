/**
 * Compares two reports. The figure that is compared is a variant's time divided by the yardstick's time in the same run, so that the speed
 * of the machine does not matter. Both the medians and the minima are compared, because noise rarely affects both.
 */
import { readFileSync } from "node:fs";
import type { Report, Row, Timing } from "./harness.js";
import { Misuse } from "./options.js";

/** The factors by which the median and the minimum of a variant have become longer. */
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
    throw new Misuse(`--compare: ${file} is not a report of schema 1. Make one with pedigrad bench --json > old.json.`);
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

/** The changes of all variants that are in both reports. */
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
/** The minimum of a variant divided by the minimum of the yardstick. */
const minimum = (row: Row, { min }: Timing): number => min / (timingOf(row, row.yardstick) as Timing).min;
