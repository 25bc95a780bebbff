/** What the library says of one site, in plain words: how its gradient is taken, which costs it is charged with, and why. */
import { meetingOf } from "./graph.js";
import type { CostReport, GraphReport, SiteReport } from "./protocol.js";

const element = (tag: string, ...content: (string | Node)[]): HTMLElement => {
  const made = document.createElement(tag);
  made.append(...content);
  return made;
};
const code = (text: string): HTMLElement => element("code", text);
/** Between commas. */
const joined = (nodes: readonly Node[]): (string | Node)[] =>
  nodes.flatMap((node, i) => (i === 0 ? [node] : [", ", node]));

/** How its gradient is taken, before the list of costs. */
const GRADIENTS: Readonly<Record<string, string>> = {
  "score function":
    "Its gradient is taken by its score: the gradient of the log probability of what was drawn, times the costs that the site is charged with. Whatever it is charged with beyond what depends on it would be noise.",
  pathwise:
    "Its draw is a smooth function of the parameters. Gradients flow through its value into the costs that depend on it.",
  disarm:
    "Its gradient is that of DisARM: two draws that mirror each other, and the difference of the costs it is charged with.",
  "straight through":
    "Gradients flow through its draw as if that were smooth, into the costs that depend on it. That is biased.",
  "closed form":
    "Its two terms are one divergence in closed form; gradients flow through its value into the other costs.",
};

/** How the elements of a site pay for a cost. */
function payment({ axes, depends }: CostReport, isScore: boolean): (string | Node)[] {
  const meeting = meetingOf(axes);
  const verb = isScore ? "pays for" : "matters to";
  if (meeting === null) return [isScore ? "it pays for all of it" : "depends on it"];
  if (meeting === "each")
    return [`each element ${verb} its own element${depends ? "" : ", along the plates that both are in"}`];
  const lost = axes.filter(({ meets }) => meets === null);
  const kept = axes.filter(({ meets }) => meets !== null);
  const ops = [...new Set(lost.flatMap(({ mixedBy }) => mixedBy ?? []))].map(code);
  const why = ops.length > 0 ? [", because ", ...joined(ops), " brought them together"] : [];
  if (meeting === "mixed") return [`every element ${verb} all of it`, ...why];
  const axis = (list: typeof axes): string => `axis ${list.map((one) => one.axis).join(", ")}`;
  return [`along ${axis(kept)} each element ${verb} its own; along ${axis(lost)} every element ${verb} all`, ...why];
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
    parts.push(where(guide, "Guide and model both have it from"));
  else {
    if (guide !== undefined) parts.push(where(guide, "The guide draws it from"));
    if (model !== undefined)
      parts.push(where(model, guide === undefined ? "The model has it from" : "In the model it is from"));
  }
  const summed = own.find(({ values }) => values !== null);
  if (summed !== undefined)
    parts.push(
      element("p", `It is summed out exactly, over ${summed.values} values: nothing is drawn, and no cost is charged.`),
    );
  else if (guide !== undefined) parts.push(...describeLatent(guide, estimator));
  else if (model?.gradient === "observed") {
    const others = model.provenance;
    parts.push(
      element(
        "p",
        others.length === 0
          ? "It is observed, and depends on no choice of the guide."
          : "It is observed: its log density is a cost, charged to what it depends on: ",
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
      element("p", `Its gradient is taken by its score. ${estimator} weighs whole runs, and charges no single costs.`),
    ];
  const mine = costs.filter(({ depends, isCharged }) => (isScore ? isCharged : depends));
  const list = document.createElement("ul");
  for (const cost of mine) {
    const why = isScore && !cost.depends ? ` It does not depend on ${name}; ${estimator} charges it all the same.` : "";
    list.append(element("li", code(cost.cost), ": ", ...payment(cost, isScore), ".", why));
  }
  if (mine.length > 0) parts.push(list);
  const free = costs.filter(({ depends, isCharged }) => !depends && !isCharged).map(({ cost }) => code(cost));
  if (free.length > 0)
    parts.push(
      element("p", isScore ? "Not charged, as they do not depend on it: " : "Not reached: ", ...joined(free), "."),
    );
  if (baseline.length > 0)
    parts.push(element("p", `Subtracted from what it is charged with: ${baseline.join(" + ")}.`));
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
