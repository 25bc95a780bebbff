/**
 * Handlers that give sites their values: replay, substitute, condition, uncondition and intervene. A value that has one
 * element for each element of a plate is in the order of these elements, and each run uses the elements that it visits.
 */
import { PedigradError, type Tensor, type TensorLike, tensor } from "../../autodiff/index.js";
import { MIX } from "../../provenance/axes.js";
import { isRecord } from "../../provenance/base/records.js";
import { requireKind } from "../checks.js";
import { handler, handlerOfNames, type Program } from "./handlers.js";
import type { Handler } from "./messages.js";
import { reuseVisit, selectVisited } from "./subsamples.js";
import { isFactor, type Trace } from "./trace.js";

/** Values by site name, or a function of the name. */
export type Data = Record<string, TensorLike> | Map<string, TensorLike> | ((name: string) => TensorLike | undefined);

/** The values that a handler was given. `names` is empty if they come from a function. */
interface Values {
  readonly names: readonly string[];
  readonly of: (name: string) => Tensor | undefined;
}

function readData(op: string, data: Data): Values {
  const convert = (value: TensorLike | undefined): Tensor | undefined =>
    value === undefined ? undefined : tensor(value);
  if (typeof data === "function") return { names: [], of: (name) => convert(data(name)) };
  if (data instanceof Map) return { names: [...data.keys()], of: (name) => convert(data.get(name)) };
  requireKind(op, "the second argument", data, [isRecord, "values by name, a Map of them, or a function of the name"]);
  return { names: Object.keys(data), of: (name) => (Object.hasOwn(data, name) ? convert(data[name]) : undefined) };
}

const FOR_SOME_RUNS =
  "For a site that only some runs reach, give a function of the name instead of a record: (name) => values[name].";

/** The error for a value that `op` has for a site that is computed, not drawn. */
const notDrawnError = (op: string, site: string): PedigradError =>
  new PedigradError({
    code: "no-effect",
    op,
    site,
    message: `${op}: site "${site}" is not drawn here but computed from other sites, which a value for "${site}" would not change. If reparam computes it, write reparam(${op}(f, data), config), so that ${op} comes first. Otherwise give the values of the sites that it is computed from, or leave "${site}" out.`,
  });

/** Give the latent sites and plates of `f` their values in `trace`: the same tensors, with their provenance. */
export function replay<A extends unknown[], R>(f: Program<A, R>, trace: Trace): Program<A, R> {
  requireKind("replay", "the second argument", trace, [(x) => x instanceof Map, "a trace, of trace(f).getTrace()"]);
  return handler("replay", f, () => replayHandler(trace));
}

/** The handler behind `replay`. */
export const replayHandler = (trace: Trace): Handler => ({
  process: {
    sample(message) {
      const site = trace.get(message.name);
      if (site?.type !== "sample" || message.isObserved) return;
      message.value = site.value;
      message.isSubstituted = false;
    },
    plate(message) {
      const site = trace.get(message.name);
      if (site?.type === "plate") reuseVisit(message, site);
    },
  },
});

/**
 * Give latent sites, params, mutables and networks of `f` their values in `data`, and plates the elements to visit. Latent
 * sites stay latent; observed sites keep their data, which only `condition` replaces. A value for a sample statement that reparam or `obsMask` replaces is refused,
 * unless the sites that it is computed from have values, too.
 */
export function substitute<A extends unknown[], R>(f: Program<A, R>, data: Data): Program<A, R> {
  const { of } = readData("substitute", data);
  return handler("substitute", f, () => {
    const { process } = substituteHandler(data, { replaces: true });
    const substituted: string[] = [];
    return {
      process: {
        ...process,
        sample(message) {
          if (of(message.name) !== undefined) substituted.push(message.name);
          process?.sample?.(message);
        },
      },
      postprocess: {
        deterministic(message) {
          const { name, isSampled } = message;
          const value = of(name);
          if (value === undefined) return;
          if (isSampled && !substituted.some((site) => site.startsWith(`${name}_`)))
            throw notDrawnError("substitute", name);
          message.value = value;
        },
      },
    };
  });
}

