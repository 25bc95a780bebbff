/**
 * Each of these functions takes a program `f` and returns a program with the same arguments, which runs `f` inside a
 * handler. Every call makes a new handler. The handlers do the same as the handlers with these names in Pyro and NumPyro.
 */
import { elementsOf, refuseFor } from "../../autodiff/core/reads.js";
import { textOf } from "../../autodiff/core/tensor.js";
import { type Tensor, type TensorLike, tensor } from "../../autodiff/index.js";
import * as kinds from "../../provenance/base/kinds.js";
import { isTrue, refuseOption, requireKind, requireOptions, unknownName } from "../checks.js";
import { checkInferOptions, type InferOptions } from "./inferOptions.js";
import { everyType, type Handler, type Message, type SampleMessage, withHandler, withHandlers } from "./messages.js";
import { takeVisited } from "./subsamples.js";

export type Program<A extends unknown[], R> = (...args: A) => R;

/** The program that runs `f` inside a handler; `op` is the handler's name in errors. */
export function handler<A extends unknown[], R>(
  op: string,
  f: Program<A, R>,
  makeHandler: () => Handler,
): Program<A, R> {
  requireKind(op, "the first argument", f, kinds.function);
  return (...args) => withHandler(makeHandler(), () => f(...args));
}

/**
 * Like `handler`, for a handler whose argument has an entry for each of `names`. A run of `f` is refused if `f` sends no message of
 * these types under one of the names, which is then probably misspelt.
 */
export function handlerOfNames<A extends unknown[], R>(
  op: string,
  f: Program<A, R>,
  names: readonly string[],
  types: readonly Message["type"][],
  makeHandler: () => Handler,
): Program<A, R> {
  if (names.length === 0) return handler(op, f, makeHandler);
  requireKind(op, "the first argument", f, kinds.function);
  return (...args) => {
    const reached = new Set<string>();
    const listen = ({ type, name }: Message) => void (types.includes(type) && reached.add(name));
    const result = withHandlers([makeHandler(), { process: everyType(listen) }], () => f(...args));
    const missing = names.find((name) => !reached.has(name));
    if (missing === undefined) return result;
    const what = types[0] === "param" ? "param" : "site";
    const advice = ` For a ${what} that only some runs reach, give a function instead of a record.`;
    throw unknownName(op, what, missing, reached, advice);
  };
}

export interface BlockOptions {
  /** Names to hide; all others are shown. */
  hide?: readonly string[] | undefined;
  /** Names to show; all others are hidden. */
  expose?: readonly string[] | undefined;
  /** Hide the messages for which this returns true, whatever `hide` and `expose` say. */
  hideIf?: ((message: Message) => boolean) | undefined;
}

/** Hide sites of `f` from the handlers outside; all sites by default. */
export function block<A extends unknown[], R>(f: Program<A, R>, options: BlockOptions = {}): Program<A, R> {
  requireOptions("block", options, { hide: kinds.names, expose: kinds.names, hideIf: kinds.function });
  const { hide, expose, hideIf } = options;
  if (hide !== undefined && expose !== undefined) refuseOption("block", "expose", "give hide or expose, not both.");
  const isHidden = (message: Message): boolean => {
    if (hideIf === undefined) return hide !== undefined ? hide.includes(message.name) : !expose?.includes(message.name);
    return isTrue("block", "hideIf", hideIf(message));
  };
  return handler("block", f, () => ({
    process: everyType((message) => {
      if (message.type !== "key" && isHidden(message)) message.stop = true;
    }),
  }));
}

/** The elements of a mask or a scale for the elements that the plates inside the handler visit. */
const visitedPart = (x: Tensor, { plates }: SampleMessage): Tensor =>
  plates.reduce((selected, plate) => takeVisited(selected, 0, plate), x);

/** Count log densities of `f` only where `keep` is not 0: everywhere if `keep` is true, nowhere if it is false. */
export const mask = <A extends unknown[], R>(f: Program<A, R>, keep: boolean | TensorLike): Program<A, R> =>
  handler("mask", f, () => ({
    process: {
      sample(message) {
        if (keep === true) return;
        const visited = visitedPart(tensor(keep), message);
        message.mask = message.mask === null ? visited : message.mask.logicalAnd(visited);
      },
    },
  }));

/** Multiply log densities of `f` by `factor`, which must be positive. */
export const scale = <A extends unknown[], R>(f: Program<A, R>, factor: TensorLike): Program<A, R> => {
  const weight = checkScale(factor);
  return handler("scale", f, () => ({
    process: {
      sample(message) {
        const visited = visitedPart(weight, message);
        message.scale = message.scale === 1 ? visited : visited.mul(message.scale);
      },
    },
  }));
};

/** Put `prefix` and a divider in front of all names in `f`: `prefix/name`. */
export function scope<A extends unknown[], R>(
  f: Program<A, R>,
  options: { prefix: string; divider?: string | undefined },
): Program<A, R> {
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
  f: Program<A, R>,
  configure: (site: SampleMessage) => InferOptions,
): Program<A, R> {
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
  f: Program<A, R>,
  how: "parallel" | "sequential" | null = "parallel",
): Program<A, R> {
  const isKnown = (x: unknown) => x === null || x === "parallel" || x === "sequential";
  requireKind("configEnumerate", "the second argument", how, [isKnown, '"parallel", "sequential" or null for neither']);
  return inferConfig(f, ({ fn, isObserved, infer }) =>
    !isObserved && fn.hasEnumerateSupport && infer.enumerate === undefined ? { enumerate: how } : {},
  );
}

/** Tag the draws of sites without a pathwise sampler with the site's name; other draws only inherit the provenance of their parameters. */
export const trackNonReparam = <A extends unknown[], R>(f: Program<A, R>): Program<A, R> =>
  handler("trackNonReparam", f, () => ({
    process: {
      sample(message) {
        if (!message.fn.hasRsample) message.isTracked = true;
      },
    },
  }));

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
