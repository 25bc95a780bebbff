/**
 * Writes the site to docs/site/dist, as static files that any server can serve under any path.
 *
 *     npm run site:build                 everything
 *     npm run site:build -- --no-api     without the API reference, which takes longest
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build } from "esbuild";
import { libraryTypes, playgroundPage, standardTypes } from "./playground/files.js";
import { layOut } from "./src/layout.js";
import { escape, Renderer } from "./src/markdown.js";
import { pagesOf } from "./src/pages.js";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "../..");
const out = join(here, "dist");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };

const put = (path: string, content: string): void => {
  mkdirSync(dirname(join(out, path)), { recursive: true });
  writeFileSync(join(out, path), content);
};

/** The links below the first paragraph of the front page. */
const FIRST_STEPS = `<p class="steps"><a href="playground/index.html">Change a model in the browser</a>
<a href="docs/heart/index.html">Read the heart</a> <a href="docs/tutorials/index.html">Follow a tutorial</a></p>`;

rmSync(out, { recursive: true, force: true });
const pages = pagesOf(root);
const frame = { pages, version, root };
const renderer = await Renderer.make();
const entries: { id: string; title: string; page: string; text: string }[] = [];

for (const { source, path, title } of pages) {
  const text = readFileSync(join(root, source), "utf8");
  const rendered = renderer.page(text, source, root);
  if (path === "index.html") rendered.html = rendered.html.replace("</p>", `</p>${FIRST_STEPS}`);
  put(path, layOut(frame, { ...rendered, path, title, source }));
  // The search finds sections, not whole pages.
  const parts = text.split(/^(?=#{1,3} )/m).filter((part) => /^#/.test(part));
  parts.forEach((part, i) => {
    const heading = rendered.headings[i];
    if (heading !== undefined)
      entries.push({ id: i === 0 ? path : `${path}#${heading.id}`, title: heading.title, page: title, text: part });
  });
}

// Every file of the repository, each of which has a page, since other pages may link to it.
const tracked = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
});
const shown = /\.(ts|mts|js|mjs|json|md|py|yml|css|html|svg)$|^(LICENSE|\.ci\/run|CITATION\.cff|\.editorconfig)$/;
for (const file of tracked.split("\n").filter((name) => shown.test(name) && existsSync(join(root, name)))) {
  if (statSync(join(root, file)).size > 200_000) continue;
  const language = file.endsWith(".md") ? "text" : (/\.m?([a-z]+)$/.exec(file)?.[1] ?? "text");
  const code = renderer.code(readFileSync(join(root, file), "utf8"), language === "py" ? "python" : language);
  const html = `<h1>${escape(file)}</h1>${code}`;
  put(
    `source/${file}.html`,
    layOut(frame, { html, headings: [], path: `source/${file}.html`, title: file, source: file }),
  );
}
listFolders("");

/** Makes a page for each folder without a README, which lists the contents of the folder. */
function listFolders(folder: string): void {
  for (const name of readdirSync(join(out, "source", folder), { withFileTypes: true }))
    if (name.isDirectory()) listFolders(posix.join(folder, name.name));
  if (folder === "" || existsSync(join(root, folder, "README.md"))) return;
  const items = readdirSync(join(out, "source", folder))
    .filter((name) => name.endsWith(".html"))
    .map((name) => `<li><a href="${posix.basename(folder)}/${name}">${escape(name.slice(0, -5))}</a></li>`);
  const path = `source/${folder}.html`;
  const html = `<h1>${escape(folder)}</h1><ul>${items.join("")}</ul>`;
  put(path, layOut(frame, { html, headings: [], path, title: folder, source: `${folder}/` }));
}

const browser: BuildOptions = {
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  platform: "browser",
  logLevel: "warning",
};
await build({
  ...browser,
  entryPoints: { site: join(here, "src/site.ts") },
  outdir: join(out, "assets"),
  splitting: true,
});
await build({
  ...browser,
  entryPoints: { main: join(here, "playground/main.ts") },
  outdir: join(out, "playground"),
  splitting: true,
  // Plot's dependencies name Node's modules in branches that a browser never takes.
  alias: { module: join(here, "playground/nothing.ts") },
});
await build({
  ...browser,
  entryPoints: { types: join(here, "playground/typesWorker.ts"), runner: join(here, "playground/runner.ts") },
  outdir: join(out, "playground"),
  format: "iife",
  alias: { pedigrad: join(root, "index.ts") },
  external: ["fs", "path", "os", "perf_hooks", "module", "inspector", "url", "util"],
});
put("playground/types.json", JSON.stringify({ ...standardTypes(), ...libraryTypes(root) }));
put("playground/index.html", playgroundPage(frame));
put("assets/style.css", readFileSync(join(here, "src/style.css"), "utf8"));
put("playground/playground.css", readFileSync(join(here, "playground/playground.css"), "utf8"));
cpSync(join(here, "src/icon.svg"), join(out, "assets/icon.svg"));
put("assets/search.json", JSON.stringify(entries));
if (!process.argv.includes("--no-api"))
  execFileSync(
    process.execPath,
    [
      join(here, "node_modules/typedoc/bin/typedoc"),
      ...["--options", join(here, "typedoc.json"), "--name", `Pedigrad ${version}`],
      ...["--disableSources", "--skipErrorChecking", "--logLevel", "Error"],
    ],
    { cwd: root, stdio: "inherit" },
  );
linkBack();

/** Adds links from the pages of the API reference to the other pages. The relative path differs from page to page. */
function linkBack(): void {
  const pages = existsSync(join(out, "api"))
    ? readdirSync(join(out, "api"), { recursive: true, encoding: "utf8" })
    : [];
  for (const name of pages.filter((page) => page.endsWith(".html"))) {
    const path = posix.join("api", name.replaceAll("\\", "/"));
    const base = posix.relative(posix.dirname(path), ".");
    put(path, readFileSync(join(out, path), "utf8").replaceAll('"SITE/', `"${base}/`));
  }
}

// The initial contents of the offline copy: the pages and the files that they need, without source files and the large tools of the playground.
const LARGE = 60_000;
const files = readdirSync(out, { recursive: true, encoding: "utf8" })
  .map((name) => name.replaceAll("\\", "/"))
  .filter((name) => /\.(html|css|js|json|svg|txt)$/.test(name) && !/^(source|api)\//.test(name))
  .filter((name) => !name.startsWith("playground/") || statSync(join(out, name)).size < LARGE);
const hash = createHash("sha256");
for (const file of files) hash.update(file).update(readFileSync(join(out, file)));
await build({
  ...browser,
  entryPoints: [join(here, "src/sw.ts")],
  outfile: join(out, "sw.js"),
  format: "iife",
  define: { VERSION: JSON.stringify(hash.digest("hex").slice(0, 16)), FILES: JSON.stringify(files) },
});
console.log(`${pages.length} pages, ${readdirSync(out, { recursive: true }).length} files in docs/site/dist`);
