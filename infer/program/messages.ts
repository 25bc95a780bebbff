/**
 * The messages of a model, and the stack of handlers that process them. Every primitive (`sample`, `param`, …) sends a
 * message up the stack, innermost handler first. A handler may change the message on the way up (`process`) and, once
 * it has a value, on the way back down (`postprocess`). The functions of handlers.ts put such a handler around a
 * function. The design follows Pyro's poutine (Bingham et al. 2019) and minipyro, a one-page version of Pyro.
 */
import { traceDepth } from "../../autodiff/core/batch.js";
import { PedigradError, type Tensor } from "../../autodiff/index.js";
import type { Constraint, Distribution } from "../../distributions/index.js";
import type { Provenance } from "../../provenance/index.js";
import type { InferOptions } from "./inferOptions.js";

/** A random choice, latent or observed. */
export interface SampleMessage {
  readonly type: "sample";
  name: string;
  fn: Distribution;
  value: Tensor | null;
  isObserved: boolean;
  infer: InferOptions;
  /** The plates around it, innermost first. */
  plates: PlateFrame[];
  /** The factor on its log density: subsampling, `scale`. */
  scale: Tensor | number;
  /** Where its log density counts (set by `mask`); null: everywhere. */
  mask: Tensor | null;
  key: Tensor | null;
  /** The markov loops around it. */
  markov: MarkovPosition[];
  /** Whether the site lies outside a plate that is around its statement (lift.ts); by default it lies in all of them. */
  readonly isOutside?: (plate: PlateFrame) => boolean;
  /** Whether the drawn value is tagged with the site's name. */
  isTracked: boolean;
  /** Whether `substitute` replaced a draw by a value. */
  isSubstituted: boolean;
  /** Whether the drawn value is a constant to every gradient. */
  isConstant: boolean;
  /** The sites that host code had read before this statement. */
  ambient: Provenance;
  stop: boolean;
}

/** A learnable constant. `value` is constrained. */
export interface ParamMessage {
  readonly type: "param";
  name: string;
  /** The name in the program, before any `scope`. */
  readonly declared: string;
  value: Tensor | null;
  init: ((key: Tensor) => Tensor) | null;
  /** The shape of the initial value, where it is known without a key. */
  shape: readonly number[] | null;
  constraint: Constraint;
  /** Whether this statement only refers to the param, whose value and constraint another statement declares. */
  readonly isReference: boolean;
  eventDim: number;
  plates: PlateFrame[];
  stop: boolean;
}

/** The opening of a plate; the value is the indices of the elements that the plate visits. */
export interface PlateMessage {
  readonly type: "plate";
  name: string;
  readonly size: number;
  /** How many elements the plate visits; handlers may change this until the indices are given. */
  subsampleSize: number;
  readonly dim: number | null;
  value: Tensor | null;
  /** Whether the program itself gives the elements to visit. */
  isGiven: boolean;
  /** Whether the plate visits all elements in order. */
  isWhole: boolean;
  stop: boolean;
}

/** A computed value to keep in the trace. */
export interface DeterministicMessage {
  readonly type: "deterministic";
  name: string;
  value: Tensor;
  plates: PlateFrame[];
  stop: boolean;
}

/** A value that survives from one step to the next. */
export interface MutableMessage {
  readonly type: "mutable";
  name: string;
  cell: { value: Tensor } | null;
  init: () => Tensor;
  stop: boolean;
}

/**
 * Asks for the parameters of the network `name`: the paths of these params, without the prefix `name/`; null if the
 * network has to be initialised.
 */
export interface ModuleMessage {
  readonly type: "module";
  name: string;
  paths: string[] | null;
  stop: boolean;
}

/** A request for a random key. */
export interface KeyMessage {
  readonly type: "key";
  name: string;
  value: Tensor | null;
  stop: boolean;
}

export type Message =
  | SampleMessage
  | ParamMessage
  | PlateMessage
  | DeterministicMessage
  | MutableMessage
  | ModuleMessage
  | KeyMessage;

