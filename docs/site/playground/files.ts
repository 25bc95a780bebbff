/** The files that the build writes for the playground: its page, and the types for its editor. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Frame, layOut } from "../src/layout.js";

/** The declarations of the language, and of the only global that programs have. */
export function standardTypes(): Record<string, string> {
  const folder = dirname(createRequire(import.meta.url).resolve("typescript"));
  const files: Record<string, string> = {
    "/globals.d.ts": "declare const console: { log(...values: unknown[]): void };\n",
  };
  const add = (name: string): void => {
    const path = `/${name}`;
    if (files[path] !== undefined) return;
    const text = readFileSync(join(folder, name), "utf8");
    files[path] = text;
    for (const [, other] of text.matchAll(/<reference lib="([^"]+)"/g)) add(`lib.${other}.d.ts`);
  };
  add("lib.es2022.d.ts");
  return files;
}

/** The files of the library's source. */
const sourcesOf = (root: string): string[] => [
  "index.ts",
  ...["provenance", "autodiff", "distributions", "infer"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(folder, name)),
  ),
];

/** The declarations of the library as it is built, under the name by which programs import it. */
export function libraryTypes(root: string): Record<string, string> {
  const built = join(root, "dist/index.d.ts");
  const since = existsSync(built) ? statSync(built).mtimeMs : 0;
  if (sourcesOf(root).some((file) => statSync(join(root, file)).mtimeMs > since))
    execFileSync("npm", ["run", "--silent", "build"], { cwd: root, stdio: "inherit" });
  const files: Record<string, string> = {};
  for (const name of readdirSync(join(root, "dist")).filter((file) => file.endsWith(".d.ts")))
    files[`/node_modules/pedigrad/${name}`] = readFileSync(join(root, "dist", name), "utf8");
  files["/node_modules/pedigrad/package.json"] = JSON.stringify({ name: "pedigrad", types: "./index.d.ts" });
  const ndarray = join(root, "node_modules/@types/ndarray");
  files["/node_modules/@types/ndarray/index.d.ts"] = readFileSync(join(ndarray, "index.d.ts"), "utf8");
  return files;
}

/** The page. */
export const playgroundPage = (frame: Frame): string =>
  layOut(frame, {
    path: "playground/index.html",
    title: "Playground",
    source: "docs/site/playground/main.ts",
    headings: [],
    html: `<h1>Playground</h1>
<p>Change the model and run it, to see what depends on what, which costs each choice is charged with, and how noisy the gradients are.
The program runs in your browser, without access to the network.</p>
<p class="bar"><label>Start from <select id="models"></select></label>
<button id="run" class="main">Run</button> <button id="stop" disabled>Stop</button> <button id="share">Share</button>
<span id="status" role="status"></span></p>
<div class="play">
<section class="code" aria-label="Program"><textarea id="program" aria-label="The program" spellcheck="false" autocomplete="off" autocapitalize="off"></textarea><div id="editor"></div>
<p id="error" role="alert"></p><ul id="problems" aria-label="Type errors"></ul>
<div id="output" hidden><h2>Output</h2><pre id="log" tabindex="0"></pre></div></section>
<div class="told" id="told">
<p id="nothing" class="quiet">Press <b>Run</b>, or Ctrl+Enter in the program. Then this side shows the graph of the model, the costs of each site, the loss, the variance of
the gradients, and the posterior.</p>
<section hidden><h2>Sites</h2><div id="graph"></div></section>
<section hidden><h2>The site <code id="chosen"></code> under <span id="estimator">its estimator</span></h2><div id="site"></div></section>
<section hidden><h2>Loss</h2><div id="losses"></div></section>
<section hidden><h2>Variance of the gradient</h2><div id="variances"></div></section>
<section hidden><h2>Posterior</h2><div id="posterior"></div></section>
<section hidden><details><summary>The compiled program of one gradient</summary><pre id="source" tabindex="0"></pre></details></section>
</div></div>`,
  })
    .replace(
      "</head>",
      '<link rel="stylesheet" href="playground.css">\n<script type="module" src="main.js"></script>\n</head>',
    )
    .replace(
      "default-src 'self'; ",
      "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; frame-src 'self'; worker-src 'self' blob:; ",
    )
    .replace('<div class="columns">', '<div class="columns wide">');
