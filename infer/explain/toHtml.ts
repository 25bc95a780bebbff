/**
 * Converts results to HTML for notebooks and pages: tensors and summaries to tables, explanations to text, losses to a curve. Showing a
 * tensor counts as a read of its value. Names are escaped, so they cannot add markup to the page.
 */
import { Tensor } from "../../autodiff/index.js";
import { refuse } from "../../provenance/base/error.js";
import { show } from "../checks.js";
import { escapeHtml, htmlTable, NOTEBOOK, notebookView, preformatted } from "../html.js";
import type { Summary } from "../posterior/summary.js";
import type { Explanation } from "./explanation.js";
import type { ModelGraph } from "./modelGraph.js";

/** The results that `toHtml` accepts. A list of numbers means the losses of all steps. */
export type Showable = Tensor | Summary | Explanation | ModelGraph | Float64Array | readonly number[];

const MAX_TABLE_SIZE = 20;

/** One of the library's results as HTML, without scripts or external styles. */
export function toHtml(x: Showable): string {
  if (x instanceof Tensor) return tensorHtml(x);
  if (typeof x === "object" && x !== null && NOTEBOOK in x) return x.toHtml();
  if (x instanceof Float64Array || (Array.isArray(x) && x.every((y) => typeof y === "number"))) return lossCurve(x);
  refuse(
    "bad-argument",
    "toHtml",
    `expected a tensor, a summary, an explanation, a model graph or a list of losses, got ${show(x)}.`,
  );
}

/** An object that Deno's Jupyter kernel displays as HTML (by `toHtml`) if it is the last value of a cell. */
export const display = (x: Showable): { [NOTEBOOK](): Record<string, string> } => ({
  [NOTEBOOK]: () => notebookView(String(x), toHtml(x)),
});

/**
 * Makes Deno's Jupyter kernel display tensors as HTML (by `toHtml`) instead of a line of text, after a call in the first
 * cell of a notebook. The call adds a method to `Tensor`. A bundle of a program without the call leaves this code out.
 */
export function installDisplay(): void {
  Object.defineProperty(Tensor.prototype, NOTEBOOK, {
    configurable: true,
    value(this: Tensor) {
      return notebookView(String(this), toHtml(this));
    },
  });
}

/** A tensor as HTML: a table for vectors and matrices of at most `MAX_TABLE_SIZE` rows and columns, text for all other tensors. */
function tensorHtml(x: Tensor): string {
  const caption = `Tensor[${x.shape}]`;
  const isTable = (x.shape.length === 1 || x.shape.length === 2) && x.shape.every((n) => n <= MAX_TABLE_SIZE);
  if (!isTable) return preformatted(x.toString());
  const rows = (x.shape.length === 1 ? [x.toArray()] : x.toArray()) as number[][];
  const columns = x.shape.at(-1) as number;
  return htmlTable(
    [caption, ...Array.from({ length: columns }, (_, j) => String(j))],
    rows.map((row, i) => [x.shape.length === 1 ? "" : String(i), ...row.map(String)]),
  );
}

const [WIDTH, HEIGHT] = [480, 160];

/**
 * An SVG line of losses against steps. If there are more than `WIDTH` losses, the line shows means over `WIDTH` spans of steps. The line
 * has gaps at spans without a finite loss.
 */
function lossCurve(losses: ArrayLike<number>): string {
  const n = Math.min(losses.length, WIDTH);
  const spans = Array.from({ length: n }, (_, i) => {
    const [from, to] = [Math.floor((i * losses.length) / n), Math.floor(((i + 1) * losses.length) / n)];
    const finite = Array.from({ length: to - from }, (_, j) => losses[from + j] as number).filter(Number.isFinite);
    return finite.reduce((a, b) => a + b, 0) / finite.length;
  });
  const finite = spans.filter(Number.isFinite);
  if (finite.length === 0) return preformatted("no finite loss");
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const place = (y: number) => (HEIGHT * (1 - (y - low) / (high - low || 1))).toFixed(1);
  const points = spans.map((y, i) =>
    Number.isFinite(y) ? `${((WIDTH * i) / Math.max(n - 1, 1)).toFixed(1)},${place(y)}` : null,
  );
  const lines = points
    .join(" ")
    .split(/(?:^| )(?:null|)(?: |$)/)
    .filter((line) => line !== "")
    .map((line) => `<polyline points="${line}" fill="none" stroke="currentColor"/>`);
  const title = escapeHtml(`${losses.length} steps, loss ${high.toPrecision(4)} to ${low.toPrecision(4)}`);
  return `<svg viewBox="-4 -4 ${WIDTH + 8} ${HEIGHT + 8}" width="${WIDTH}" role="img" aria-label="${title}"><title>${title}</title>${lines.join("")}</svg>`;
}
