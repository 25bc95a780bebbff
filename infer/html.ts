/** Text as HTML, and values that a notebook shows as HTML. Whatever a program named or computed enters a page as text. */

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** The text, with no character left that HTML would read as markup. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => ENTITIES[c] as string);

/** Text as it stands, line by line. */
export const preformatted = (text: string): string => `<pre>${escapeHtml(text)}</pre>`;

/** A table with a row of headings; cells are escaped. */
export const htmlTable = (headings: readonly string[], rows: readonly (readonly string[])[]): string => {
  const row = (tag: string, cells: readonly string[]) =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
  return `<table><thead>${row("th", headings)}</thead><tbody>${rows.map((cells) => row("td", cells)).join("")}</tbody></table>`;
};

/** The method that Deno's Jupyter kernel calls for what it shows. */
export const NOTEBOOK = Symbol.for("Jupyter.display");

/** The result of that method: one text for each kind of display. */
export const notebookView = (text: string, html: string): Record<string, string> => ({
  "text/plain": text,
  "text/html": html,
});
