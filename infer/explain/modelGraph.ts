/**
 * A model as a graph: a node for each site, an arrow to each site from every site on which its distribution depends directly, and a box
 * around each plate. The arrows come from the provenance of one run in which each site's value is tagged with the name of this site only.
 * So the arrows show direct dependencies only, including dependencies through branches on sampled values.
 */
import * as random from "../../autodiff/ops/random/random.js";
import { Derived, type Distribution, Expanded } from "../../distributions/index.js";
import { detachProvenance, getProvenance, trackProvenance } from "../../provenance/index.js";
import { requireProgram } from "../checks.js";
import { initToFeasible } from "../guides/initStrategies.js";
import { report } from "../html.js";
import { familyOf } from "../program/inferOptions.js";
import { type Handler, type Model, outsideHandlers, type PlateFrame, withHandlers } from "../program/messages.js";
import { isFactor, type SampleSite, type Trace, trace, type ValueSite } from "../program/trace.js";
import { seed } from "../program/values.js";

export interface GraphNode {
  readonly name: string;
  readonly kind: "latent" | "observed" | "factor" | "deterministic" | "param";
  /** The distribution, such as `Independent(Normal)`; empty for a node without a distribution. */
  readonly distribution: string;
  /** The names of its plates, outermost first. */
  readonly plates: readonly string[];
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
}

export interface GraphPlate {
  readonly name: string;
  readonly size: number | null;
}

/** The name of a family and its wrappers, such as `Independent(Normal)`, without the expansion to the size of the plates. */
export const distributionName = (fn: Distribution): string => {
  if (fn instanceof Expanded) return distributionName(fn.base);
  return fn instanceof Derived ? `${fn.family}(${distributionName(fn.base)})` : fn.family;
};

/** The result of `renderModel`. */
export class ModelGraph extends /* @__PURE__ */ report() {
  constructor(
    readonly nodes: readonly GraphNode[],
    readonly edges: readonly GraphEdge[],
    readonly plates: readonly GraphPlate[],
  ) {
    super();
  }

  /** A Mermaid flowchart, with plates as subgraphs. */
  toMermaid(): string {
    const brackets = {
      latent: ["((", "))"],
      observed: ["((", "))"],
      factor: ["[", "]"],
      deterministic: ["(", ")"],
      param: ["[/", "/]"],
    };
    const quote = (text: string) => `"${text.replace(/[#"<>&;]/g, (c) => `#${c.charCodeAt(0)};`)}"`;
    const lines = this.#nested(
      (node, id) => {
        const [open, close] = brackets[node.kind] as [string, string];
        return `${id}${open}${quote(labelOf(node))}${close}${node.kind === "observed" ? ":::observed" : ""}`;
      },
      (plate, id) => [`subgraph ${id}[${quote(plateLabel(plate))}]`, "end"],
    );
    const edges = this.#edges((from, to) => `  ${from} --> ${to}`);
    return ["flowchart TD", ...lines, ...edges, "  classDef observed fill:#bbb,color:#000"].join("\n");
  }

  /** A graph in Graphviz' DOT language, with plates as clusters. */
  toDot(): string {
    const quote = (text: string) => `"${text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`;
    const styles = {
      latent: "shape=ellipse",
      observed: 'shape=ellipse style=filled fillcolor="#bbbbbb"',
      factor: "shape=square style=filled fillcolor=black fontcolor=white",
      deterministic: "shape=ellipse style=dashed",
      param: "shape=plain",
    };
    const lines = this.#nested(
      (node, id) => `${id} [label=${quote(labelOf(node))} ${styles[node.kind]}];`,
      (plate, id) => [`subgraph cluster_${id} { label=${quote(plateLabel(plate))}; labeljust=r; labelloc=b;`, "}"],
    );
    const edges = this.#edges((from, to) => `  ${from} -> ${to};`);
    return ["digraph {", ...lines, ...edges, "}"].join("\n");
  }

  /** One line per site: its kind, distribution, parents and plates. */
  override toString(): string {
    return this.nodes
      .map((node) => {
        const parents = this.edges.filter(({ to }) => to === node.name).map(({ from }) => from);
        const kind = node.distribution === "" ? node.kind : `${node.kind} ~ ${node.distribution}`;
        return `${node.name}: ${kind}${parents.length > 0 ? ` given ${parents.join(", ")}` : ""}${node.plates.length > 0 ? ` in ${node.plates.join(", ")}` : ""}`;
      })
      .join("\n");
  }

  toJSON(): Pick<ModelGraph, "nodes" | "edges" | "plates"> {
    return { ...this };
  }

  #edges(line: (from: string, to: string) => string): string[] {
    const ids = new Map(this.nodes.map(({ name }, i) => [name, `n${i}`]));
    return this.edges.map(({ from, to }) => line(ids.get(from) as string, ids.get(to) as string));
  }

  /** The nodes as indented lines. The nodes of a plate are between an opening and a closing line. */
  #nested(
    line: (node: GraphNode, id: string) => string,
    box: (plate: GraphPlate, id: string) => [open: string, close: string],
  ): string[] {
    let count = 0;
    const within = (nodes: readonly [GraphNode, number][], depth: number): string[] => {
      const indent = "  ".repeat(depth + 1);
      const outside = nodes.filter(([{ plates }]) => plates.length === depth);
      const inner = new Set(nodes.map(([{ plates }]) => plates[depth]).filter((name) => name !== undefined));
      return [
        ...outside.map(([node, i]) => `${indent}${line(node, `n${i}`)}`),
        ...[...inner].flatMap((name) => {
          const plate = this.plates.find((p) => p.name === name) as GraphPlate;
          const [open, close] = box(plate, `p${count++}`);
          const inside = nodes.filter(([{ plates }]) => plates[depth] === name);
          return [`${indent}${open}`, ...within(inside, depth + 1), `${indent}${close}`];
        }),
      ];
    };
    return within(
      this.nodes.map((node, i) => [node, i]),
      0,
    );
  }
}

