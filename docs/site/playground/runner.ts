/**
 * The worker that runs a program. It evaluates the module, and then reports the graph, sites, losses, variances and posterior of the model
 * and guide that the program exports. It reports first results early, and does not depend on the page.
 */
import * as pedigrad from "pedigrad";
import {
  AutoNormal,
  adam,
  type Elbo,
  type ExplainedSite,
  type Explanation,
  explain,
  jit,
  type Model,
  type Optimizer,
  Predictive,
  random,
  recommend,
  renderModel,
  SVI,
  summary,
  type Tensor,
  TraceGraphELBO,
  valueAndGrad,
} from "pedigrad";
import type { Report, SiteReport } from "./protocol.js";

/** What a program exports. */
interface Program {
  model?: Model;
  guide?: Model;
  args?: readonly unknown[];
  elbo?: Elbo;
  optimiser?: Optimizer;
  steps?: number;
  /** The exact mean and standard deviation of latents, if they are known. */
  exact?: Record<string, { mean: number; sd: number }>;
}

const report = (message: Report): void => postMessage(message);
const NAME = "program.ts";

/** The line of the program in which an error was thrown. */
const lineOf = (error: unknown): number | null => {
  const at = new RegExp(`${NAME}:(\\d+)`).exec(error instanceof Error ? (error.stack ?? "") : "");
  return at === null ? null : Number(at[1]);
};
const fail = (error: unknown): void =>
  report({
    type: "error",
    text: (error instanceof Error ? error.message : String(error)).slice(0, 20_000),
    line: lineOf(error),
  });

const show = (x: unknown): string => {
  if (typeof x === "string") return x;
  if (typeof x === "object" && x !== null && !Array.isArray(x) && !(x instanceof Map)) {
    const own = Object.getPrototypeOf(x);
    if (own !== Object.prototype && own !== null) return String(x);
  }
  return JSON.stringify(x, (_, v) => (typeof v === "number" && !Number.isFinite(v) ? String(v) : v), 1) ?? String(x);
};
const log = (...xs: unknown[]): void => report({ type: "log", text: xs.map(show).join(" ").slice(0, 20_000) });

// biome-ignore lint/security/noGlobalEval: running programs is what this worker is for; its frame connects to nothing
const evaluateGlobally = eval;

/** Evaluate the text, whose imports and exports have been replaced by `require` and `exports`, without a change of lines. */
function evaluate(code: string): Program {
  const exported: Program = {};
  const load = (name: string): unknown => {
    if (name === "pedigrad" || name.startsWith("pedigrad/")) return pedigrad;
    throw new Error(`only "pedigrad" can be imported here, not "${name}".`);
  };
  const console = { log, info: log, warn: log, error: log };
  const program = evaluateGlobally(`(function (require, exports, console) {${code}\n})\n//# sourceURL=${NAME}`);
  program(load, exported, console);
  return exported;
}

