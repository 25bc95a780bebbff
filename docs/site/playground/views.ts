/** The curve of losses, the bars of variances, the table of the posterior. */
import type { Bar, ChoiceBar, PosteriorRow, Report } from "./protocol.js";

const element = (tag: string, text: string, className = ""): HTMLElement => {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className !== "") made.className = className;
  return made;
};

/** A line of losses against steps. In a long run, each point is the mean of several steps, so that the line has at most 300 points. */
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
    marginLeft: 60,
    x: { domain: [0, of], label: "step" },
    y: { label: "loss", grid: true, nice: true },
    style: { background: "none", color: "inherit" },
    marks: [Plot.lineY(points, { x: "step", y: "loss", stroke: "currentColor" })],
    ariaLabel: `Loss over ${losses.length} steps`,
  });
  // Give only the whole picture a name, so that a screen reader does not read out its parts.
  for (const part of plot.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
  plot.setAttribute("role", "img");
  host.replaceChildren(plot);
}

const figures = (x: number): string => {
  if (x === 0 || !Number.isFinite(x)) return String(x);
  return Math.abs(x) < 0.001 ? x.toExponential(1) : Number(x.toPrecision(3)).toLocaleString("en");
};
const microseconds = (seconds: number): string => `${figures(1e6 * seconds)} µs`;

/** Bars on one logarithmic scale. `mark` returns the marks to add to the label of a bar. */
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
      `The variance of one gradient at the initial parameters, summed over all parameters (${draws.toLocaleString("en")} draws, logarithmic scale), and the time that one gradient takes.`,
      "quiet",
    ),
    barsOf(bars, all, ({ label }) =>
      label.split(" (")[0] === own ? [" ", element("em", "(used by this program)")] : [],
    ),
    ...notes.map((note) => element("p", note, "quiet")),
  ];
  for (const site of new Set(choices.map((choice) => choice.site))) {
    const rows = choices.filter((choice) => choice.site === site);
    const title = element("h3", "Kinds of gradient at the site ");
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

/** A line with the options of the recommended gradient, and a button that copies them. */
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
    "The recommended gradient is unbiased, with the least variance · seconds. After the distribution in the guide, these options select it: ",
    element("code", options),
    " ",
    button,
  );
  return line;
}

/** A table of means and standard deviations of the latents, with exact ones if the program exports them. */
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
  // A long table scrolls inside its box.
  const box = element("div", "", "scroll");
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", "Posterior");
  box.append(table);
  host.replaceChildren(box);
}
