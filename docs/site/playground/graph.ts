/**
 * The sites as a graph: plates are boxes, and an arrow leads from each site to every site that depends on it. The label of an arrow says
 * whether the elements of the two sites correspond or are mixed. Parameters are not drawn: each site lists the parameters that it uses, and
 * the parameters are buttons below the graph.
 */
import type { Axis, GraphReport, SiteReport } from "./protocol.js";

/** Whether the elements of two sites correspond along all axes (each), along no axis (mixed), or along some axes (partly). */
export type Meeting = "each" | "mixed" | "partly";

export function meetingOf(axes: readonly Axis[]): Meeting | null {
  if (axes.length === 0) return null;
  const meeting = axes.filter(({ meets }) => meets !== null);
  return meeting.length === axes.length ? "each" : meeting.length === 0 ? "mixed" : "partly";
}

const mixers = (axes: readonly Axis[]): string =>
  [...new Set(axes.flatMap(({ mixedBy }) => (mixedBy === null ? [] : [mixedBy])))].join(", ");

/** The label of an arrow. */
function labelOf(axes: readonly Axis[]): string {
  const meeting = meetingOf(axes);
  if (meeting === null) return "";
  if (meeting === "each") return "element by element";
  const lost = axes.filter(({ meets }) => meets === null);
  const mixed = mixers(lost) === "" ? "mixed" : `mixed by ${mixers(lost)}`;
  if (meeting === "mixed") return mixed;
  const kept = axes.filter(({ meets }) => meets !== null);
  const along = (list: readonly Axis[]): string => `axis ${list.map(({ axis }) => axis).join(", ")}`;
  return `${along(kept)}: element by element\n${along(lost)}: ${mixed}`;
}

const LEGEND: Readonly<Record<Meeting, string>> = {
  each: "element by element: each element of the upper site affects only its own element of the lower site, and is charged with this element only.",
  mixed:
    "mixed: an op mixes the elements, so each element of the upper site is charged with all elements of the lower site.",
  partly: "both: element by element along one axis, and mixed along another axis.",
};

/** All parameters of a module have one button: `net/0/w` and `net/0/b` are under `net`. */
const groupOf = (name: string): string => name.split("/")[0] ?? name;

const [MOST_SITES, MOST_ARROWS] = [80, 400];
const quote = (text: string): string => `"${text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`;
const SHAPES: Readonly<Record<string, string>> = {
  // Arrows within a group are straight: a chain of states leads downwards, and the observation of each state is beside it.
  latent: "shape=ellipse group=latents",
  observed: "shape=ellipse style=filled class=observed",
  factor: "shape=box",
  deterministic: "shape=ellipse style=dashed",
};

/** The part of a graph that is drawn. */
interface Drawing {
  readonly dot: string;
  readonly names: readonly string[];
  readonly groups: readonly string[];
  readonly meetings: ReadonlySet<Meeting>;
}

function drawingOf({ nodes, edges, plates }: GraphReport, sites: readonly SiteReport[]): Drawing {
  const params = new Set(nodes.filter(({ kind }) => kind === "param").map(({ name }) => name));
  const drawn = nodes.filter(({ name }) => !params.has(name));
  const ids = new Map(drawn.map(({ name }, i) => [name, `n${i}`]));
  const usedBy = (name: string): string[] => [
    ...new Set(edges.filter(({ from, to }) => to === name && params.has(from)).map(({ from }) => groupOf(from))),
  ];
  const nodeLine = ({ name, kind, distribution }: (typeof nodes)[number]): string => {
    const used = usedBy(name);
    const title = distribution === "" ? name : `${name} ~ ${distribution}`;
    const uses = used.length === 0 ? "" : `\nuses ${used.slice(0, 3).join(", ")}${used.length > 3 ? ", …" : ""}`;
    return `${ids.get(name)} [label=${quote(title + uses)} ${SHAPES[kind] ?? "shape=ellipse"}];`;
  };
  const meetings = new Set<Meeting>();
  let labels = 0;
  const arrowLine = ({ from, to }: (typeof edges)[number]): string => {
    const latent = sites.find(({ name, side }) => name === from && side === "guide");
    const axes = latent?.costs.find(({ cost, depends }) => depends && cost === `+log p(${to})`)?.axes ?? [];
    const meeting = meetingOf(axes);
    const [a, b] = [ids.get(from), ids.get(to)];
    if (meeting === null) return `${a} -> ${b};`;
    meetings.add(meeting);
    // The label is a node in the middle of the arrow, because Graphviz would draw a label over lines and outside of its box.
    const words = `w${labels++}`;
    const style = `class=${meeting}${meeting === "mixed" ? " style=dashed" : ""}`;
    return `${words} [shape=plain fontsize=11 label=${quote(labelOf(axes))} class="words ${meeting}"]; ${a} -> ${words} [arrowhead=none ${style}]; ${words} -> ${b} [${style}];`;
  };
  const platesOf = new Map(drawn.map(({ name, plates: of }) => [name, of]));
  const arrows = edges.filter(({ from, to }) => platesOf.has(from) && platesOf.has(to));
  let boxes = 0;
  // An arrow belongs to the innermost plate that contains both its ends, so that its label is inside the box.
  const within = (inside: typeof nodes, between: typeof edges, depth: number): string[] => {
    const plateOf = (name: string): string | undefined => platesOf.get(name)?.[depth];
    const inner = new Set(inside.flatMap(({ name }) => plateOf(name) ?? []));
    const own = between.filter(({ from, to }) => plateOf(from) === undefined || plateOf(from) !== plateOf(to));
    return [
      ...inside.filter(({ name }) => plateOf(name) === undefined).map(nodeLine),
      ...[...inner].flatMap((plate) => {
        const size = plates.find(({ name }) => name === plate)?.size ?? null;
        const label = size === null ? plate : `${plate} (${size})`;
        return [
          `subgraph cluster_${boxes++} { label=${quote(label)}; labeljust=r; labelloc=b;`,
          ...within(
            inside.filter(({ name }) => plateOf(name) === plate),
            between.filter(({ from, to }) => plateOf(from) === plate && plateOf(to) === plate),
            depth + 1,
          ),
          "}",
        ];
      }),
      ...own.map(arrowLine),
    ];
  };
  const style =
    'bgcolor=transparent; nodesep=0.2; ranksep=0.3; node [fontname="Arial" fontsize=13 margin="0.08,0.04"]; graph [fontname="Arial" fontsize=12];';
  return {
    dot: ["digraph {", style, ...within(drawn, arrows, 0), "}"].join("\n"),
    names: drawn.map(({ name }) => name),
    groups: [...new Set([...params].map(groupOf))],
    meetings,
  };
}

