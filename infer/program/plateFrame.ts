/**
 * An open plate: its frame, and how it changes the messages that pass it. Distributions are expanded to the plate's
 * size along its dim, log densities are scaled, params are reduced to the elements that are visited.
 */
import { arange, PedigradError, random, type Tensor, type TensorLike, take, tensor } from "../../autodiff/index.js";
import { requireThat, validation } from "../../distributions/core/validation.js";
import { constraints } from "../../distributions/index.js";
import { show } from "../checks.js";
import {
  type Handler,
  type KeyMessage,
  type ParamMessage,
  type PlateFrame,
  type PlateMessage,
  type SampleMessage,
  send,
} from "./messages.js";
import { reportAsSite } from "./traceChecks.js";

export interface PlateOptions {
  /** The dim along which its elements lie; by default the first free one, -1 outermost. */
  dim?: number;
  /** How many elements to visit, drawn once for each step; all by default. */
  subsampleSize?: number;
  /** The elements to visit, instead of a random subsample. */
  subsample?: TensorLike;
}

const open: PlateFrame[] = [];

/** The weight of one element that a plate visits: size / subsampleSize, and 1 for a whole plate, also an empty one. */
export const subsamplingScale = ({ size, subsampleSize }: PlateFrame): number =>
  size === subsampleSize ? 1 : (size as number) / (subsampleSize as number);

/** The plates around this statement, outermost first. */
export const openPlates = (): readonly PlateFrame[] => open;

/** Put a plate around what follows, until the returned function is called. */
export function opened(frame: PlateFrame): () => void {
  open.push(frame);
  return () => {
    open.splice(open.lastIndexOf(frame), 1);
  };
}

/** Run `body`, another run of some program, as if no plate were open around it. */
export function outsidePlates<T>(body: () => T): T {
  const outer = open.splice(0);
  try {
    return body();
  } finally {
    open.splice(0, open.length, ...outer);
  }
}

export const refuse = (name: string, code: string, message: string): never => {
  throw new PedigradError({ code, site: name, param: name, message: `plate "${name}": ${message}` });
};

/** The size of a plate as it was given. */
export function checkSize(name: string, size: unknown): number {
  if (Number.isInteger(size) && (size as number) >= 0) return size as number;
  return refuse(name, "bad-option", `size must be a non-negative integer, got ${show(size)}.`);
}

/** The dim of a plate: the one asked for, or the first that is free. */
export function freeDim(name: string, size: number | null, dim: number | undefined): number {
  if (dim === undefined) {
    let free = -1;
    while (open.some((frame) => frame.dim === free)) free--;
    return free;
  }
  if (!(Number.isInteger(dim) && dim < 0)) refuse(name, "bad-option", `dim must be a negative integer, got ${dim}.`);
  const other = open.find((frame) => frame.dim === dim);
  if (other !== undefined)
    throw new PedigradError({
      code: "plate-clash",
      site: name,
      message: `plates "${other.name}" (${other.size}) and "${name}" (${size}) both use dim ${dim}; set dim on one of them.`,
    });
  return dim;
}

/** The frame of a plate that opens. */
export function makeFrame(name: string, size: number | null, dim: number | null, options: PlateOptions): PlateFrame {
  if (size === null) return { name, size, subsampleSize: null, dim, indices: null, isWhole: true, isGiven: false };
  const given = options.subsample === undefined ? null : checkSubsample(name, size, options);
  const subsampleSize = given?.length ?? options.subsampleSize ?? size;
  if (!(Number.isInteger(subsampleSize) && subsampleSize >= Math.min(1, size) && subsampleSize <= size))
    refuse(name, "bad-option", `subsampleSize must be an integer in 1..${size}, got ${subsampleSize}.`);
  const seen = announce(name, size, subsampleSize, dim, given);
  if (open.some((frame) => frame.name === seen.name))
    refuse(seen.name, "duplicate-name", "is already open around this statement; rename one of them.");
  return { ...frameOf(seen), dim };
}

/** The part of a frame that its handlers decide. */
const frameOf = ({ name, size, subsampleSize, value, isWhole, isGiven }: PlateMessage) => ({
  name,
  size,
  subsampleSize,
  indices: value,
  isWhole,
  isGiven,
});

/** The elements that the program gives, as a vector of indices. */
function checkSubsample(name: string, size: number, { subsample, subsampleSize }: PlateOptions): Tensor {
  const given = tensor(subsample as TensorLike);
  if (given.shape.length !== 1)
    refuse(name, "bad-option", `subsample must be a vector of indices, got shape [${given.shape}].`);
  if (subsampleSize !== undefined && subsampleSize !== given.length)
    refuse(
      name,
      "bad-option",
      `subsample has ${given.length} indices, but subsampleSize is ${subsampleSize}. Drop subsampleSize.`,
    );
  if (validation)
    reportAsSite(
      name,
      () => requireThat(given, constraints.integerInterval(0, size - 1), { family: "subsample", what: "every index" }),
      "plate",
    );
  return given;
}

