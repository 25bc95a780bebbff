/**
 * Handlers that give sites their keys or values: seed, replay and substitute. A value may have one element for each element of a plate, in
 * the order of the plate. A run uses only the elements that its plate visits.
 */
import { Tensor, type TensorLike, tensor } from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { MIX } from "../../provenance/axes.js";
import { isRecord } from "../../provenance/base/records.js";
import { refuseSite, requireKey, requireKind } from "../checks.js";
import { handler, type Program } from "./handlers.js";
import type { DeterministicMessage, Handler, ModuleMessage, PlateFrame, PlateMessage } from "./messages.js";
import { openPlates } from "./plate.js";
import { chooseElements, reuseVisit, takeVisited } from "./subsamples.js";
import type { Trace } from "./trace.js";
import { broadcastsTo, reportAsSite } from "./traceChecks.js";

/** Values by site name, or a function of the name. */
export type Data = Record<string, TensorLike> | Map<string, TensorLike> | ((name: string) => TensorLike | undefined);

/** The values in the second argument of a handler. */
interface Values {
  /** The names that have values; empty if a function of the name gives the values. */
  readonly names: readonly string[];
  /** The value for the site `name`. */
  readonly of: (name: string) => Tensor | undefined;
}

export function readData(op: string, data: Data): Values {
  if (typeof data === "function") return valuesFrom(op, [], data);
  if (data instanceof Map) return valuesFrom(op, [...data.keys()], (name) => data.get(name));
  requireKind(op, "the second argument", data, [isRecord, "values by name, a Map of them, or a function of the name"]);
  return valuesFrom(op, Object.keys(data), (name) => (Object.hasOwn(data, name) ? data[name] : undefined));
}

const valuesFrom = (op: string, names: readonly string[], find: (name: string) => TensorLike | undefined): Values => ({
  names,
  of: (name) => {
    const value = find(name);
    if (value === undefined || value instanceof Tensor) return value;
    return reportAsSite(name, () => tensor(value), `${op}: the value of`);
  },
});

/** Refuse a value that `op` has for a site, because the value would have no effect there. */
export const refuseNoEffect = (op: string, site: string, message: string): never =>
  refuseSite("no-effect", site, `${op}: site "${site}" is ${message}`, { op });

/** Refuse a value that `op` has for a site that is computed from the site `from`, not drawn. */
export const refuseComputed = (op: string, site: string, from = "other sites", handlerName = op): never =>
  refuseNoEffect(
    op,
    site,
    `computed from ${from} here, which a value of "${site}" would not change. Give values of ${from} instead. If reparam computes "${site}", write reparam(${handlerName}(f, data), config).`,
  );

/** Give random keys to the latent sites of `f`, all derived from `key`: the nth request of a run gets foldIn(key, n). */
export const seed = <A extends unknown[], R>(f: Program<A, R>, key: Tensor | number): Program<A, R> => {
  if (typeof key !== "number") requireKey("seed", key, "second");
  return handler("seed", f, () => seedHandler(() => (typeof key === "number" ? random.key(key) : key)));
};

/** The handler behind `seed`; `keyOf` is called once, at the first draw. If `isTracked`, values of latents are tagged with their sites. */
export function seedHandler(keyOf: () => Tensor, isTracked = false): Handler {
  let root: Tensor | null = null;
  let count = 0;
  const next = (): Tensor => {
    root ??= keyOf();
    return random.foldIn(root, count++);
  };
  return {
    process: {
      sample(message) {
        if (message.value === null) message.key ??= next();
        message.isTracked ||= isTracked;
      },
      key(message) {
        message.value ??= next();
      },
    },
  };
}

/** Give the latent sites and plates of `f` their values in `trace`: the same tensors, with their provenance. */
export function replay<A extends unknown[], R>(f: Program<A, R>, trace: Trace): Program<A, R> {
  requireKind("replay", "the second argument", trace, [(x) => x instanceof Map, "a trace, of trace(f).getTrace()"]);
  return handler("replay", f, () => replayHandler(trace, true));
}

