/** Exports draws to other tools: as CSV, as ArviZ's InferenceData in JSON, or as Arrow tables. */

import { tensor } from "../../autodiff/index.js";
import * as kinds from "../../provenance/base/kinds.js";
import { refuseOption, requireKind, requireOptions, show } from "../checks.js";
import { columnsOf, type Draws, type DrawsOptions, poolChains, readDraws } from "./draws.js";

/** Columns of equal length, with their names: `chain`, `draw`, and one column for each element of each site. */
function tableOf(op: string, draws: Draws, options: DrawsOptions): [name: string, values: Float64Array | Int32Array][] {
  const { chains, length } = readDraws(op, draws, options);
  const columns = columnsOf(op, draws, options);
  const clash = columns.find(({ name }) => name === "chain" || name === "draw");
  if (clash !== undefined)
    refuseOption(
      op,
      clash.name,
      `site "${clash.name}" has the same name as a column that numbers the draws. Rename the site, or leave it out.`,
    );
  const n = chains * length;
  return [
    ["chain", Int32Array.from({ length: n }, (_, i) => Math.floor(i / length))],
    ["draw", Int32Array.from({ length: n }, (_, i) => i % length)],
    ...columns.map((column): [string, Float64Array] => [column.name, poolChains(column)]),
  ];
}

const csvField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/**
 * Draws as CSV (RFC 4180), with the columns chain and draw, and one column for each element of each site, such as
 * `theta[0]`. Numbers are written with all their digits.
 */
export function toCsv(draws: Draws, options: DrawsOptions = {}): string {
  const table = tableOf("toCsv", draws, options);
  const lines = [table.map(([name]) => csvField(name)).join(",")];
  const n = table[0]?.[1].length ?? 0;
  for (let i = 0; i < n; i++) lines.push(table.map(([, values]) => String(values[i])).join(","));
  return `${lines.join("\n")}\n`;
}

/** The part of the module `apache-arrow` that `toArrow` calls. */
export interface ArrowModule<T> {
  tableFromArrays(columns: Record<string, Float64Array | Int32Array>): T;
}

/** Draws as an Arrow table with the columns of `toCsv`. The argument `arrow` is the module `apache-arrow`, which makes the table. */
export const toArrow = <T>(arrow: ArrowModule<T>, draws: Draws, options: DrawsOptions = {}): T =>
  arrow.tableFromArrays(Object.fromEntries(tableOf("toArrow", draws, options)));

/** The groups of an InferenceData. The leading axes of their arrays number the draws, except in observedData and constantData. */
export interface InferenceGroups {
  posterior?: Draws;
  posteriorPredictive?: Draws;
  prior?: Draws;
  priorPredictive?: Draws;
  predictions?: Draws;
  logLikelihood?: Draws;
  sampleStats?: Draws;
  observedData?: Draws;
  constantData?: Draws;
}

export interface InferenceDataOptions extends DrawsOptions {
  /** The names of the axes of a site, except for the axes that number the draws: `{ theta: ["school"] }`. */
  dims?: Readonly<Record<string, readonly string[]>> | undefined;
  /** The labels along a named axis: `{ school: ["A", "B"] }`. */
  coords?: Readonly<Record<string, readonly (string | number)[]>> | undefined;
}

const GROUPS: Readonly<Record<keyof InferenceGroups, string>> = {
  posterior: "posterior",
  posteriorPredictive: "posterior_predictive",
  prior: "prior",
  priorPredictive: "prior_predictive",
  predictions: "predictions",
  logLikelihood: "log_likelihood",
  sampleStats: "sample_stats",
  observedData: "observed_data",
  constantData: "constant_data",
};
const DATA: readonly string[] = ["observedData", "constantData"];

/**
 * Draws as ArviZ's InferenceData in JSON, which `arviz.from_json(file)` reads. NaN and infinities are written as Python's json
 * module reads them.
 */
export function toInferenceData(groups: InferenceGroups, options: InferenceDataOptions = {}): string {
  const op = "toInferenceData";
  requireOptions(op, groups, Object.keys(GROUPS));
  requireOptions(op, options, ["batchNdims", "dims", "coords"]);
  const { dims, coords, ...layout } = options;
  const definedGroups = Object.entries(groups).filter(([, draws]) => draws !== undefined);
  const parts = definedGroups.map(([group, draws]) => {
    requireKind(op, group, draws, kinds.record);
    const isData = DATA.includes(group);
    // Data have no axes for draws, so their shapes are free.
    const { chains, length } = readDraws(op, isData ? {} : (draws as Draws), layout);
    const values = Object.entries(draws as Draws).map(([name, numbers]) => {
      const x = tensor(numbers);
      const siteShape = isData ? x.shape : x.shape.slice(layout.batchNdims ?? 1);
      siteShape.forEach((size, axis) => {
        const labels = coords?.[dims?.[name]?.[axis] as string];
        if (labels !== undefined && labels.length !== size)
          refuseOption(
            op,
            "coords",
            `coords has ${labels.length} labels for axis ${axis} of "${name}", which has size ${size}.`,
          );
      });
      const value = isData ? x : x.reshape([chains, length, ...siteShape]);
      return `${JSON.stringify(name)}:${numbersAsText(value.toArray())}`;
    });
    return `${JSON.stringify(GROUPS[group as keyof InferenceGroups])}:{${values.join(",")}}`;
  });
  for (const [name, value] of Object.entries({ dims, coords })) {
    if (value === undefined) continue;
    if (typeof value !== "object") refuseOption(op, name, `${name} must be a record of lists, got ${show(value)}.`);
    parts.push(`${JSON.stringify(name)}:${JSON.stringify(value)}`);
  }
  return `{${parts.join(",")}}`;
}

type Numbers = number | readonly Numbers[];
const numbersAsText = (x: Numbers): string =>
  typeof x === "number" ? String(x) : `[${x.map(numbersAsText).join(",")}]`;
