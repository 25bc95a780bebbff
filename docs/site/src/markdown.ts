/** Converts Markdown to HTML. Code is coloured by shiki, headings get anchors, and links to files of the repository lead to their pages. */
import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import MarkdownIt from "markdown-it";
import { type BundledLanguage, createHighlighter, type Highlighter } from "shiki";
import { pathOf } from "./pages.js";

const THEMES = { light: "github-light-high-contrast", dark: "github-dark-high-contrast" };
const LANGUAGES: BundledLanguage[] = ["ts", "js", "json", "bash", "python", "html", "css", "mermaid"];

export interface Rendered {
  html: string;
  /** The text without markup, for the search. */
  readonly text: string;
  readonly headings: readonly { level: number; id: string; title: string }[];
}

/** The anchor of a heading, the same as on GitHub. */
const slug = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");

const escape = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

export class Renderer {
  readonly #highlighter: Highlighter;
  readonly #markdown: ReturnType<typeof MarkdownIt>;

  private constructor(highlighter: Highlighter) {
    this.#highlighter = highlighter;
    this.#markdown = new MarkdownIt({
      html: false,
      linkify: false,
      highlight: (code, language) => this.code(code, language),
    });
    this.#markdown.renderer.rules.code_block = (tokens, i) => this.code(tokens[i]?.content ?? "", "text");
  }

  static async make(): Promise<Renderer> {
    return new Renderer(await createHighlighter({ themes: Object.values(THEMES), langs: LANGUAGES }));
  }

  /** Source text as a `<pre>` element with colours. */
  code(code: string, language: string): string {
    const known = (LANGUAGES as string[]).includes(language) ? language : language === "sh" ? "bash" : "text";
    return this.#highlighter
      .codeToHtml(code.trimEnd(), { lang: known, themes: THEMES, defaultColor: false })
      .replace("<pre ", '<pre tabindex="0" ');
  }

  /** The page of a Markdown file; `source` is its path in the repository. */
  page(text: string, source: string, root: string): Rendered {
    const tokens = this.#markdown.parse(text, {});
    const headings: { level: number; id: string; title: string }[] = [];
    const used = new Map<string, number>();
    const words: string[] = [];
    tokens.forEach((token, i) => {
      if (token.type === "heading_open") {
        const title = (tokens[i + 1]?.children ?? []).map(({ content }) => content).join("");
        const base = slug(title);
        const count = used.get(base) ?? 0;
        used.set(base, count + 1);
        const id = count === 0 ? base : `${base}-${count}`;
        token.attrSet("id", id);
        headings.push({ level: Number(token.tag.slice(1)), id, title });
      }
      if (token.type === "table_open") token.attrSet("tabindex", "0");
      for (const child of token.children ?? []) {
        const href = child.type === "link_open" ? child.attrGet("href") : null;
        if (href !== null) child.attrSet("href", linkFrom(source, String(href), root));
        words.push(child.content);
      }
      if (token.type === "fence") words.push(token.content);
    });
    const html = this.#markdown.renderer.render(tokens, this.#markdown.options, {});
    return { html, text: words.join(" "), headings };
  }
}

/** The target of a link on the page that is made from `source`. */
function linkFrom(source: string, href: string, root: string): string {
  if (/^[a-z]+:|^#/i.test(href)) return href;
  const [file = "", anchor] = href.split("#");
  const target = posix.normalize(posix.join(posix.dirname(source), file)).replace(/\/$/, "");
  const to = siteTarget(target, root);
  const relative = posix.relative(posix.dirname(pathOf(source)), to) || posix.basename(to);
  return anchor === undefined ? relative : `${relative}#${anchor}`;
}

/** The path in the site of a file or folder of the repository. */
export function siteTarget(target: string, root: string): string {
  if (target.endsWith(".md")) return pathOf(target);
  if (existsSync(join(root, target, "README.md"))) return pathOf(posix.join(target, "README.md"));
  return `source/${target}.html`;
}

export { escape };
