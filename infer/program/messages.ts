/**
 * The messages of a model, and the stack of handlers that process them. Each statement of a model (`sample`, `param`, …)
 * sends a message up the stack, to the innermost handler first. Each handler may change the message (`process`). If no
 * handler sets the message's value, the statement then sets it. The message returns through the handlers in reverse order,
 * and each may change it again (`postprocess`). The design follows Pyro's poutine (Bingham et al. 2019) and minipyro.
 */
import { traceDepth } from "../../autodiff/core/batch.js";
import { PedigradError, Tensor } from "../../autodiff/index.js";
import type { Constraint, Distribution } from "../../distributions/index.js";
import type { Provenance } from "../../provenance/index.js";
import { refuseCrossed, refuseInScan, refuseName } from "../checks.js";
import type { InferOptions } from "./inferOptions.js";

/** The fields of every message. */
interface BaseMessage {
  name: string;
  /** Set by a handler to hide the message from the handlers around it. */
  stop?: boolean;
}

/** The message of `sample`: a random choice, latent or observed. */
export interface SampleMessage extends BaseMessage {
  readonly type: "sample";
  /** The name that the program gives, without the prefix of any `scope`. */
  readonly declared: string;
  fn: Distribution;
  value: Tensor | null;
  isObserved: boolean;
  infer: InferOptions;
  /** The plates around the statement, innermost first. */
  plates: PlateFrame[];
  /** The factor that multiplies the site's log density (set by subsampled plates and by `scale`). */
  scale: Tensor | number;
  /** The log density counts only where the mask is not 0; null if the log density counts everywhere. Set by `mask`. */
  mask: Tensor | null;
  key: Tensor | null;
  /** The markov loops around the statement. */
  markov: MarkovPosition[];
  /** Whether the site is outside `plate`, a plate around its statement (lift.ts). If absent, the site is in all these plates. */
  readonly isOutside?: (plate: PlateFrame) => boolean;
  /** Whether the drawn value is tagged with the site's name. */
  isTracked: boolean;
  /** Whether `substitute` gave the value in place of a draw. */
  isSubstituted: boolean;
  /** The value that later statements get instead of this one, from the outermost `intervene`. */
  intervention?: Tensor | undefined;
  /** Whether gradients treat the drawn value as a constant. */
  isConstant: boolean;
  /** The sites that host code had read before this statement. */
  ambient: Provenance;
}

/** The message of `param`: a learnable parameter. `value` lies in the set of `constraint`. */
export interface ParamMessage extends BaseMessage {
  readonly type: "param";
  /** The name that the program gives, without the prefix of any `scope`. */
  readonly declared: string;
  value: Tensor | null;
  init: ((key: Tensor) => Tensor) | null;
  /** The shape of the initial value; null if only a draw of the initial value shows its shape. */
  shape: readonly number[] | null;
  constraint: Constraint;
  /** Whether this statement gives neither an initial value nor a constraint, because another statement declares the param. */
  readonly isReference: boolean;
  eventDim: number;
  plates: PlateFrame[];
}

/** The message of a plate that is being opened; `value` holds the indices of the elements that the plate visits. */
export interface PlateMessage extends BaseMessage {
  readonly type: "plate";
  readonly size: number;
  /** How many elements the plate visits; handlers may change this before `value` is set. */
  subsampleSize: number;
  /** The dim of the batch shape, negative; null for a sequential plate. */
  readonly dim: number | null;
  value: Tensor | null;
  /** Whether the program itself chose the elements to visit (the option `subsample`). */
  isGiven: boolean;
  /**
   * Whether the values that handlers give to sites in the plate have one element for each visited element. By default, if
   * a value has as many elements as the plate, it is taken to be for all of them, and the visited elements are selected.
   */
  areValuesVisited?: boolean | undefined;
  /** Whether the plate visits all elements in order. */
  isWhole: boolean;
}

/** The message of `deterministic`: a computed value that the trace records. */
export interface DeterministicMessage extends BaseMessage, Pick<SampleMessage, "plates" | "intervention"> {
  readonly type: "deterministic";
  value: Tensor;
  /** The event dim of the sample statement whose value reparam or `obsMask` computes from other sites; null for `deterministic`. */
  readonly eventDim: number | null;
}

/** The message of `mutable`: a value that the program may change and that SVI passes on to the next step. */
export interface MutableMessage extends BaseMessage {
  readonly type: "mutable";
  cell: { value: Tensor } | null;
  init: () => Tensor;
}

/**
 * The message of `module`: a request for the parameters of the network `name`. Handlers set `paths` to the names of the
 * network's params, without the prefix `name/`; `paths` stays null if the network has to be initialised.
 */
export interface ModuleMessage extends BaseMessage {
  readonly type: "module";
  paths: string[] | null;
}

