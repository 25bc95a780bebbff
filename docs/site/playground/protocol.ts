/**
 * The messages between the page and a program. The program is untrusted code, so the shape and size of its messages are checked before the
 * page uses them, and their contents enter the page as text.
 */

/** From the page to the frame. */
export type Order =
  | { readonly type: "run"; readonly runner: string; readonly code: string }
  | { readonly type: "stop" };

export interface GraphReport {
  readonly nodes: readonly {
    readonly name: string;
    readonly kind: string;
    readonly distribution: string;
    /** The names of its plates, outermost first. */
    readonly plates: readonly string[];
  }[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
  readonly plates: readonly { readonly name: string; readonly size: number | null }[];
}

/** For one element axis of a site: the axis of a cost that meets it, or the op that mixed it. */
export interface Axis {
  readonly axis: number;
  readonly meets: number | null;
  readonly mixedBy: string | null;
}

/** A cost, for one latent of the guide. */
export interface CostReport {
  /** `+log p(x)` */
  readonly cost: string;
  readonly depends: boolean;
  readonly isCharged: boolean;
  readonly axes: readonly Axis[];
}

export interface SiteReport {
  readonly name: string;
  readonly side: string;
  readonly distribution: string;
  /** How its gradient is taken. */
  readonly gradient: string;
  readonly shape: string;
  readonly plates: readonly string[];
  /** The sites on which its log density depends. */
  readonly provenance: readonly string[];
  /** Every cost, for a latent of the guide. */
  readonly costs: readonly CostReport[];
  readonly baseline: readonly string[];
  /** The number of values of an enumerated site; null for other sites. */
  readonly values: number | null;
}

/** The variance of a gradient, and the seconds that one gradient takes. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly seconds: number;
}

/** The same for one kind of gradient at one site. */
export interface ChoiceBar extends Bar {
  readonly site: string;
  readonly isBiased: boolean;
  readonly isRecommended: boolean;
  /** The options that choose this kind, as program text. */
  readonly options: string;
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
  | ({ readonly type: "graph" } & GraphReport)
  | { readonly type: "sites"; readonly estimator: string; readonly sites: readonly SiteReport[] }
  | { readonly type: "losses"; readonly from: number; readonly of: number; readonly values: readonly number[] }
  | {
      readonly type: "variances";
      readonly draws: number;
      readonly bars: readonly Bar[];
      readonly choices: readonly ChoiceBar[];
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
const isFlag: Check = (x) => typeof x === "boolean";
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
const names = isList(line, 500);
const axis = isRecordOf({ axis: isNumber, meets: orNull(isNumber), mixedBy: orNull(line) });
const cost = isRecordOf({ cost: line, depends: isFlag, isCharged: isFlag, axes: isList(axis, 20) });
const site = isRecordOf({
  ...{ name: line, side: line, distribution: line, gradient: line, shape: line, plates: names, provenance: names },
  ...{ costs: isList(cost, 500), baseline: names, values: orNull(isNumber) },
});
const REPORTS: Readonly<Record<Report["type"], Check>> = {
  log: isRecordOf({ type, text: isText(20_000) }),
  error: isRecordOf({ type, text: isText(20_000), line: orNull(isNumber) }),
  graph: isRecordOf({
    type,
    nodes: isList(isRecordOf({ name: line, kind: line, distribution: line, plates: names }), 500),
    edges: isList(isRecordOf({ from: line, to: line }), 5_000),
    plates: isList(isRecordOf({ name: line, size: orNull(isNumber) }), 500),
  }),
  sites: isRecordOf({ type, estimator: line, sites: isList(site, 500) }),
  losses: isRecordOf({ type, from: isNumber, of: isNumber, values: isList(isNumber, 100_000) }),
  variances: isRecordOf({
    type,
    draws: isNumber,
    bars: isList(isRecordOf({ label: line, value: isNumber, seconds: isNumber }), 50),
    choices: isList(
      isRecordOf({
        ...{ label: line, value: isNumber, seconds: isNumber },
        ...{ site: line, isBiased: isFlag, isRecommended: isFlag, options: line },
      }),
      200,
    ),
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