/** Draw the graph into `host`. `choose` is called with the name of a site or parameter when the user chooses it. */
export async function drawGraph(
  host: HTMLElement,
  graph: GraphReport,
  sites: readonly SiteReport[],
  choose: (name: string) => void,
): Promise<void> {
  const { dot, names, groups, meetings } = drawingOf(graph, sites);
  const parts: Element[] = [];
  if (names.length > MOST_SITES || graph.edges.length > MOST_ARROWS)
    parts.push(buttons(`${names.length} sites are too many to draw:`, names.slice(0, 200), choose));
  else if (names.length > 0) parts.push(await picture(dot, names, choose));
  if (meetings.size > 0) {
    const legend = document.createElement("ul");
    legend.className = "legend";
    for (const meeting of meetings) {
      const item = document.createElement("li");
      item.className = meeting;
      item.textContent = LEGEND[meeting];
      legend.append(item);
    }
    parts.push(legend);
  }
  if (groups.length > 0) parts.push(buttons("Parameters:", groups.slice(0, 200), choose));
  host.replaceChildren(...parts);
}

/** Show which site is chosen. */
export function markChosen(host: HTMLElement, name: string): void {
  for (const node of host.querySelectorAll("[data-name]"))
    node.setAttribute("aria-pressed", String(node.getAttribute("data-name") === name));
}

function buttons(title: string, names: readonly string[], choose: (name: string) => void): HTMLElement {
  const line = document.createElement("p");
  line.className = "buttons";
  line.append(title);
  for (const name of names) {
    const button = document.createElement("button");
    button.textContent = name;
    button.dataset.name = name;
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => choose(name));
    line.append(" ", button);
  }
  return line;
}

async function picture(dot: string, names: readonly string[], choose: (name: string) => void): Promise<Element> {
  const { instance } = await import("@viz-js/viz");
  const svg = (await instance()).renderSVGElement(dot);
  svg.setAttribute("role", "group");
  svg.setAttribute("aria-label", "The sites of the model");
  // Graphviz gives the width in points. The picture shrinks to fit its column until its text has 11 pixels, and then scrolls.
  const points = Number.parseFloat(svg.getAttribute("width") ?? "300");
  svg.style.width = `clamp(${0.85 * points}px, 100%, ${1.15 * points}px)`;
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  for (const node of svg.querySelectorAll<SVGGElement>("g.node:not(.words)")) {
    const title = node.querySelector("title");
    const name = names[Number(title?.textContent?.slice(1))];
    if (name === undefined) continue;
    node.setAttribute("tabindex", "0");
    node.setAttribute("role", "button");
    const words = [...node.querySelectorAll("text")].map((text) => text.textContent);
    node.setAttribute("aria-label", words.join(" "));
    node.setAttribute("data-name", name);
    node.addEventListener("click", () => choose(name));
    node.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      choose(name);
    });
  }
  // Remove the titles, which are names for Graphviz: the browser would show them as tooltips.
  for (const title of svg.querySelectorAll("title")) title.remove();
  const box = document.createElement("div");
  box.className = "picture";
  box.append(svg);
  return box;
}
