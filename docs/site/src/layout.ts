/** The frame of every page: header with version, search and theme, menu, contents, footer with the link to the source. */
import { posix } from "node:path";
import type { Rendered } from "./markdown.js";
import { escape, siteTarget } from "./markdown.js";
import type { Page } from "./pages.js";

export interface Frame {
  readonly pages: readonly Page[];
  readonly version: string;
  readonly root: string;
}

const SECTIONS = ["Start", "Guides", "Tutorials", "Source", "Project"];

/** A whole page. `path` is its path in the site, and `source` is the file of the repository that it shows. */
export function layOut(
  { pages, version, root }: Frame,
  {
    path,
    title,
    source,
    html,
    headings,
  }: Pick<Rendered, "html" | "headings"> & { path: string; title: string; source: string },
): string {
  const base = posix.relative(posix.dirname(path), ".") || ".";
  const link = (to: string, text: string) =>
    `<a href="${base}/${to}"${to === path ? ' aria-current="page"' : ""}>${escape(text)}</a>`;
  const menu = SECTIONS.map((section) => {
    const items = pages
      .filter((page) => page.section === section)
      .map((page) => `<li>${link(page.path, page.title)}</li>`);
    return items.length === 0 ? "" : `<h2>${section}</h2><ul>${items.join("")}</ul>`;
  }).join("");
  const contents = headings
    .filter(({ level }) => level === 2)
    .map(({ id, title: heading }) => `<li><a href="#${id}">${escape(heading)}</a></li>`);
  const sourceHref = source.endsWith(".md") ? `source/${source}.html` : siteTarget(source.replace(/\/$/, ""), root);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:">
<title>${escape(title)}${path === "index.html" ? "" : " · Pedigrad"}</title>
<link rel="icon" href="${base}/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${base}/assets/style.css">
<script type="module" src="${base}/assets/site.js"></script>
</head>
<body data-base="${base}">
<a class="skip" href="#main">Skip to the text</a>
<header>
<button class="menu" aria-expanded="false" aria-controls="menu">Menu</button>
<a class="name" href="${base}/index.html">Pedigrad</a> <span class="version">${escape(version)}</span>
<nav aria-label="Main">${link("playground/index.html", "Playground")} <a href="${base}/api/index.html">API</a></nav>
<search><input type="search" placeholder="Search" aria-label="Search the pages" autocomplete="off"><div class="found" hidden></div></search>
<button class="theme" aria-label="Switch between light and dark">◐</button>
</header>
<div class="columns">
<nav id="menu" class="pages" aria-label="Pages">${menu}</nav>
<main id="main">${html}
<footer><a href="${base}/${sourceHref}">Source of this page: ${escape(source)}</a></footer></main>
${contents.length > 1 ? `<nav class="contents" aria-label="On this page"><h2>On this page</h2><ul>${contents.join("")}</ul></nav>` : ""}
</div>
</body>
</html>
`;
}
