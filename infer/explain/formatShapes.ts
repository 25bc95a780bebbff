/**
 * The shapes of a run as a table, laid out like Pyro's `Trace.format_shapes`. For every site, the table shows the shapes of
 * the distribution, of the value and, optionally, of the log density. A bar separates batch axes from event axes.
 */
import { requireOptions } from "../checks.js";
import { alignRight } from "../html.js";
import { sampleSites, type Trace } from "../program/trace.js";

export interface FormatShapesOptions {
  /** The first line; "Trace Shapes:" by default. */
  title?: string | undefined;
  /** Whether to compute log densities and show their shapes; false by default, as in Pyro. */
  computeLogProb?: boolean | undefined;
}

/** A row: a name, the cells before the bar, and the cells after the bar (null if the row has no bar). */
type Row = readonly [name: string, batch: readonly string[], event: readonly string[] | null];

const cells = (shape: readonly number[]): string[] => shape.map(String);

/** The table of shapes of a trace. */
export function formatShapes(trace: Trace, options: FormatShapesOptions = {}): string {
  requireOptions("formatShapes", options, ["title", "computeLogProb"]);
  const { title = "Trace Shapes:", computeLogProb = false } = options;
  const rows: Row[] = [
    [title, [], null],
    ["Param Sites:", [], null],
  ];
  for (const site of trace.values()) if (site.type === "param") rows.push([site.name, cells(site.value.shape), null]);
  rows.push(["Sample Sites:", [], null]);
  for (const site of sampleSites(trace)) {
    const { batchShape, eventShape } = site.fn;
    const { shape } = site.value;
    const lead = shape.length - eventShape.length;
    rows.push([`${site.name} dist`, cells(batchShape), cells(eventShape)]);
    rows.push(["value", cells(shape.slice(0, lead)), cells(shape.slice(lead))]);
    if (computeLogProb) rows.push(["log_prob", cells(site.logProb().shape), []]);
  }
  return layOut(rows);
}

/** The rows as lines of text. Each axis has a separate column: batch axes end at the bar, event axes begin after the bar. */
function layOut(rows: readonly Row[]): string {
  const [left, right] = [0, 1].map((side) =>
    Math.max(...rows.map((row) => (row[side === 0 ? 1 : 2] ?? []).length)),
  ) as [number, number];
  const pad = (n: number): string[] => new Array<string>(n).fill("");
  const grid = rows.map(([name, batch, event]) => [
    name,
    ...pad(left - batch.length),
    ...batch,
    event === null ? "" : "|",
    ...(event ?? []),
    ...pad(right - (event ?? []).length),
  ]);
  return alignRight(grid, " ");
}
