/** What the library says of one site, in plain words: how its gradient is taken, which costs it is charged with, and why. */
import { meetingOf } from "./graph.js";
import type { CostReport, GraphReport, SiteReport } from "./protocol.js";

const element = (tag: string, ...content: (string | Node)[]): HTMLElement => {
  const made = document.createElement(tag);
  made.append(...content);
  return made;
};
const code = (text: string): HTMLElement => element("code", text);
/** The nodes, separated by commas. */
const joined = (nodes: readonly Node[]): (string | Node)[] =>
  nodes.flatMap((node, i) => (i === 0 ? [node] : [", ", node]));

/** How the gradient of a site is taken, as a paragraph before the list of costs. */
const GRADIENTS: Readonly<Record<string, string>> = {
  "score function":
    "Its gradient is a score-function gradient: the gradient of the log probability of the draw, times the costs that the site is charged with. Costs that do not depend on the site only add noise.",
  pathwise:
    "Its draw is a smooth function of the parameters. Gradients flow through its value into the costs that depend on it.",
  disarm:
    "Its gradient is taken by DisARM, from two antithetic draws and the difference of the costs that the site is charged with.",
  "straight through":
    "Gradients flow through its draw into the costs that depend on it, as if the draw were smooth. This gradient is biased.",
  "closed form":
    "Its two terms are replaced by a divergence in closed form. Gradients flow through its value into the other costs.",
};

/** How the elements of a site pay for a cost. */
function payment({ axes, depends }: CostReport, isScore: boolean): (string | Node)[] {
  const meeting = meetingOf(axes);
  const verb = isScore ? "pays for" : "affects";
  if (meeting === null) return [isScore ? "it pays for all of it" : "depends on it"];
  if (meeting === "each")
    return [`each element ${verb} its own element${depends ? "" : ", along the plates that contain both"}`];
  const lost = axes.filter(({ meets }) => meets === null);
  const kept = axes.filter(({ meets }) => meets !== null);
  const ops = [...new Set(lost.flatMap(({ mixedBy }) => mixedBy ?? []))].map(code);
  const why = ops.length > 0 ? [", because ", ...joined(ops), " mixes the elements"] : [];
  if (meeting === "mixed") return [`every element ${verb} all of it`, ...why];
  const axis = (list: typeof axes): string => `axis ${list.map((one) => one.axis).join(", ")}`;
  return [
    `along ${axis(kept)}, each element ${verb} its own element; along ${axis(lost)}, every element ${verb} all elements`,
    ...why,
  ];
}

/** The paragraphs for a name in the graph: a site of the guide, of the model, of both, or parameters. */
export function describeSite(
  name: string,
  estimator: string,
  sites: readonly SiteReport[],
  graph: GraphReport | null,
): HTMLElement[] {
  const own = sites.filter((site) => site.name === name);
  const [guide, model] = ["guide", "model"].map((side) => own.find((site) => site.side === side));
  if (own.length === 0) return describeParams(name, graph);
  const parts: HTMLElement[] = [];
  const where = ({ distribution, shape, plates }: SiteReport, words: string): HTMLElement =>
    element(
      "p",
      `${words} `,
      code(distribution),
      `, ${shape}${plates.length > 0 ? `, in the plate ${plates.join(", ")}` : ""}.`,
    );
  const places = [guide, model].map((site) => site && where(site, ""));
  if (guide !== undefined && places[0]?.textContent === places[1]?.textContent)
    parts.push(where(guide, "In guide and model, its distribution is"));
  else {
    if (guide !== undefined) parts.push(where(guide, "In the guide, its distribution is"));
    if (model !== undefined) parts.push(where(model, "In the model, its distribution is"));
  }
  const summed = own.find(({ values }) => values !== null);
  if (summed !== undefined)
    parts.push(
      element(
        "p",
        `It is summed out exactly, over ${summed.values} values, so it is neither drawn nor charged with costs.`,
      ),
    );
  else if (guide !== undefined) parts.push(...describeLatent(guide, estimator));
  else if (model?.gradient === "observed") {
    const others = model.provenance;
    parts.push(
      element(
        "p",
        others.length === 0
          ? "It is observed, and depends on no choice of the guide."
          : "It is observed. Its log density is a cost that depends on ",
        ...joined(others.map(code)),
        others.length === 0 ? "" : ".",
      ),
    );
  }
  return parts;
}

function describeLatent(site: SiteReport, estimator: string): HTMLElement[] {
  const { gradient, costs, baseline, name } = site;
  const isScore = gradient === "score function" || gradient === "disarm";
  const parts = [element("p", GRADIENTS[gradient] ?? `Its gradient: ${gradient}.`)];
  if (isScore && !costs.some(({ isCharged }) => isCharged))
    return [
      element(
        "p",
        `It has no pathwise gradient. ${estimator} weights whole runs, and does not charge sites with single costs.`,
      ),
    ];
  const mine = costs.filter(({ depends, isCharged }) => (isScore ? isCharged : depends));
  const list = document.createElement("ul");
  for (const cost of mine) {
    const why =
      isScore && !cost.depends
        ? ` (${estimator} charges ${name} with this cost, too, although it does not depend on ${name}.)`
        : "";
    list.append(element("li", code(cost.cost), ": ", ...payment(cost, isScore), ".", why));
  }
  if (mine.length > 0) parts.push(list);
  const free = costs.filter(({ depends, isCharged }) => !depends && !isCharged).map(({ cost }) => code(cost));
  if (free.length > 0)
    parts.push(
      element("p", isScore ? "Not charged, since they do not depend on it: " : "Not affected: ", ...joined(free), "."),
    );
  if (baseline.length > 0)
    parts.push(element("p", `A baseline is subtracted from these costs: ${baseline.join(" + ")}.`));
  return parts;
}

function describeParams(name: string, graph: GraphReport | null): HTMLElement[] {
  const isIt = (from: string): boolean => from === name || from.startsWith(`${name}/`);
  const params =
    graph?.nodes.filter((node) => node.kind === "param" && isIt(node.name)).map((node) => code(node.name)) ?? [];
  const users = [...new Set(graph?.edges.filter(({ from }) => isIt(from)).map(({ to }) => to))].map(code);
  if (params.length === 0) return [element("p", "A value that the program computes from others.")];
  return [
    element(
      "p",
      params.length === 1
        ? "A parameter of the model, which the fit changes: "
        : "Parameters of the model, which the fit changes: ",
      ...joined(params),
      ".",
    ),
    element(
      "p",
      users.length === 0 ? "Nothing in the model uses it." : "Used by ",
      ...joined(users),
      users.length === 0 ? "" : ".",
    ),
  ];
}
