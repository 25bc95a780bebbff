/**
 * Functions that lay out tables and turn text into HTML, and the base class of reports, which notebooks show as HTML. Names and values
 * from a program are escaped, so they cannot add markup.
 */

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** The text with every character escaped that HTML would read as markup. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => ENTITIES[c] as string);

/** The text, escaped, in a `pre` element that keeps its spaces and line breaks. */
export const preformatted = (text: string): string => `<pre>${escapeHtml(text)}</pre>`;

/** A table with a row of headings; cells are escaped. */
export const htmlTable = (headings: readonly string[], rows: readonly (readonly string[])[]): string => {
  const row = (tag: string, cells: readonly string[]) =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
  return `<table><thead>${row("th", headings)}</thead><tbody>${rows.map((cells) => row("td", cells)).join("")}</tbody></table>`;
};

/** Rows of cells as lines of text. The cells of a column end at the same place, and `gap` stands between columns. */
export function alignRight(rows: readonly (readonly string[])[], gap: string): string {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => (row[i] as string).length))) ?? [];
  const lines = rows.map((row) => row.map((cell, i) => cell.padStart(widths[i] as number)).join(gap));
  return lines.map((line) => line.trimEnd()).join("\n");
}

/** The name of the method that Deno's Jupyter kernel calls on a value to display it. */
export const NOTEBOOK = /* @__PURE__ */ Symbol.for("Jupyter.display");

/** The object that the method `NOTEBOOK` returns: the value as plain text and as HTML. */
export const notebookView = (text: string, html: string): Record<string, string> => ({
  "text/plain": text,
  "text/html": html,
});

const NODE_INSPECT = /* @__PURE__ */ Symbol.for("nodejs.util.inspect.custom");

/** A result that Node prints as text and notebooks show as HTML. */
export interface Report {
  toString(): string;
  /** The result as HTML, with names escaped, without scripts or external styles. */
  toHtml(): string;
  [NOTEBOOK](): Record<string, string>;
}

/** The base class of reports. By default, the HTML of a report is its preformatted text. */
export const report = (): (new () => Report) =>
  class {
    toHtml(): string {
      return preformatted(this.toString());
    }
    [NOTEBOOK](): Record<string, string> {
      return notebookView(this.toString(), this.toHtml());
    }
    [NODE_INSPECT](): string {
      return this.toString();
    }
  };
