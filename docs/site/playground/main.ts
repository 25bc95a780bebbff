/** The page of the playground: a program on one side, what the library says of it on the other. Nothing runs before Run is pressed. */
import type { Editor } from "./editor.js";
import { Sandbox } from "./frame.js";
import { MODELS } from "./models.js";
import { LONGEST_PROGRAM, type Report, type SiteReport } from "./protocol.js";
import { javascriptOf, loadTypes } from "./types.js";
import { drawBars, drawGraph, drawLosses, drawPosterior } from "./views.js";

const find = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const [area, host, status, choice] = [
  find<HTMLTextAreaElement>("program"),
  find("editor"),
  find("status"),
  find<HTMLSelectElement>("models"),
];

let editor: Editor | undefined;
let hasRun = false;
let sites: readonly SiteReport[] = [];
let losses: number[] = [];
let chosen: string | null = null;

const text = (): string => editor?.text() ?? area.value;
const say = (words: string): void => {
  status.textContent = words;
};

/** The program as a fragment of the address: UTF-8 in base64url. */
const encode = (program: string): string =>
  btoa(String.fromCharCode(...new TextEncoder().encode(program)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
function decode(fragment: string): string | null {
  if (fragment.length > 2 * LONGEST_PROGRAM) return null;
  try {
    const bytes = atob(fragment.replaceAll("-", "+").replaceAll("_", "/"));
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(bytes, (c) => c.charCodeAt(0)));
  } catch {
    return null;
  }
}

const hear = (report: Report): void => {
  switch (report.type) {
    case "log":
      find("log").append(`${report.text}\n`);
      find("output").hidden = false;
      break;
    case "error":
      find("error").textContent = report.line === null ? report.text : `Line ${report.line}: ${report.text}`;
      editor?.mark(report.line, report.text);
      say("Refused.");
      break;
    case "graph": {
      const names = report.nodes.map(({ name }) => name);
      drawGraph(find("graph"), report.dot, names, choose).catch((error: unknown) => say(String(error)));
      break;
    }
    case "sites":
      sites = report.sites;
      find("estimator").textContent = report.estimator;
      choose(chosen !== null && sites.some(({ name }) => name === chosen) ? chosen : (sites[0]?.name ?? ""));
      break;
    case "losses":
      if (report.from === 0) losses = [];
      losses.push(...report.values);
      say(`Step ${losses.length.toLocaleString("en")} of ${report.of.toLocaleString("en")}.`);
      drawLosses(find("losses"), losses, report.of).catch((error: unknown) => say(String(error)));
      break;
    case "variances":
      drawBars(find("variances"), report.bars, report.notes, report.draws);
      break;
    case "posterior":
      drawPosterior(find("posterior"), report.rows);
      break;
    case "source":
      find("source").textContent = report.text;
      break;
    case "done":
      find<HTMLButtonElement>("stop").disabled = true;
      if (find("error").textContent === "") say("Done.");
  }
};
const sandbox = new Sandbox(document.body, hear);

/** Show what is known of a site, on both sides. */
function choose(name: string): void {
  chosen = name;
  const own = sites.filter((site) => site.name === name);
  const parts = own.flatMap(({ text: said, charged }) => {
    const p = document.createElement("pre");
    p.textContent = said.trim();
    const list = document.createElement("ul");
    for (const cost of charged) {
      const item = document.createElement("li");
      item.textContent = cost;
      list.append(item);
    }
    return charged.length > 0 ? [p, list] : [p];
  });
  find("chosen").textContent = name;
  find("site").replaceChildren(...parts);
}

let runner: Promise<string> | undefined;
async function run(): Promise<void> {
  hasRun = true;
  say("Starting…");
  find<HTMLButtonElement>("stop").disabled = false;
  find("error").textContent = "";
  find("log").textContent = "";
  find("output").hidden = true;
  editor?.mark(null, "");
  runner ??= fetch(new URL("./runner.js", import.meta.url)).then((response) => response.text());
  const program = text();
  if (program.length > LONGEST_PROGRAM) return say(`A program has at most ${LONGEST_PROGRAM} characters.`);
  await sandbox.run(await runner, await javascriptOf(program));
}

let timer: ReturnType<typeof setTimeout> | undefined;
/** After the first run, a change runs again once the typing pauses. */
function changed(): void {
  clearTimeout(timer);
  if (hasRun) timer = setTimeout(() => void run(), 700);
}

function show(program: string): void {
  hasRun = false;
  void sandbox.stop();
  area.value = program;
  editor?.replace(program);
}

async function open(): Promise<void> {
  if (editor !== undefined) return;
  const { openEditor } = await import("./editor.js");
  if (editor !== undefined) return;
  area.hidden = true;
  editor = openEditor(host, area.value, changed);
  editor.focus();
  await loadTypes();
}

for (const { name } of MODELS) choice.append(new Option(name));
choice.addEventListener("change", () => {
  history.replaceState(null, "", location.pathname);
  show(MODELS[choice.selectedIndex]?.text ?? "");
});
area.addEventListener("focus", () => void open());
area.addEventListener("input", changed);
find("run").addEventListener("click", () => void run());
find("stop").addEventListener("click", () => {
  clearTimeout(timer);
  void sandbox.stop();
  find<HTMLButtonElement>("stop").disabled = true;
  say("Stopped.");
});
find("share").addEventListener("click", async () => {
  history.replaceState(null, "", `#${encode(text())}`);
  await navigator.clipboard?.writeText(location.href).catch(() => {});
  say("The address of this page now holds the program; it was copied.");
});

const shared = location.hash.length > 1 ? decode(location.hash.slice(1)) : null;
if (shared !== null) choice.selectedIndex = -1;
show(shared ?? MODELS[0]?.text ?? "");
if (shared !== null) say("A program from a link. Read it, then press Run.");
else if (location.hash.length > 1) say("The link does not hold a program.");
