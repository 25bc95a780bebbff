/** The curve of losses, the bars of variances, the table of the posterior. */
import type { Bar, ChoiceBar, PosteriorRow, Report } from "./protocol.js";

const element = (tag: string, text: string, className = ""): HTMLElement => {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className !== "") made.className = className;
  return made;
};

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
    height: 190,
    marginBottom: 36,
    marginLeft: 48,
    x: { domain: [0, of], label: "step" },
    y: { label: "loss", grid: true, nice: true },
    style: { background: "none", color: "inherit" },
    marks: [Plot.lineY(points, { x: "step", y: "loss", stroke: "currentColor" })],
    ariaLabel: `Loss over ${losses.length} steps`,
  });
  // One picture with one name: its parts are not to be walked through.
  for (const part of plot.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
  plot.setAttribute("role", "img");
  host.replaceChildren(plot);
}

const figures = (x: number): string => {
  if (x === 0 || !Number.isFinite(x)) return String(x);
  return Math.abs(x) < 0.001 ? x.toExponential(1) : Number(x.toPrecision(3)).toLocaleString("en");
};
const microseconds = (seconds: number): string => `${figures(1e6 * seconds)} µs`;

/** Bars on one logarithmic scale; `mark` adds what else stands at one. */
function barsOf<B extends Bar>(
  bars: readonly B[],
  all: readonly Bar[],
  mark: (bar: B) => (string | Node)[],
): HTMLElement {
  const positive = all.map(({ value }) => value).filter((v) => v > 0 && Number.isFinite(v));
  const [low, high] = [Math.min(...positive) / 3, Math.max(...positive)];
  const list = document.createElement("dl");
  list.className = "bars";
  for (const bar of bars) {
    const { label, value, seconds } = bar;
    const width = value > 0 && Number.isFinite(value) ? (100 * Math.log(value / low)) / Math.log(high / low || 1) : 0;
    const strip = element("span", "");
    strip.style.width = `${Math.max(width, 0.5)}%`;
    const term = element("dt", label);
    term.dataset.label = label;
    term.append(...mark(bar));
    const cell = document.createElement("dd");
    cell.dataset.value = String(value);
    cell.append(strip, element("b", figures(value)), element("small", microseconds(seconds)));
    list.append(term, cell);
  }
  return list;
}

/** The variance of each estimator's gradient, then of each way to take the gradient of one site, with the recommended one marked. */
export function drawVariances(
  host: HTMLElement,
  { bars, choices, notes, draws }: Extract<Report, { type: "variances" }>,
  own: string,
): void {
  const all = [...bars, ...choices];
  const parts: Node[] = [
    element(
      "p",
      `Of one gradient at the start, summed over all parameters; ${draws.toLocaleString("en")} draws, logarithmic scale. Beside it the time that a gradient takes.`,
      "quiet",
    ),
    barsOf(bars, all, ({ label }) => (label.split(" (")[0] === own ? [" ", element("em", "this program's")] : [])),
    ...notes.map((note) => element("p", note, "quiet")),
  ];
  for (const site of new Set(choices.map((choice) => choice.site))) {
    const rows = choices.filter((choice) => choice.site === site);
    const title = element("h3", "Other ways at the site ");
    title.append(element("code", site));
    parts.push(title, barsOf(rows, all, marksOf));
    const best = rows.find(({ isRecommended }) => isRecommended);
    if (best !== undefined) parts.push(recommendation(best));
  }
  host.replaceChildren(...parts);
}

const marksOf = ({ isBiased, isRecommended }: ChoiceBar): (string | Node)[] => [
  ...(isBiased ? [" ", element("em", "biased")] : []),
  ...(isRecommended ? [" ", element("em", "★ recommended", "best")] : []),
];

/** The options that say so in the guide, to be copied. */
function recommendation({ options, site }: ChoiceBar): HTMLElement {
  const line = element("p", "", "buttons");
  const button = element("button", "Copy");
  button.setAttribute("aria-label", `Copy the options recommended for ${site}`);
  button.addEventListener("click", () => {
    const copied = navigator.clipboard?.writeText(options) ?? Promise.reject();
    copied.then(
      () => button.replaceChildren("Copied"),
      () => button.replaceChildren("Not copied: select the text"),
    );
  });
  line.append(
    "Least variance per second without bias. In the guide, after the distribution: ",
    element("code", options),
    " ",
    button,
  );
  return line;
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
  if (rows.length === 0) {
    host.replaceChildren(element("p", "The guide draws no sites of the model.", "quiet"));
    return;
  }
  // A long table scrolls in its place.
  const box = element("div", "", "scroll");
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", "Posterior");
  box.append(table);
  host.replaceChildren(box);
}