/** Functions of a message by its type; messages of other types pass without a call. */
export type Listeners = { readonly [T in Message["type"]]?: (message: Extract<Message, { type: T }>) => void };

/** One handler on the stack: its functions of messages on the way up, and on the way back down. */
export interface Handler {
  readonly process?: Listeners;
  readonly postprocess?: Listeners;
}

/** Listeners that call the same function for messages of every type. */
export const everyType = (listener: (message: Message) => void): Required<Listeners> => ({
  sample: listener,
  param: listener,
  plate: listener,
  deterministic: listener,
  mutable: listener,
  module: listener,
  key: listener,
});

const stack: Handler[] = [];

/** Run `body` with `handler` innermost; afterwards, also after a throw, the stack is restored. */
export function withHandler<T>(handler: Handler, body: () => T): T {
  const depth = stack.push(handler) - 1;
  try {
    return body();
  } finally {
    stack.length = depth;
  }
}

/** As `withHandler`, with several handlers, of which the first is outermost. */
export function withHandlers<T>(handlers: readonly Handler[], body: () => T): T {
  const depth = stack.length;
  stack.push(...handlers);
  try {
    return body();
  } finally {
    stack.length = depth;
  }
}

/**
 * Whether a program was async. Such programs are refused, because handlers get no message from statements after an
 * `await`.
 */
export const isPromise = (result: unknown): result is PromiseLike<unknown> =>
  typeof (result as PromiseLike<unknown> | null | undefined)?.then === "function";

/** Put `handler` on the stack until the returned function is called: for bodies that are loops, not functions. */
export function pushHandler(handler: Handler): () => void {
  stack.push(handler);
  return () => {
    const at = stack.lastIndexOf(handler);
    if (at >= 0) stack.length = at;
  };
}

const SCAN_ADVICE = {
  value:
    "Draw the noise of all steps before the loop at one site of length T (.expand([T]).toEvent(1), or in a plate), give it to scan as xs, and observe the ys after the loop. Or write a plain for loop, with markov where sites are enumerated.",
  other: "Return its value from the body, and write the statement after the loop.",
};

/** Inside the body of scan only params and networks are allowed, because they are the same at every step. */
function refuseInLoop({ type, name }: Message): void {
  if (type === "param" || type === "module") return;
  throw new PedigradError({
    code: "site-in-scan",
    site: name,
    message: `${type} site "${name}" is inside the body of scan, which runs as a single op, so handlers cannot see its statements. ${["sample", "key", "plate"].includes(type) ? SCAN_ADVICE.value : SCAN_ADVICE.other}`,
  });
}

/** Send a message up the stack until a handler stops it, let `setValue` give it a value, and send it back down. */
export function send<M extends Message>(message: M, setValue: (message: M) => void): M {
  if (traceDepth > 0) refuseInLoop(message);
  type Listener = ((message: M) => void) | undefined;
  const { type } = message;
  let i = stack.length - 1;
  for (; i >= 0; i--) {
    (stack[i]?.process?.[type] as Listener)?.(message);
    if (message.stop) break;
  }
  setValue(message);
  for (let j = Math.max(i, 0); j < stack.length; j++) (stack[j]?.postprocess?.[type] as Listener)?.(message);
  return message;
}

/** One plate around a site. */
export interface PlateFrame {
  /** The name that handlers see: inside a `scope`, with the prefix. */
  name: string;
  /** Null until the first site of a plate without a size has set it. */
  size: number | null;
  subsampleSize: number | null;
  /** Negative; null for a sequential plate. */
  readonly dim: number | null;
  indices: Tensor | null;
  /** Whether the plate visits all elements in order. */
  isWhole: boolean;
  /** Whether the program itself gives the elements to visit. */
  isGiven: boolean;
}

/** The position of a site in a markov loop. */
export interface MarkovPosition {
  /** The loop's identity. */
  readonly loop: object;
  readonly step: number;
  readonly history: number;
}

// biome-ignore lint/suspicious/noExplicitAny: models take whatever arguments their author gave them
export type Model = (...args: any[]) => unknown;
