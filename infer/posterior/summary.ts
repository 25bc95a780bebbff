/** A table that summarises draws: mean, standard deviation and interval of each element, and, for several chains, convergence diagnostics. */
import { requireOptions } from "../checks.js";
import { alignRight, htmlTable, report } from "../html.js";
import { essBulk, essTail, mean, rHat, varianceOf } from "./convergence.js";
import { type Column, columnsOf, type Draws, type DrawsOptions, poolChains } from "./draws.js";
import { narrowestInterval, quantileOf, requireProb } from "./intervals.js";

export interface SummaryOptions extends DrawsOptions {
  /** The share of the draws in the interval; 0.94 by default, as in ArviZ. */
  prob?: number | undefined;
}

/** The summary of one element of a site. */
export interface SummaryRow {
  /** The name of the element, such as `theta[0]`. */
  readonly name: string;
  readonly mean: number;
  /** The standard deviation, with the divisor n - 1. */
  readonly sd: number;
  readonly median: number;
  /** The ends of the narrowest interval that contains the share `prob` of the draws. */
  readonly hpdi: readonly [low: number, high: number];
  /** Effective sample sizes and R-hat (convergence.ts), if the draws have an axis for chains. */
  readonly essBulk?: number;
  readonly essTail?: number;
  readonly rHat?: number;
}

/** The result of `summary`: rows of numbers, which are printed as a table. */
export class Summary extends /* @__PURE__ */ report() implements Iterable<SummaryRow> {
  constructor(
    readonly rows: readonly SummaryRow[],
    readonly prob: number,
  ) {
    super();
  }

  [Symbol.iterator](): Iterator<SummaryRow> {
    return this.rows[Symbol.iterator]();
  }

  /** The row of one element, by a name such as `theta[0]`. */
  get(name: string): SummaryRow | undefined {
    return this.rows.find((row) => row.name === name);
  }

  /** The headings and cells of the table, as text. */
  table(): { headings: string[]; rows: string[][] } {
    const percent = (share: number) => `hpdi ${+(100 * share).toPrecision(4)}%`;
    const tail = (1 - this.prob) / 2;
    const hasChains = this.rows.some((row) => row.rHat !== undefined);
    const headings = ["", "mean", "sd", "median", percent(tail), percent(1 - tail)];
    if (hasChains) headings.push("ess bulk", "ess tail", "r hat");
    const rows = this.rows.map(({ name, mean, sd, median, hpdi, ...chains }) => [
      name,
      ...[mean, sd, median, ...hpdi].map(formatNumber),
      ...(hasChains
        ? [
            (chains.essBulk as number).toFixed(0),
            (chains.essTail as number).toFixed(0),
            (chains.rHat as number).toFixed(2),
          ]
        : []),
    ]);
    return { headings, rows };
  }

  override toString(): string {
    const { headings, rows } = this.table();
    const width = Math.max(...rows.map(([name = ""]) => name.length));
    const padded = rows.map(([name = "", ...cells]) => [name.padEnd(width), ...cells]);
    return alignRight([headings, ...padded], "  ");
  }

  override toHtml(): string {
    const { headings, rows } = this.table();
    return htmlTable(headings, rows);
  }
}

const formatNumber = (x: number): string =>
  Math.abs(x) >= 1e6 || (x !== 0 && Math.abs(x) < 1e-3) ? x.toExponential(2) : x.toFixed(3);

/**
 * Summarise draws by site name, of shape [draws, ...site], as Predictive and samplePosterior return them. With
 * `{ batchNdims: 2 }` the shape is [chains, draws, ...site], and the summary also has effective sample sizes and R-hat.
 *
 * @example
 * console.log(summary({ mu: [0.1, 0.4, 0.2, 0.3] }).toString());
 */
export function summary(draws: Draws, options: SummaryOptions = {}): Summary {
  requireOptions("summary", options, ["batchNdims", "prob"]);
  const { prob = 0.94, batchNdims = 1 } = options;
  requireProb("summary", prob);
  const describe = (column: Column): SummaryRow => {
    const all = poolChains(column);
    const sorted = all.slice().sort();
    return {
      name: column.name,
      mean: mean(all),
      sd: Math.sqrt(varianceOf(all)),
      median: quantileOf(sorted, 0.5),
      hpdi: narrowestInterval(sorted, prob),
      ...(batchNdims === 2 && { essBulk: essBulk(column), essTail: essTail(column), rHat: rHat(column) }),
    };
  };
  return new Summary(columnsOf("summary", draws, { batchNdims }).map(describe), prob);
}
