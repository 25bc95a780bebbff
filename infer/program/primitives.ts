/**
 * The statements of a model. Each sends a message (messages.ts) and returns the value that handlers give to the message.
 * Where possible, statements also work without handlers: a param returns its initial value, an observed site its data.
 */
import { stopGradient, Tensor, type TensorLike, tensor, where } from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { type Constraint, constraints, Distribution, Unit } from "../../distributions/index.js";
import { MIX, ownRelation } from "../../provenance/axes.js";
import { refuse } from "../../provenance/base/error.js";
import * as kinds from "../../provenance/base/kinds.js";
import { ambient, getProvenance, outsideRuns, Provenance, union } from "../../provenance/index.js";
import { type Kind, refuseSite, requireOptions } from "../checks.js";
import { mask as maskedBy } from "./handlers.js";
import { checkInferOptions, type InferOptions, withGradient } from "./inferOptions.js";
import {
  type MutableMessage,
  type ParamMessage,
  type PlateFrame,
  requestKey,
  type SampleMessage,
  send,
} from "./messages.js";
import { openPlates } from "./plate.js";
import { reportAsSite, requireBatchMask } from "./traceChecks.js";

export interface SampleOptions {
  /** The observed value; null or undefined means latent. */
  obs?: TensorLike | null | undefined;
  /** Elements where this is 0 are latent and ignore `obs`. The statement makes two sites, `name_observed` and `name_unobserved`. */
  obsMask?: TensorLike | undefined;
  /** How the gradient of this site is taken. */
  infer?: InferOptions | undefined;
  /** Draw with this key instead of a key from `seed`. */
  key?: Tensor | undefined;
}

/** The default of every options argument in this file. */
const NO_OPTIONS = /* @__PURE__ */ Object.freeze({});
const SAMPLE = ["obs", "obsMask", "infer", "key"];
const isConstraint = (x: unknown): x is Constraint => typeof (x as Constraint | null)?.check === "function";
const PARAM = {
  constraint: [isConstraint, "one of constraints, such as constraints.positive or constraints.interval(low, high)"],
  eventDim: [(x) => x === Infinity || kinds.size[0](x), "a non-negative integer"],
} satisfies Record<keyof ParamOptions, Kind>;

/** Make a random choice named `name`, and return its value, which is drawn, observed or given by a handler. */
export function sample(name: string, fn: Distribution, options: SampleOptions = NO_OPTIONS): Tensor {
  return sampleOutside(name, fn, options);
}

/** `x` as a tensor. The error for a value that cannot be one names its statement. */
const valueOf = (name: string, x: TensorLike): Tensor =>
  x instanceof Tensor || typeof x === "number" ? tensor(x) : reportAsSite(name, () => tensor(x));

/** Like `sample`, for a site that is outside some of the plates around its statement. */
export function sampleOutside(
  name: string,
  fn: Distribution,
  options: SampleOptions,
  isOutside?: (plate: PlateFrame) => boolean,
): Tensor {
  if (!(fn instanceof Distribution))
    refuseSite("bad-option", name, `sample: expected sample(name, distribution), got ${typeof name} and ${typeof fn}.`);
  if (options !== NO_OPTIONS) requireOptions(`sample site "${name}"`, options, SAMPLE, name);
  const { obs, obsMask, infer, key } = options;
  if (obs != null && obsMask !== undefined)
    return samplePartlyObserved(name, fn, valueOf(name, obs), valueOf(name, obsMask), { infer, key });
  const message: SampleMessage = {
    type: "sample",
    name,
    declared: name,
    fn,
    value: obs == null ? null : valueOf(name, obs),
    isObserved: obs != null,
    infer: infer === undefined ? NO_OPTIONS : checkInferOptions(name, infer),
    plates: [],
    ...(isOutside && { isOutside }),
    scale: 1,
    mask: null,
    key: key ?? null,
    markov: [],
    isTracked: false,
    isSubstituted: false,
    isConstant: false,
    ambient,
  };
  return send(message, setValue).value as Tensor;
}

function setValue(message: SampleMessage): void {
  const { gradient, enumerate } = message.infer;
  // An enumerated site is not sampled, so its `gradient` option has no effect.
  if (gradient !== undefined && enumerate == null && !message.isObserved)
    message.fn = withGradient(message.name, message.fn, gradient);
  const value = message.value ?? draw(message);
  // A replayed value was tagged when it was drawn.
  const isNew = message.isTracked && !message.isObserved && !value.provenance.has(message.name);
  message.value = isNew ? tagWithSite(value, message) : value;
}

/**
 * The value, tagged with its site's name. Along the element axes of the site (the batch axes, and the axes that `toEvent` moved into the
 * event), each element of the value depends only on the same element of the site. The value of an enumerated site has size 1 along its
 * plates, because all elements have the same list of possible values. But its tag has the sizes of the plates. Axes to the left of the
 * plates belong to other enumerated sites.
 */
function tagWithSite(value: Tensor, { name, fn, infer, isSubstituted, plates, ambient: read }: SampleMessage): Tensor {
  const { shape } = value;
  const full = [...fn.batchShape, ...fn.eventShape];
  const extraAxes = shape.length - full.length;
  const leftmostPlate = Math.max(0, ...plates.map(({ dim }) => -(dim ?? 0)));
  const firstPlateAxis = infer.enumerate === "parallel" ? full.length - fn.eventDim - leftmostPlate : Infinity;
  const sizes = full.map((n, i) => (shape[extraAxes + i] === n || i >= firstPlateAxis ? n : 1));
  const tag = Provenance.related(name, ownRelation(sizes, fn.eventDim - fn.elementDim));
  const inherited = isSubstituted ? union(union(value.provenance, read), drawProvenance(fn)) : value.provenance;
  return value.withProvenance(union(inherited, tag));
}

