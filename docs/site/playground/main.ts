/** The page of the playground: a program on one side, and the library's reports on the other. Nothing runs before Run is pressed. */
import type { Editor } from "./editor.js";
import { Sandbox } from "./frame.js";
import { drawGraph, markChosen } from "./graph.js";
import { MODELS } from "./models.js";
import { type GraphReport, LONGEST_PROGRAM, type Report, type SiteReport } from "./protocol.js";
import { decode, encode } from "./share.js";
import { describeSite } from "./site.js";
import { loadTypes, scriptOf } from "./types.js";
import type { Problem } from "./typesWorker.js";
import { drawLosses, drawPosterior, drawVariances } from "./views.js";

const find = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const [area, host, status, choice, told] = [
  find<HTMLTextAreaElement>("program"),
  find("editor"),
  find("status"),
  find<HTMLSelectElement>("models"),
  find("told"),
];
const stopButton = find<HTMLButtonElement>("stop");
const panels = [...told.querySelectorAll<HTMLElement>("section")];

let editor: Editor | undefined;
let hasRun = false;
let graph: GraphReport | null = null;
let sites: readonly SiteReport[] = [];
let estimator = "";
let losses: number[] = [];
let chosen: string | null = null;

const text = (): string => editor?.text() ?? area.value;
const say = (words: string): void => {
  status.textContent = words;
};
const sayError = (error: unknown): void => say(String(error));

/** Mark the panel of a report as up to date, and show it. */
function fresh(id: string): HTMLElement {
  const place = find(id);
  const panel = place.closest("section");
  panel?.classList.remove("old");
  if (panel !== null) panel.hidden = false;
  find("nothing").hidden = true;
  return place;
}

/** Hide panels that still show an earlier run. For example, a refused program has no variances. */
function hideOld(): void {
  for (const panel of panels) if (panel.classList.contains("old")) panel.hidden = true;
}

const hear = (report: Report): void => {
  clearTimeout(silence);
  switch (report.type) {
    case "log":
      find("log").append(`${report.text}\n`);
      find("output").hidden = false;
      break;
    case "error":
      refuse(report.text, report.line);
      break;
    case "graph":
      graph = report;
      break;
    case "sites": {
      sites = report.sites;
      estimator = report.estimator;
      find("estimator").textContent = estimator;
      const names = new Set([...(graph?.nodes ?? []), ...sites].map(({ name }) => name));
      const first = sites.find(({ side }) => side === "guide") ?? sites[0];
      if (chosen === null || !names.has(chosen)) chosen = first?.name ?? null;
      if (graph !== null)
        drawGraph(fresh("graph"), graph, sites, choose)
          .then(() => chosen !== null && choose(chosen))
          .catch(sayError);
      break;
    }
    case "losses":
      if (report.from === 0) losses = [];
      losses.push(...report.values);
      say(`Step ${losses.length.toLocaleString("en")} of ${report.of.toLocaleString("en")}.`);
      drawLosses(fresh("losses"), losses, report.of).catch(sayError);
      break;
    case "variances":
      drawVariances(fresh("variances"), report, estimator);
      break;
    case "posterior":
      drawPosterior(fresh("posterior"), report.rows);
      say("The fit is done. Measuring variances with more draws…");
      break;
    case "source":
      fresh("source").textContent = report.text;
      break;
    case "done":
      finish();
      if (find("error").textContent === "") say(graph === null ? "Done. To see more, export a model." : "Done.");
  }
};
const sandbox = new Sandbox(document.body, hear);

function refuse(words: string, line: number | null): void {
  find("error").textContent = line === null ? words : `Line ${line}: ${words}`;
  editor?.mark(line, words);
  say("Refused.");
}
function finish(): void {
  clearTimeout(silence);
  stopButton.disabled = true;
  hideOld();
}

/** Show the description of a site or parameter. */
function choose(name: string): void {
  chosen = name;
  find("chosen").textContent = name;
  fresh("site").replaceChildren(...describeSite(name, estimator, sites, graph));
  markChosen(find("graph"), name);
}

