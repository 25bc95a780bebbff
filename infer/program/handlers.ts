/**
 * Each of these functions takes a program `f` and returns a program with the same arguments, which runs `f` inside a
 * handler. Every call makes a new handler. The handlers do the same as the handlers with these names in Pyro and NumPyro.
 */
import { elementsOf } from "../../autodiff/core/copy.js";
import { refuseFor } from "../../autodiff/core/reads.js";
import { textOf } from "../../autodiff/core/tensor.js";
import { type Tensor, type TensorLike, tensor } from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { MIX } from "../../provenance/axes.js";
import * as kinds from "../../provenance/base/kinds.js";
import { isRecord } from "../../provenance/base/records.js";
import { refuseOption, requireKey, requireKind, requireOptions } from "../checks.js";
import { checkInferOptions, type InferOptions } from "./inferOptions.js";
import { everyType, type Handler, type Message, type SampleMessage, withHandler } from "./messages.js";
import { reuseVisit, selectVisited } from "./subsamples.js";
import { isFactor, type Trace } from "./trace.js";

type Model<A extends unknown[], R> = (...args: A) => R;
/** Values by site name, or a function of the name. */
export type Data = Record<string, TensorLike> | Map<string, TensorLike> | ((name: string) => TensorLike | undefined);

/** The program that runs `f` inside a handler; `op` is the handler's name in errors. */
function handler<A extends unknown[], R>(op: string, f: Model<A, R>, makeHandler: () => Handler): Model<A, R> {
  requireKind(op, "the first argument", f, kinds.function);
  return (...args) => withHandler(makeHandler(), () => f(...args));
}

/** A function from the name of a site to its value in `data`, or undefined. */
function lookup(op: string, data: Data): (name: string) => TensorLike | undefined {
  if (typeof data === "function") return data;
  if (data instanceof Map) return (name) => data.get(name);
  requireKind(op, "the second argument", data, [isRecord, "values by name, a Map of them, or a function of the name"]);
  return (name) => (Object.hasOwn(data, name) ? data[name] : undefined);
}

/** Give random keys to the latent sites of `f`, all derived from `key`: the nth request of a run gets foldIn(key, n). */
export const seed = <A extends unknown[], R>(f: Model<A, R>, key: Tensor | number): Model<A, R> => {
  if (typeof key !== "number") requireKey("seed", key, "second");
  return handler("seed", f, () => seedHandler(() => (typeof key === "number" ? random.key(key) : key)));
};

/** The handler behind `seed`; `keyOf` is called once, at the first draw. */
export function seedHandler(keyOf: () => Tensor): Handler {
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
      },
      key(message) {
        message.value ??= next();
      },
    },
  };
}

/** Give the latent sites and plates of `f` their values in `trace`: the same tensors, with their provenance. */
export function replay<A extends unknown[], R>(f: Model<A, R>, trace: Trace): Model<A, R> {
  requireKind("replay", "the second argument", trace, [(x) => x instanceof Map, "a trace, of trace(f).getTrace()"]);
  return handler("replay", f, () => replayHandler(trace));
}

/** The handler behind `replay`. */
export const replayHandler = (trace: Trace): Handler => ({
  process: {
    sample(message) {
      const site = trace.get(message.name);
      if (site?.type === "sample" && !message.isObserved) message.value ??= site.value;
    },
    plate(message) {
      const site = trace.get(message.name);
      if (site?.type === "plate") reuseVisit(message, site);
    },
  },
});

/** Give latent sites, params, mutables and networks of `f` their values in `data`; latent sites stay latent. */
export const substitute = <A extends unknown[], R>(f: Model<A, R>, data: Data): Model<A, R> =>
  handler("substitute", f, () => substituteHandler(data));

/** A value for site `name`. If the value was computed from an earlier draw of this site, all axes in its provenance become mixed. */
const withoutOwnAxes = (name: string, value: Tensor): Tensor =>
  value.provenance.has(name) ? value.withProvenance(value.provenance.moved(MIX, "substitute")) : value;

/** The handler behind `substitute`. */
export function substituteHandler(data: Data): Handler {
  const valueOf = lookup("substitute", data);
  const names = typeof data === "function" ? [] : data instanceof Map ? [...data.keys()] : Object.keys(data);
  return {
    process: {
      sample(message) {
        const value = message.isObserved || message.value !== null ? undefined : valueOf(message.name);
        if (value === undefined) return;
        message.value = selectVisited(withoutOwnAxes(message.name, tensor(value)), message);
        message.isSubstituted = true;
      },
      param(message) {
        const value = valueOf(message.name);
        if (value !== undefined) message.value ??= tensor(value);
      },
      mutable(message) {
        const value = valueOf(message.name);
        if (value !== undefined) message.cell ??= { value: tensor(value) };
      },
      module(message) {
        const prefix = `${message.name}/`;
        const paths = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
        if (paths.length > 0) message.paths ??= paths;
      },
    },
  };
}

/** Give latent sites of `f` their values in `data`, and make them observed. */
export const condition = <A extends unknown[], R>(f: Model<A, R>, data: Data): Model<A, R> => {
  const valueOf = lookup("condition", data);
  return handler("condition", f, () => ({
    process: {
      sample(message) {
        const value = message.isObserved ? undefined : valueOf(message.name);
        if (value === undefined) return;
        message.value = selectVisited(tensor(value), message);
        message.isObserved = true;
      },
    },
  }));
};

