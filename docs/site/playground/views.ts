/** The pictures beside the program: graph, curve of losses, bars of variances, table of the posterior. */
import type { Bar, PosteriorRow } from "./protocol.js";

const element = (tag: string, text: string, className = ""): HTMLElement => {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className !== "") made.className = className;
  return made;
};

/** The graph of a model, laid out by Graphviz; `choose` hears which node was chosen. */
export async function drawGraph(
  host: HTMLElement,
  dot: string,
  names: readonly string[],
  choose: (name: string) => void,
): Promise<void> {
  const { instance } = await import("@viz-js/viz");
  const viz = await instance();
  const svg = viz.renderSVGElement(
    dot.replace(
      "digraph {",
      'digraph { bgcolor=transparent; node [fontname="sans-serif" fontsize=13]; graph [fontname="sans-serif" fontsize=12];',
    ),
  );
  svg.setAttribute("role", "group");
  svg.setAttribute("aria-label", "The sites of the model");
  // Graphviz gives sizes in points; the picture should rather fit its column, but not be blown up.
  svg.style.maxWidth = `${svg.getAttribute("width")}`;
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  for (const node of svg.querySelectorAll<SVGGElement>("g.node")) {
    const name = names[Number(node.querySelector("title")?.textContent?.slice(1))];
    if (name === undefined) continue;
    node.setAttribute("tabindex", "0");
    node.setAttribute("role", "button");
    node.setAttribute("aria-label", name);
    node.addEventListener("click", () => choose(name));
    node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        choose(name);
      }
    });
  }
  host.replaceChildren(svg);
}

/** Losses against steps: a line through the means of spans, so that a long run stays light. */
export async function drawLosses(host: HTMLElement, losses: readonly number[], of: number): Promise<void> {
  const Plot = await import("@observablehq/plot");
  const span = Math.max(1, Math.ceil(losses.length / 300));
  const points = [];
  for (let i = 0; i < losses.length; i += span) {
    const part = losses.slice(i, i + span).filter(Number.isFinite);
    if (part.length > 0) points.push({ step: i, loss: part.reduce((a, b) => a + b, 0) / part.length });
  }
  const plot = Plot.plot({
    width: Math.max(host.clientWidth, 280),
    height: 180,
    x: { domain: [0, of], label: "step" },
    y: { label: "loss", grid: true, nice: true },
    style: { background: "none", color: "inherit" },
    marks: [Plot.lineY(points, { x: "step", y: "loss", stroke: "currentColor" })],
    ariaLabel: `Loss over ${losses.length} steps`,
  });
  host.replaceChildren(plot);
}

const figures = (x: number): string =>
  x === 0 ? "0" : Number.isFinite(x) ? Number(x.toPrecision(3)).toLocaleString("en") : String(x);

/** The variance of each estimator's gradient, on a logarithmic scale. */
export function drawBars(host: HTMLElement, bars: readonly Bar[], notes: readonly string[], draws: number): void {
  const positive = bars.map(({ value }) => value).filter((v) => v > 0 && Number.isFinite(v));
  const [low, high] = [Math.min(...positive) / 3, Math.max(...positive)];
  const list = document.createElement("dl");
  list.className = "bars";
  for (const { label, value } of bars) {
    const width = value > 0 && Number.isFinite(value) ? (100 * Math.log(value / low)) / Math.log(high / low || 1) : 0;
    const bar = element("span", "");
    bar.style.width = `${Math.max(width, 0.5)}%`;
    const cell = document.createElement("dd");
    cell.dataset.value = String(value);
    cell.append(bar, element("b", figures(value)));
    list.append(element("dt", label), cell);
  }
  host.replaceChildren(
    list,
    element(
      "p",
      `Variance of the gradient at the start, summed over all parameters; ${draws.toLocaleString("en")} draws, logarithmic scale.`,
      "quiet",
    ),
    ...notes.map((note) => element("p", note, "quiet")),
  );
}

/** Means and standard deviations of the latents, beside the exact ones where the program knows them. */
export function drawPosterior(host: HTMLElement, rows: readonly PosteriorRow[]): void {
  const hasExact = rows.some(({ exactMean }) => exactMean !== null);
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  for (const text of ["site", "mean", "sd", ...(hasExact ? ["exact mean", "exact sd"] : [])]) {
    const th = element("th", text);
    th.setAttribute("scope", "col");
    head.append(th);
  }
  const body = table.createTBody();
  for (const { name, mean, sd, exactMean, exactSd } of rows) {
    const row = body.insertRow();
    const cells = [mean, sd, ...(hasExact ? [exactMean, exactSd] : [])].map((x) => (x === null ? "" : x.toFixed(3)));
    for (const text of [name, ...cells]) row.insertCell().textContent = text;
  }
  host.replaceChildren(rows.length === 0 ? element("p", "The guide draws no sites of the model.", "quiet") : table);
}