let runner: Promise<string> | undefined;
let silence: ReturnType<typeof setTimeout> | undefined;
async function run(): Promise<void> {
  clearTimeout(timer);
  hasRun = true;
  say("Starting…");
  stopButton.disabled = false;
  find("error").textContent = "";
  find("log").textContent = "";
  find("output").hidden = true;
  for (const panel of panels) if (!panel.hidden) panel.classList.add("old");
  graph = null;
  editor?.mark(null, "");
  const program = text();
  try {
    if (program.length > LONGEST_PROGRAM) throw new Error(`A program has at most ${LONGEST_PROGRAM} characters.`);
    runner ??= fetch(new URL("./runner.js", import.meta.url)).then((response) => response.text());
    const script = await scriptOf(program);
    if ("code" in script) {
      clearTimeout(silence);
      silence = setTimeout(() => say("Still running, without a report for six seconds. Stop ends it."), 6000);
      return await sandbox.run(await runner, script.code);
    }
    await sandbox.stop();
    refuse(script.text, script.line);
  } catch (error) {
    refuse(error instanceof Error ? error.message : String(error), null);
  }
  finish();
}

let timer: ReturnType<typeof setTimeout> | undefined;
/** After the first run, run a changed program when the typing pauses. Remove the shared program from the address, since it has changed. */
function changed(): void {
  clearTimeout(timer);
  if (location.hash.length > 1) history.replaceState(null, "", location.pathname);
  if (hasRun) timer = setTimeout(() => void run(), 700);
}

function show(program: string): void {
  void sandbox.stop();
  area.value = program;
  editor?.replace(program);
  clearTimeout(timer);
  hasRun = false;
  finish();
  for (const panel of panels) panel.hidden = true;
  find("nothing").hidden = false;
  find("error").textContent = "";
  find("output").hidden = true;
  chosen = null;
  say("");
}

/** List the compiler's errors, for users who cannot see the wavy lines. */
function list(problems: readonly Problem[]): void {
  const items = problems.slice(0, 5).map(({ line, text: words }) => {
    const item = document.createElement("li");
    item.textContent = `Line ${line}: ${words}`;
    return item;
  });
  find("problems").replaceChildren(...items);
}

async function open(): Promise<void> {
  if (editor !== undefined) return;
  const { openEditor } = await import("./editor.js");
  if (editor !== undefined) return;
  area.hidden = true;
  editor = openEditor(host, area.value, { changed, found: list, run: () => void run() });
  editor.focus();
  await loadTypes();
}

/** Show the program in the address, or the first of the starting models. */
function start(): void {
  const shared = location.hash.length > 1 ? decode(location.hash.slice(1)) : null;
  if (shared !== null) choice.selectedIndex = -1;
  else choice.selectedIndex = 0;
  show(shared ?? MODELS[0]?.text ?? "");
  if (shared !== null) say("This program comes from a link. Read it, then press Run.");
  else if (location.hash.length > 1) say("The link does not contain a program.");
}

for (const { name } of MODELS) choice.append(new Option(name));
choice.addEventListener("change", () => {
  history.replaceState(null, "", location.pathname);
  show(MODELS[choice.selectedIndex]?.text ?? "");
});
area.addEventListener("focus", () => void open().catch(sayError));
area.addEventListener("input", changed);
area.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void run();
});
find("run").addEventListener("click", () => {
  const isBelow = told.getBoundingClientRect().top > area.getBoundingClientRect().top + 100;
  void run();
  // On a narrow screen the results are below the program.
  if (isBelow) told.scrollIntoView({ block: "start" });
});
stopButton.addEventListener("click", () => {
  clearTimeout(timer);
  void sandbox.stop();
  finish();
  say("Stopped.");
});
find("share").addEventListener("click", async () => {
  if (text().length > LONGEST_PROGRAM)
    return say(`A link can contain a program of at most ${LONGEST_PROGRAM} characters.`);
  history.replaceState(null, "", `#${encode(text())}`);
  try {
    await navigator.clipboard.writeText(location.href);
    say("The address of this page now contains the program, and was copied.");
  } catch {
    say("The address of this page now contains the program. Copy it from the address bar.");
  }
});
addEventListener("hashchange", start);
start();