/** A request for a random key. */
export interface KeyMessage extends BaseMessage {
  readonly type: "key";
  value: Tensor | null;
}

export type Message =
  | SampleMessage
  | ParamMessage
  | PlateMessage
  | DeterministicMessage
  | MutableMessage
  | ModuleMessage
  | KeyMessage;

/** The function that a handler calls on each type of message; types without a function pass unchanged. */
export type Listeners = { readonly [T in Message["type"]]?: (message: Extract<Message, { type: T }>) => void };

/** One handler on the stack: `process` changes messages on their way up, `postprocess` on their way back down. */
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
/** The handlers around this statement, outermost first. */
export const openHandlers: readonly Handler[] = stack;

/** Like `withHandlers`, with one handler. */
export const withHandler = <T>(handler: Handler, body: () => T, what?: string): T =>
  withHandlers([handler], body, what);

/** Run `body` inside these handlers, outermost first, and remove them afterwards, even if it throws. Errors call the body `what`. */
export function withHandlers<T>(handlers: readonly Handler[], body: () => T, what = "the model or guide"): T {
  const depth = stack.length;
  stack.push(...handlers);
  try {
    const result = body();
    if (handlers[0] !== stack[depth]) refuseCrossed();
    if (typeof result === "object" && result !== null && !(result instanceof Tensor)) refuseUnfinished(what, result);
    return result;
  } finally {
    stack.length = depth;
  }
}

/** Run `body`, which runs another program, outside all handlers, and so also outside the plates that are open here. */
export function outsideHandlers<T>(body: () => T): T {
  const outer = stack.splice(0);
  try {
    return body();
  } finally {
    stack.splice(0, stack.length, ...outer);
  }
}

/** Refuse the result of an async function or a generator function: handlers get no messages from statements that run later. */
function refuseUnfinished(what: string, result: object): void {
  const isPromise = typeof (result as Partial<PromiseLike<unknown>>).then === "function";
  if (!isPromise && !/Generator\]$/.test(Object.prototype.toString.call(result))) return;
  // Nothing awaits the promise, and an unhandled rejection would end the process.
  if (isPromise) Promise.resolve(result).catch(() => {});
  throw new PedigradError({
    code: "async-program",
    message: `${what} returned a ${isPromise ? "promise" : "generator"}, whose later statements would not reach the handlers. Make it a plain function${isPromise ? ", and await its data before calling it" : ""}.`,
  });
}

/** Loop over `items`. The body of the caller's `for` loop runs inside the handlers that `handlersOf` makes for each item. */
export function* loopInHandlers<T>(items: Iterable<T>, handlersOf: () => [Handler, ...Handler[]]): Generator<T> {
  for (const item of items) {
    const handlers = handlersOf();
    stack.push(...handlers);
    try {
      yield item;
    } finally {
      const depth = stack.lastIndexOf(handlers[0]);
      if (depth < 0) refuseCrossed();
      stack.splice(depth, handlers.length);
    }
  }
}

/** Send a message up the stack until a handler stops it, call `setValue` to give it a value, and send it back down. */
export function send<M extends Message>(message: M, setValue?: (message: M) => void): M {
  if (typeof message.name !== "string") refuseName(message.type, message.name);
  if (traceDepth > 0) refuseInScan(message);
  type Listener = ((message: M) => void) | undefined;
  const { type } = message;
  let i = stack.length - 1;
  for (; i >= 0; i--) {
    (stack[i]?.process?.[type] as Listener)?.(message);
    if (message.stop) break;
  }
  setValue?.(message);
  for (let j = Math.max(i, 0); j < stack.length; j++) (stack[j]?.postprocess?.[type] as Listener)?.(message);
  return message;
}

/** A random key from the handlers; null if no handler gives a key. */
export const requestKey = (name: string): Tensor | null => send<KeyMessage>({ type: "key", name, value: null }).value;

/** One plate around a site. */
export interface PlateFrame extends Pick<PlateMessage, "dim" | "isGiven" | "isWhole" | "areValuesVisited"> {
  /** The name that handlers see, with the prefix of any `scope`. */
  name: string;
  /** Null for a plate that is declared without a size, until its first site sets the size. */
  size: number | null;
  subsampleSize: number | null;
  /** The subsample size in the program, if a handler made the plate visit another number of elements. */
  programSize?: number | undefined;
  indices: Tensor | null;
}

/** The position of a site in a markov loop. */
export interface MarkovPosition {
  /** The loop's identity. */
  readonly loop: object;
  readonly step: number;
  /** How many steps before this one a site of this step may depend on. */
  readonly history: number;
}

// biome-ignore lint/suspicious/noExplicitAny: models take whatever arguments their author gave them
export type Model = (...args: any[]) => unknown;
