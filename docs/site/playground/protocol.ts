/**
 * What the page and the program say to each other. The program is foreign code: whatever comes from it is checked by shape and
 * by size before the page uses it, and enters the page as text.
 */

/** From the page to the frame. */
export type Order =
  | { readonly type: "run"; readonly runner: string; readonly code: string }
  | { readonly type: "stop" };

export interface GraphNode {
  readonly name: string;
  readonly kind: string;
}

export interface SiteReport {
  readonly name: string;
  readonly side: string;
  readonly text: string;
  readonly charged: readonly string[];
}

export interface Bar {
  readonly label: string;
  readonly value: number;
}

export interface PosteriorRow {
  readonly name: string;
  readonly mean: number;
  readonly sd: number;
  readonly exactMean: number | null;
  readonly exactSd: number | null;
}

/** From the program to the page. */
export type Report =
  | { readonly type: "log"; readonly text: string }
  | { readonly type: "error"; readonly text: string; readonly line: number | null }
  | { readonly type: "graph"; readonly dot: string; readonly nodes: readonly GraphNode[] }
  | { readonly type: "sites"; readonly estimator: string; readonly sites: readonly SiteReport[] }
  | { readonly type: "losses"; readonly from: number; readonly of: number; readonly values: readonly number[] }
  | {
      readonly type: "variances";
      readonly draws: number;
      readonly bars: readonly Bar[];
      readonly notes: readonly string[];
    }
  | { readonly type: "posterior"; readonly rows: readonly PosteriorRow[] }
  | { readonly type: "source"; readonly text: string }
  | { readonly type: "done" };

type Check = (x: unknown) => boolean;
const isText =
  (longest: number): Check =>
  (x) =>
    typeof x === "string" && x.length <= longest;
const isNumber: Check = (x) => typeof x === "number";
const orNull =
  (check: Check): Check =>
  (x) =>
    x === null || check(x);
const isList =
  (check: Check, longest: number): Check =>
  (x) =>
    Array.isArray(x) && x.length <= longest && x.every(check);
const isRecordOf =
  (fields: Readonly<Record<string, Check>>): Check =>
  (x) =>
    typeof x === "object" &&
    x !== null &&
    Object.keys(x).length === Object.keys(fields).length &&
    Object.entries(fields).every(
      ([name, check]) => Object.hasOwn(x, name) && check((x as Record<string, unknown>)[name]),
    );

const type = isText(20);
const line = isText(2_000);
const page = isText(200_000);
const REPORTS: Readonly<Record<Report["type"], Check>> = {
  log: isRecordOf({ type, text: isText(20_000) }),
  error: isRecordOf({ type, text: isText(20_000), line: orNull(isNumber) }),
  graph: isRecordOf({ type, dot: page, nodes: isList(isRecordOf({ name: line, kind: line }), 500) }),
  sites: isRecordOf({
    type,
    estimator: line,
    sites: isList(isRecordOf({ name: line, side: line, text: isText(20_000), charged: isList(line, 500) }), 500),
  }),
  losses: isRecordOf({ type, from: isNumber, of: isNumber, values: isList(isNumber, 100_000) }),
  variances: isRecordOf({
    type,
    draws: isNumber,
    bars: isList(isRecordOf({ label: line, value: isNumber }), 50),
    notes: isList(isText(5_000), 50),
  }),
  posterior: isRecordOf({
    type,
    rows: isList(
      isRecordOf({ name: line, mean: isNumber, sd: isNumber, exactMean: orNull(isNumber), exactSd: orNull(isNumber) }),
      1_000,
    ),
  }),
  source: isRecordOf({ type, text: page }),
  done: isRecordOf({ type }),
};

/** Whether a message has the shape of a report. */
export function isReport(x: unknown): x is Report {
  const kind = typeof x === "object" && x !== null ? (x as { type?: unknown }).type : undefined;
  return typeof kind === "string" && Object.hasOwn(REPORTS, kind) && REPORTS[kind as Report["type"]](x);
}

/** The longest program that a link may carry, in characters. */
export const LONGEST_PROGRAM = 20_000;