/** The provenance of a draw from `fn`. A value from `substitute` gets this provenance, too: its probability depends on the same sites. */
function drawProvenance(fn: Distribution): Provenance {
  return outsideRuns(() => {
    try {
      return fn.sample(random.key(0)).provenance;
    } catch {
      // The distribution has no sampler, or none for these parameters.
      return getProvenance(Object.values(fn.params)).moved(MIX, "substitute");
    }
  });
}

function draw(message: SampleMessage): Tensor {
  // If `block` hid the site from `seed`, the site has no key yet; but `block` does not stop requests for keys.
  const key = message.key ?? requestKey(message.name);
  if (key === null)
    refuseSite(
      "no-key",
      message.name,
      `sample site "${message.name}" is latent, but has no random key to be drawn with. Run the function under seed(f, random.key(0)), or pass { key }.`,
    );
  const { fn, isConstant } = message;
  const value = fn.draw(key, fn.batchShape);
  return fn.hasRsample && !isConstant ? value : stopGradient(value);
}

function samplePartlyObserved(
  name: string,
  fn: Distribution,
  obs: Tensor,
  obsMask: Tensor,
  options: SampleOptions,
): Tensor {
  requireBatchMask(name, fn, obs, obsMask, openPlates());
  const observed = maskedBy(() => sample(`${name}_observed`, fn, { ...options, obs }), obsMask)();
  // Where the latent is masked, its value is not used, although provenance says that the result depends on it.
  const unused = { ...options, infer: { ...options.infer, sharesMask: true } };
  const latent = maskedBy(() => sample(`${name}_unobserved`, fn, unused), obsMask.logicalNot())();
  const eventMask = obsMask.reshape([...obsMask.shape, ...fn.eventShape.map(() => 1)]);
  return computed(name, where(eventMask, observed, latent), fn.eventDim);
}

export interface ParamOptions {
  /** The set in which the value lies; all real numbers by default. */
  constraint?: Constraint | undefined;
  /** How many of the value's last axes make up one element; by default the `eventDim` of the constraint. */
  eventDim?: number | undefined;
}

/** A learnable parameter named `name`. `init` is the value at which `svi.init` starts, or a function that draws this value with a key. */
export function param(
  name: string,
  init?: TensorLike | ((key: Tensor) => TensorLike),
  options: ParamOptions = NO_OPTIONS,
): Tensor {
  if (isConstraint(options))
    refuseSite(
      "bad-option",
      name,
      `param "${name}": expected options, got the constraint ${options.name}. Write param("${name}", init, { constraint: … }).`,
      { param: name },
    );
  if (options !== NO_OPTIONS) requireOptions(`param "${name}"`, options, PARAM, name);
  const { constraint = constraints.real, eventDim = constraint.eventDim } = options;
  const initialValue = typeof init === "function" || init === undefined ? null : valueOf(name, init);
  const message = send<ParamMessage>(
    {
      type: "param",
      name,
      declared: name,
      value: null,
      init: initialValue !== null ? () => initialValue : typeof init === "function" ? (key) => tensor(init(key)) : null,
      shape: initialValue?.shape ?? null,
      constraint,
      isReference: init === undefined && options.constraint === undefined,
      eventDim,
      plates: [],
    },
    (m) => {
      m.value ??= initialValue;
    },
  );
  return (
    message.value ??
    refuseWithoutValue(name, init === undefined ? "without an initial value" : "with a function of a key")
  );
}

const refuseWithoutValue = (name: string, how: string): never =>
  refuseSite(
    "no-value",
    name,
    `param "${name}" has no value here: it was declared ${how}. Call svi.init first, give initParams, or run under substitute(f, { "${name}": value }).`,
    { param: name },
  );

/** Record `value` in the trace under `name`, and return it. */
export const deterministic = (name: string, value: TensorLike): Tensor => computed(name, valueOf(name, value), null);

/** Like `deterministic`, or with an `eventDim` for the value of a sample statement. */
export const computed = (name: string, value: Tensor, eventDim: number | null): Tensor =>
  send({ type: "deterministic", name, value, plates: [], eventDim }).value;

/** Add `logFactor` to the log density of the program. */
export function factor(name: string, logFactor: TensorLike): void {
  sample(
    name,
    reportAsSite(name, () => new Unit(tensor(logFactor)), "factor"),
    { obs: [] },
  );
}

/** A tensor that the program may change (by setting `.value`) and that SVI passes on to the next step. */
export function mutable(name: string, init: TensorLike | (() => TensorLike)): { value: Tensor } {
  const make = () => reportAsSite(name, () => tensor(typeof init === "function" ? init() : init), "mutable");
  const message = send<MutableMessage>({ type: "mutable", name, cell: null, init: make }, (m) => {
    m.cell ??= { value: make() };
  });
  return message.cell as { value: Tensor };
}

/** A new random key, for random numbers that do not belong to a site. */
export function prngKey(): Tensor {
  const value = requestKey("prngKey");
  if (value !== null) return value;
  return refuse("no-key", "prngKey", "there is no random key here. Run the function under seed(f, random.key(0)).");
}