function run(code: string): void {
  const {
    model,
    guide: given,
    args = [],
    elbo = new TraceGraphELBO(),
    optimiser = adam(0.02),
    steps = 1000,
    exact,
  } = evaluate(code);
  if (model === undefined) return;
  const { nodes, edges, plates } = renderModel(model, ...args);
  report({ type: "graph", nodes, edges, plates });
  const guide = given ?? new AutoNormal(model);
  const told = explain(elbo, model, guide, ...args);
  report({ type: "sites", estimator: told.estimator, sites: told.sites.map((site) => siteReport(site, told)) });

  const svi = new SVI(model, guide, optimiser, elbo);
  const measure = (draws: number): void => {
    const measured = explain(elbo, model, guide, ...args, { measureVariance: draws });
    const { variances, refusals, choices } = measured;
    const best = choices.length > 0 ? recommend(measured) : () => ({});
    report({
      type: "variances",
      draws,
      bars: variances.map(({ estimator, total, seconds }) => ({ label: estimator, value: total, seconds })),
      choices: choices.slice(0, 200).map(({ estimator, total, seconds, site, isBiased, infer }) => ({
        ...{ label: estimator, value: total, seconds, site, isBiased },
        isRecommended: JSON.stringify(best({ name: site })) === JSON.stringify(infer),
        options: `{ infer: ${sourceText(infer)} }`,
      })),
      notes: refusals.map(({ estimator, why }) => `${estimator}: ${why}`.slice(0, 5_000)),
    });
  };
  measure(100);

  let params: Record<string, Tensor> = {};
  let pending: number[] = [];
  let sent = 0;
  let next = performance.now() + 40;
  for (const taken of svi.steps(random.key(0), { numSteps: steps }, ...args)) {
    const { step, loss } = taken;
    pending.push(loss);
    const isLast = step + 1 >= steps;
    if (performance.now() < next && !isLast) continue;
    report({ type: "losses", from: sent, of: steps, values: pending });
    sent += pending.length;
    pending = [];
    next = performance.now() + 100;
    if (isLast) params = svi.getParams(taken.state);
  }

  const draws = new Predictive(guide, { params, numSamples: 1000 }).run(random.key(1), ...args);
  const latents = Object.fromEntries(
    Object.entries(draws).filter(([name]) => nodes.some((node) => node.name === name)),
  );
  const rows = [...summary(latents)].slice(0, 200);
  report({
    type: "posterior",
    rows: rows.map(({ name, mean, sd }) => {
      const known = exact?.[name];
      return { name, mean, sd, exactMean: known?.mean ?? null, exactSd: known?.sd ?? null };
    }),
  });

  measure(1000);
  report({ type: "source", text: sourceOf(elbo, model, guide, params, args).slice(0, 200_000) });
  measure(4000);
}

/** The report of a site. For a latent of the guide it has every cost, and the axes along which the latent and the cost correspond. */
function siteReport(site: ExplainedSite, { sites }: Explanation): SiteReport {
  const { name, side, distribution, gradient, plates, provenance, charged = [], axes = [] } = site;
  const costs = sites.map((other) => (other.side === "guide" ? `-log q(${other.name})` : `+log p(${other.name})`));
  const dependents = new Map(site.dependents?.map((one) => [one.cost, one.axes]));
  return {
    ...{ name, side, distribution, gradient, plates, provenance },
    shape: `batch [${site.batchShape}], event [${site.eventShape}]`,
    costs:
      site.dependents === undefined
        ? []
        : costs.map((cost) => ({
            cost,
            depends: dependents.has(cost),
            isCharged: charged.includes(cost),
            axes: (dependents.get(cost) ?? axes.filter((one) => one.cost === cost)).map(({ axis, meets, mixedBy }) => ({
              axis,
              meets,
              mixedBy,
            })),
          })),
    baseline: site.baseline ?? [],
    values: site.enumeration?.values ?? null,
  };
}

/** A record of options as program text. */
const sourceText = (x: unknown): string =>
  typeof x === "object" && x !== null
    ? `{ ${Object.entries(x)
        .map(([name, value]) => `${name}: ${sourceText(value)}`)
        .join(", ")} }`
    : JSON.stringify(x);

/** The compiled program of one gradient, or why there is none. */
function sourceOf(
  elbo: Elbo,
  model: Model,
  guide: Model,
  params: Record<string, Tensor>,
  args: readonly unknown[],
): string {
  const step = (key: Tensor, values: Record<string, Tensor>) =>
    valueAndGrad((given: Record<string, Tensor>) => elbo.loss(key, given, model, guide, ...args))(values);
  try {
    return jit(step).source(random.key(0), params);
  } catch (error) {
    return `// Not compiled: ${error instanceof Error ? error.message : error}`;
  }
}

addEventListener("message", ({ data }) => {
  try {
    run(String(data));
  } catch (error) {
    fail(error);
  }
  report({ type: "done" });
});