const labelOf = ({ name, kind, distribution }: GraphNode): string =>
  kind === "latent" || kind === "observed" ? `${name} ~ ${distribution}` : name;
const plateLabel = ({ name, size }: GraphPlate): string => (size === null ? name : `${name} (${size})`);

/** The name that tags a parameter in the provenance; it must differ from the tag of a site with the same name. */
const paramTag = (name: string): string => `param ${name}`;

/**
 * A handler that tags every value with the name of its own site or parameter only. The handler is outside `trace`, so that
 * the trace records the tagged values.
 */
const ownNameHandler: Handler = {
  postprocess: {
    sample(message) {
      if (!message.isObserved) message.value = trackProvenance(detachProvenance(message.value), message.name);
    },
    param(message) {
      message.value = trackProvenance(detachProvenance(message.value), paramTag(message.name));
    },
  },
};

/**
 * Run the model once, with draws from the prior and initial parameters, and return its graph.
 *
 * @example
 * const model = () => sample("x", new Normal(sample("mu", new Normal(0, 1)), 1), { obs: 2 });
 * console.log(renderModel(model).toMermaid());
 */
export function renderModel(model: Model, ...args: unknown[]): ModelGraph {
  requireProgram("renderModel", "model", model);
  const [run, platesOfComputed] = taggedRun(model, args);
  const nodes: GraphNode[] = [];
  const edges: GraphEdge[] = [];
  const plates = new Map<string, GraphPlate>();
  const params = [...run.values()].filter(({ type }) => type === "param");
  const paramOfTag = new Map(params.map(({ name }) => [paramTag(name), name]));
  for (const site of run.values()) {
    const { name } = site;
    if (site.type === "plate") plates.set(name, { name, size: site.size });
    if (site.type === "plate" || site.type === "mutable") continue;
    const frames = (site.type === "sample" ? site.plates : platesOfComputed.get(name)) ?? [];
    for (const frame of frames) plates.set(frame.name, { name: frame.name, size: frame.size });
    nodes.push({ name, ...kindOf(site), plates: frames.map((frame) => frame.name).reverse() });
    if (site.type === "param") continue;
    const parents = getProvenance(site.type === "sample" ? site.logProb() : site.value);
    for (const from of parents) if (from !== name) edges.push({ from: paramOfTag.get(from) ?? from, to: name });
  }
  return new ModelGraph(nodes, edges, [...plates.values()]);
}

const kindOf = (site: SampleSite | ValueSite): Pick<GraphNode, "kind" | "distribution"> => {
  if (site.type !== "sample") return { kind: site.type as "param" | "deterministic", distribution: "" };
  if (isFactor(site)) return { kind: "factor", distribution: "" };
  return { kind: site.isObserved ? "observed" : "latent", distribution: distributionName(site.fn) };
};

/**
 * Run the model with each value tagged with the name of its own site only. Also return the plates around each `deterministic` statement,
 * innermost first, since a trace has the plates of sample statements only.
 */
function taggedRun(
  model: Model,
  args: readonly unknown[],
): [run: Trace, platesOfComputed: ReadonlyMap<string, readonly PlateFrame[]>] {
  const key = random.key(0);
  const platesOfComputed = new Map<string, readonly PlateFrame[]>();
  const initHandler: Handler = {
    process: {
      param(message) {
        message.value ??= message.init?.(random.foldIn(key, 1)) ?? null;
      },
      sample(message) {
        // A flat prior cannot be sampled. For the graph, any value will do.
        if (familyOf(message.fn).family === "ImproperUniform") message.value ??= initToFeasible()(message, key);
      },
      deterministic({ name, plates }) {
        platesOfComputed.set(name, plates);
      },
    },
  };
  const run = outsideHandlers(() =>
    withHandlers([initHandler, ownNameHandler], () => trace(seed(model, key)).getTrace(...args)),
  );
  return [run, platesOfComputed];
}
