/** Which pages the site has, where each comes from, and the headings under which the menu lists them. */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

export interface Page {
  /** The Markdown file, relative to the repository. */
  readonly source: string;
  /** The path of the page in the site. */
  readonly path: string;
  readonly title: string;
  readonly section: string;
}

const ORDER: readonly [section: string, sources: readonly string[]][] = [
  ["Start", ["README.md", "docs/heart/README.md"]],
  ["Guides", ["docs/guide.md", "docs/engine.md", "docs/elements.md", "docs/subsampling.md", "docs/errors.md"]],
  ["Source", ["docs/README.md", "docs/decisions.md", "CONTRIBUTING.md", "docs/site/README.md"]],
  ["Project", ["docs/bench.md", "docs/versions.md", "CHANGELOG.md", "SECURITY.md"]],
];

/** The path of a Markdown file in the site: README.md is the front page, and any other README is the index page of its folder. */
export const pathOf = (source: string): string =>
  source === "README.md" ? "index.html" : source.replace(/README\.md$/, "index.html").replace(/\.md$/, ".html");

const titleOf = (text: string, source: string): string =>
  (/^# (.+)$/m.exec(text)?.[1] ?? posix.basename(source, ".md")).replaceAll("`", "");

/** All pages made from Markdown: those named above, other pages of docs/, the tutorials in the order of their README, and the README of every room. */
export function pagesOf(root: string): Page[] {
  const page = (section: string, source: string): Page => ({
    source,
    section,
    path: pathOf(source),
    title: titleOf(readFileSync(join(root, source), "utf8"), source),
  });
  const named = ORDER.flatMap(([section, sources]) => sources.map((source) => page(section, source)));
  const known = new Set(named.map(({ source }) => source));
  const others = readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md") && !known.has(`docs/${name}`))
    .map((name) => page("Guides", `docs/${name}`));
  const folder = "docs/tutorials";
  const links = readFileSync(join(root, folder, "README.md"), "utf8").matchAll(/^- \[.+?\]\((.+?\.md)\)/gm);
  const tutorials = ["README.md", ...[...links].map(([, path]) => path as string)];
  const rooms = ["provenance", "autodiff", "distributions", "infer", "test"].flatMap((top) => readmesIn(root, top));
  return [
    ...named,
    ...others,
    ...tutorials.map((name) => page("Tutorials", `${folder}/${name}`)),
    ...rooms.map((source) => page("Rooms", source)),
  ];
}

function readmesIn(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((name) => posix.join(folder, name.replaceAll("\\", "/")))
    .filter((name) => name.endsWith("/README.md") && !name.includes("node_modules"))
    .sort();
}