/** A value for site `name`. If the value was computed from an earlier draw of this site, all axes in its provenance become mixed. */
const withoutOwnAxes = (name: string, value: Tensor): Tensor =>
  value.provenance.has(name) ? value.withProvenance(value.provenance.moved(MIX, "substitute")) : value;

interface SubstituteOptions {
  /** Whether values that inner handlers have given are replaced; false by default. */
  readonly replaces?: boolean;
  /** Which elements of a value belong to the elements that the plates visit; by default `selectVisited`. */
  readonly select?: typeof selectVisited;
}

/** The handler behind `substitute`. */
export function substituteHandler(
  data: Data,
  { replaces = false, select = selectVisited }: SubstituteOptions = {},
): Handler {
  const values = readData("substitute", data);
  const valueFor = (name: string, before: unknown): Tensor | undefined =>
    before === null || replaces ? values.of(name) : undefined;
  return {
    process: {
      sample(message) {
        if (message.isObserved) return;
        const value = valueFor(message.name, message.value);
        if (value === undefined) return;
        message.value = select(withoutOwnAxes(message.name, value), message);
        message.isSubstituted = true;
      },
      param(message) {
        message.value = valueFor(message.name, message.value) ?? message.value;
      },
      plate(message) {
        if (message.value !== null) return;
        const value = values.of(message.name);
        if (value !== undefined) Object.assign(message, { value, subsampleSize: value.length, isGiven: true });
      },
      mutable(message) {
        const value = valueFor(message.name, message.cell);
        if (value !== undefined) message.cell = { value };
      },
      module(message) {
        const prefix = `${message.name}/`;
        const paths = values.names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
        if (paths.length > 0) message.paths ??= paths;
      },
    },
  };
}

/** A handler that gives latent sites the draws of another run, which visited the same elements of each plate. */
export const drawsHandler = (draws: Data): Handler => substituteHandler(draws, { select: (value) => value });

/** The program `f` with the draws of another run, which visited the same elements of each plate. */
export const withDraws = <A extends unknown[], R>(f: Program<A, R>, draws: Data): Program<A, R> =>
  handler("substitute", f, () => drawsHandler(draws));

/**
 * Make sites of `f` observed, with their values in `data`, which also replace the data of sites that are observed already. A
 * name that is not a site of `f` is refused, and so is a site that is computed.
 */
export function condition<A extends unknown[], R>(f: Program<A, R>, data: Data): Program<A, R> {
  const { names, of } = readData("condition", data);
  return handlerOfNames("condition", f, { names, types: ["sample"], advice: FOR_SOME_RUNS }, () => ({
    process: {
      sample(message) {
        const value = of(message.name);
        if (value === undefined) return;
        if (isFactor(message))
          throw new PedigradError({
            code: "no-effect",
            op: "condition",
            site: message.name,
            message: `condition: "${message.name}" is a factor, which has no value to observe. Change the argument of factor instead.`,
          });
        message.value = selectVisited(value, message);
        message.isObserved = true;
      },
      deterministic({ name }) {
        if (of(name) !== undefined) throw notDrawnError("condition", name);
      },
    },
  }));
}

/** Make the observed sites of `f` latent, so that they are drawn. */
export const uncondition = <A extends unknown[], R>(f: Program<A, R>): Program<A, R> =>
  handler("uncondition", f, () => ({
    process: {
      sample(message) {
        if (!message.isObserved || isFactor(message)) return;
        message.value = null;
        message.isObserved = false;
      },
    },
  }));

/**
 * Pyro's `do`: statements after a site get its value from `data`, but the site itself is still drawn (or observed) as before. A
 * name that is not a site of `f` is refused.
 */
export const intervene = <A extends unknown[], R>(f: Program<A, R>, data: Data): Program<A, R> => {
  const { names, of } = readData("intervene", data);
  const types = ["sample", "deterministic"] as const;
  return handlerOfNames("intervene", f, { names, types, advice: FOR_SOME_RUNS }, () => ({
    postprocess: {
      sample(message) {
        const value = of(message.name);
        if (value !== undefined) message.value = selectVisited(value, message);
      },
      deterministic(message) {
        message.value = of(message.name) ?? message.value;
      },
    },
  }));
};