/** The handler behind `replay`. A latent whose value is computed in the trace is drawn anew, or refused if `requiresDraws`. */
export const replayHandler = (trace: Trace, requiresDraws = false): Handler => ({
  process: {
    sample(message) {
      const site = trace.get(message.name);
      if (message.isObserved) return;
      if (requiresDraws && site?.type === "deterministic")
        refuseNoEffect(
          "replay",
          message.name,
          "drawn here but computed in the trace (by reparam, for example). Replay a trace of the same program.",
        );
      if (site?.type !== "sample") return;
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
 * sites stay latent; observed sites keep their data, which only `condition` replaces. If reparam or `obsMask` computes the value of a
 * sample statement from other latents, a value for the statement is refused, unless these latents have values, too.
 */
export const substitute = <A extends unknown[], R>(f: Program<A, R>, data: Data): Program<A, R> =>
  handler("substitute", f, () => substituteHandler(data, { replaces: true }));

/**
 * A value for site `name`. If the value was computed from an earlier draw of this site, all axes in its provenance become mixed:
 * an element of the earlier draw is not the same element of this one.
 */
const withoutOwnAxes = (name: string, value: Tensor): Tensor =>
  value.provenance.has(name) ? value.withProvenance(value.provenance.moved(MIX, "substitute")) : value;

/**
 * Select the elements of a site's value that the plates inside the handler visit, along each dim where the value has all elements of the
 * plate. (A handler that is itself inside a plate gives values of the visited elements, as `obs` does.) If a plate visits as many elements
 * as it has, but in a different order or some of them twice, the shape of the value does not say whether the elements are already selected;
 * the flag `areValuesVisited` does.
 */
export function selectVisited(
  value: Tensor,
  { fn, plates }: { readonly fn: { readonly eventDim: number }; readonly plates: readonly PlateFrame[] },
): Tensor {
  let selected = value;
  for (const plate of plates)
    if (!(plate.areValuesVisited && plate.size === plate.subsampleSize))
      selected = takeVisited(selected, fn.eventDim, plate);
  return selected;
}

/** Like `selectVisited`, for a computed site. The first axis of a value that `deterministic` records belongs to the leftmost plate. */
export function selectComputed(value: Tensor, { value: own, eventDim, plates }: DeterministicMessage): Tensor {
  const leftmost = Math.max(...openPlates().map(({ dim }) => -(dim ?? 0)));
  const fn = { eventDim: eventDim ?? Math.max(0, own.shape.length - leftmost) };
  const selected = selectVisited(value, { fn, plates });
  return eventDim !== null || broadcastsTo(own.shape, selected.shape) ? selected : value;
}

interface SubstituteOptions {
  /** The name of the calling function in errors; "substitute" by default. */
  readonly op?: string;
  /** Whether `data` may also give indices to plates, and replace values of inner handlers and of `deterministic`; false by default. */
  readonly replaces?: boolean;
}

/** The handler behind `substitute`. */
export function substituteHandler(
  data: Data,
  { op = "substitute", replaces = false }: SubstituteOptions = {},
): Handler {
  const values = readData("substitute", data);
  const valueFor = (name: string, before: unknown): Tensor | undefined =>
    before === null || replaces ? values.of(name) : undefined;
  const drawn: string[] = [];
  return {
    process: {
      sample(message) {
        if (message.isObserved) return;
        const value = valueFor(message.name, message.value);
        if (value === undefined) {
          if (message.value === null) drawn.push(message.name);
          return;
        }
        message.value = selectVisited(withoutOwnAxes(message.name, value), message);
        message.isSubstituted = true;
      },
      param(message) {
        message.value = valueFor(message.name, message.value) ?? message.value;
      },
      mutable(message) {
        const value = valueFor(message.name, message.cell);
        if (value !== undefined) message.cell = { value };
      },
      // A user's values may lack some params of a network. Then the network has to be initialised.
      ...(replaces
        ? { plate: (message: PlateMessage) => giveIndices(message, values) }
        : { module: (message: ModuleMessage) => givePaths(message, values) }),
      deterministic(message) {
        const { name, eventDim } = message;
        const value = values.of(name);
        if (value === undefined) return;
        const from = eventDim !== null ? drawn.find((site) => site.startsWith(`${name}_`)) : undefined;
        if (from !== undefined) refuseComputed(op, name, `"${from}"`, "substitute");
        if (replaces) message.value = selectComputed(value, message);
      },
    },
  };
}

/** Name the params of a network for which there are values. */
function givePaths(message: ModuleMessage, { names }: Values): void {
  const prefix = `${message.name}/`;
  const paths = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  if (paths.length > 0) message.paths ??= paths;
}

/** Let a plate visit the elements that a record or a Map gives. A function may return a value for every name, even if no plate is meant. */
function giveIndices(message: PlateMessage, { names, of }: Values): void {
  const indices = names.includes(message.name) ? of(message.name) : undefined;
  if (message.value === null && indices !== undefined) chooseElements(message, indices);
}

/** The program `f` with the draws of another run, except where handlers inside `f` give values. */
export const withDraws = <A extends unknown[], R>(f: Program<A, R>, draws: Data): Program<A, R> =>
  handler("substitute", f, () => substituteHandler(draws));