/** Tell the handlers of a plate; they may rename it or choose its indices. */
function announce(
  name: string,
  size: number,
  subsampleSize: number,
  dim: number | null,
  given: Tensor | null,
): PlateMessage {
  const message = send<PlateMessage>(
    {
      type: "plate",
      name,
      size,
      subsampleSize,
      dim,
      value: given,
      isGiven: given !== null,
      isWhole: false,
      stop: false,
    },
    (m) => {
      m.isWhole = m.value === null && m.subsampleSize === size;
      m.value ??= m.isWhole ? arange(size) : drawSubsample(m);
    },
  );
  const has = (message.value as Tensor).length;
  if (has !== message.subsampleSize)
    refuse(
      message.name,
      "plate-size",
      `visits ${message.subsampleSize} of ${size} elements here, but ${has} where its indices were drawn (in the guide, or further up). Give both the same size and subsampleSize.`,
    );
  return message;
}

function drawSubsample({ name, size, subsampleSize }: PlateMessage): Tensor {
  const { value: key } = send<KeyMessage>({ type: "key", name, value: null, stop: false }, () => {});
  if (key === null)
    return refuse(
      name,
      "no-key",
      "a subsample needs a random key. Run the model under seed(model, key), or give { subsample }.",
    );
  return random.permutation(key, size).slice(0, subsampleSize);
}

/** The handler of an open plate. */
export function frameMessenger(frame: PlateFrame): Handler {
  return {
    process: {
      sample: (message) => visitSample(frame, message),
      param: ({ plates }) => plates.push(frame),
      deterministic: ({ plates }) => plates.push(frame),
    },
    postprocess: { param: (message) => visitParam(frame, message) },
  };
}

/** A param that has an element for each of the plate's is reduced to the elements that are visited. */
function visitParam(frame: PlateFrame, message: ParamMessage): void {
  const { dim, indices, size, subsampleSize, isWhole } = frame;
  if (message.value === null || dim === null || indices === null || isWhole) return;
  const axis = message.value.shape.length + dim - message.eventDim;
  const has = message.value.shape[axis];
  if (axis >= 0 && has === size) message.value = take(message.value, indices, axis);
  else if (axis >= 0 && has === subsampleSize && has > 1)
    throw new PedigradError({
      code: "plate-size",
      site: message.name,
      param: message.name,
      message: `param "${message.name}" has ${has} elements along dim ${dim}, as many as plate "${frame.name}" visits at a time, but the plate has ${size}. Give it all ${size}, of which it then sees those visited; or say with { eventDim } that this axis is not the plate's.`,
    });
}

function visitSample(frame: PlateFrame, message: SampleMessage): void {
  const { dim } = frame;
  if (message.isOutside?.(frame)) return;
  message.plates.push(frame);
  if (dim !== null) {
    if (frame.size === null) setSize(frame, message);
    message.fn = expandAlong(frame, message);
  }
  const factor = subsamplingScale(frame);
  if (factor !== 1) message.scale = tensor(message.scale).mul(factor);
}

function setSize(frame: PlateFrame, { fn, value, name }: SampleMessage): void {
  const lead = value === null ? [] : value.shape.slice(0, value.shape.length - fn.eventDim);
  const sizes = [fn.batchShape, lead].flatMap((shape) => shape.at(frame.dim as number) ?? []);
  if (sizes.length === 0)
    throw new PedigradError({
      code: "no-plate-size",
      site: name,
      message: `plate "${frame.name}" has no size, and its first site "${name}" has none along dim ${frame.dim}. Give the plate a size: plate("${frame.name}", size, body).`,
    });
  const size = Math.max(...sizes);
  Object.assign(frame, frameOf(announce(frame.name, size, size, frame.dim, null)));
}

function expandAlong({ name: plateName, dim, size: whole, subsampleSize }: PlateFrame, { name, fn }: SampleMessage) {
  const at = dim as number;
  const size = subsampleSize as number;
  const has = fn.batchShape.at(at);
  if (fn.batchShape.length < -at || has === 1) {
    if (has === size) return fn;
    const missing = Math.max(0, -at - fn.batchShape.length);
    const shape = [...new Array<number>(missing).fill(1), ...fn.batchShape];
    shape[shape.length + at] = size;
    return fn.expand(shape);
  }
  if (has !== size)
    throw new PedigradError({
      code: "plate-size",
      site: name,
      message: `site "${name}" in plate "${plateName}": dim ${at} has size ${has} but the plate ${size === whole ? `has size ${size}` : `visits ${size} of ${whole} elements`}. Give the distribution's parameters size ${size} (or 1) along dim ${at}${size === whole ? "" : ", by subsample(data)"}, or move them out of the plate; .toEvent(n) makes a dim part of one event.`,
    });
  return fn;
}