/** Make the observed sites of `f` latent, so that they are drawn. */
export const uncondition = <A extends unknown[], R>(f: Model<A, R>): Model<A, R> =>
  handler("uncondition", f, () => ({
    process: {
      sample(message) {
        if (!message.isObserved || isFactor(message)) return;
        message.value = null;
        message.isObserved = false;
      },
    },
  }));

export interface BlockOptions {
  /** Names to hide; all others are shown. */
  hide?: readonly string[] | undefined;
  /** Names to show; all others are hidden. */
  expose?: readonly string[] | undefined;
  /** Hide the messages for which this returns true, whatever `hide` and `expose` say. */
  hideIf?: ((message: Message) => boolean) | undefined;
}

/** Hide sites of `f` from the handlers outside; all sites by default. */
export function block<A extends unknown[], R>(f: Model<A, R>, options: BlockOptions = {}): Model<A, R> {
  requireOptions("block", options, { hide: kinds.names, expose: kinds.names, hideIf: kinds.function });
  const { hide, expose, hideIf } = options;
  if (hide !== undefined && expose !== undefined)
    refuseOption(
      "block",
      "expose",
      "hide and expose together are ambiguous. Give the names to hide, or the names to show.",
    );
  const isHidden = (message: Message): boolean => {
    if (hideIf !== undefined) return hideIf(message);
    return hide !== undefined ? hide.includes(message.name) : !expose?.includes(message.name);
  };
  return handler("block", f, () => ({
    process: everyType((message) => {
      if (message.type !== "key" && isHidden(message)) message.stop = true;
    }),
  }));
}

/** Count log densities of `f` only where `keep` is not 0: everywhere if `keep` is true, nowhere if it is false. */
export const mask = <A extends unknown[], R>(f: Model<A, R>, keep: boolean | TensorLike): Model<A, R> =>
  handler("mask", f, () => ({
    process: {
      sample(message) {
        if (keep === true) return;
        message.mask = message.mask === null ? tensor(keep) : message.mask.logicalAnd(tensor(keep));
      },
    },
  }));

/** Multiply log densities of `f` by `factor`, which must be positive. */
export const scale = <A extends unknown[], R>(f: Model<A, R>, factor: TensorLike): Model<A, R> => {
  const weight = checkScale(factor);
  return handler("scale", f, () => ({
    process: {
      sample(message) {
        message.scale = message.scale === 1 ? weight : weight.mul(message.scale);
      },
    },
  }));
};

/** Pyro's `do`: statements after a site get its value from `data`, but the site itself is still drawn (or observed) as before. */
export const intervene = <A extends unknown[], R>(f: Model<A, R>, data: Data): Model<A, R> => {
  const valueOf = lookup("intervene", data);
  return handler("intervene", f, () => ({
    postprocess: {
      sample(message) {
        const value = valueOf(message.name);
        if (value !== undefined) message.value = selectVisited(tensor(value), message);
      },
      deterministic(message) {
        message.value = tensor(valueOf(message.name) ?? message.value);
      },
    },
  }));
};

/** Put `prefix` and a divider in front of all names in `f`: `prefix/name`. */
export function scope<A extends unknown[], R>(
  f: Model<A, R>,
  options: { prefix: string; divider?: string | undefined },
): Model<A, R> {
  requireOptions("scope", options, { prefix: kinds.string, divider: kinds.string });
  const { prefix, divider = "/" } = options;
  requireKind("scope", "prefix", prefix, kinds.string);
  return handler("scope", f, () => ({
    process: everyType((message) => {
      message.name = `${prefix}${divider}${message.name}`;
    }),
  }));
}

/** Set the `infer` options of the sites of `f` to those that `configure` returns for a site. */
export function inferConfig<A extends unknown[], R>(
  f: Model<A, R>,
  configure: (site: SampleMessage) => InferOptions,
): Model<A, R> {
  requireKind("inferConfig", "the second argument", configure, [kinds.function[0], "a function of the site"]);
  return handler("inferConfig", f, () => ({
    process: {
      sample(message) {
        message.infer = { ...message.infer, ...checkInferOptions(message.name, configure(message)) };
      },
    },
  }));
}

/** Enumerate every discrete latent with a finite support, unless its own options say otherwise. */
export function configEnumerate<A extends unknown[], R>(
  f: Model<A, R>,
  how: "parallel" | "sequential" | null = "parallel",
): Model<A, R> {
  const isKnown = (x: unknown) => x === null || x === "parallel" || x === "sequential";
  requireKind("configEnumerate", "the second argument", how, [isKnown, '"parallel", "sequential" or null for neither']);
  return inferConfig(f, ({ fn, isObserved, infer }) =>
    !isObserved && fn.hasEnumerateSupport && infer.enumerate === undefined ? { enumerate: how } : {},
  );
}

/** Tag the draws of sites without a pathwise sampler with the site's name; other draws only inherit the provenance of their parameters. */
export const trackNonReparam = <A extends unknown[], R>(f: Model<A, R>): Model<A, R> =>
  handler("trackNonReparam", f, () => ({
    process: {
      sample(message) {
        if (!message.fn.hasRsample) message.isTracked = true;
      },
    },
  }));

/** A handler that tags the values of all latent sites with their own names. */
export const trackHandler: Handler = {
  process: {
    sample(message) {
      message.isTracked = true;
    },
  },
};

function checkScale(factor: TensorLike): Tensor {
  const weight = tensor(factor);
  if (weight.batch === null && !elementsOf(weight).every((x) => x > 0 && x < Infinity))
    refuseFor(weight, {
      code: "bad-option",
      op: "scale",
      param: "factor",
      message: `scale: the factor must be positive and finite, got ${textOf(weight)}.`,
    });
  return weight;
}
