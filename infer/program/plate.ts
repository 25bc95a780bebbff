/**
 * Plates declare conditional independence. `plate(name, size, body)` says that the elements along one dim of the batch
 * shape (negative, counted from the right) are independent given the sites outside the plate. Distributions inside a
 * plate are expanded to its size. With `subsampleSize` the plate visits only some elements, and the log densities are
 * scaled up, so that their expected sum is the sum over all elements.
 */
import { readNumbers } from "../../autodiff/core/reads.js";
import { type Tensor, type TensorLike, tensor } from "../../autodiff/index.js";
import type { Distribution } from "../../distributions/index.js";
import * as kinds from "../../provenance/base/kinds.js";
import { refuseName, refuseSite, requireOptions, show } from "../checks.js";
import {
  everyType,
  type Handler,
  type Listeners,
  loopInHandlers,
  openHandlers,
  type ParamMessage,
  type PlateFrame,
  type SampleMessage,
  withHandler,
} from "./messages.js";
import {
  checkSubsample,
  type PlateOptions,
  refuse,
  sendPlate,
  setSize,
  subsamplingScale,
  takeVisited,
} from "./subsamples.js";
import { wholePlateNote } from "./traceChecks.js";

export type { PlateOptions } from "./subsamples.js";

/** Run `body` inside the plate; `body` receives the indices of the elements that the plate visits. */
export function plate<T>(name: string, size: number, body: (indices: Tensor) => T): T;
export function plate<T>(name: string, size: number, options: PlateOptions, body: (indices: Tensor) => T): T;
/** A plate that takes its size from its first site. */
export function plate<T>(name: string, body: () => T): T;
/** A sequential plate: `for (const i of plate(name, size))`. */
export function plate(name: string, size: number, options?: { subsampleSize?: number | undefined }): Iterable<number>;
export function plate(name: string, ...args: unknown[]): unknown {
  if (typeof name !== "string") refuseName("plate", name);
  const body = args.at(-1);
  const hasBody = typeof body === "function";
  const sizeAndOptions = hasBody ? args.slice(0, -1) : args;
  if (sizeAndOptions.length > 2 || sizeAndOptions.some((x) => typeof x === "function"))
    refuse(name, "bad-option", `the arguments must be plate("${name}", size, options, body), with the body last.`);
  const [givenSize, givenOptions] = sizeAndOptions as [unknown, PlateOptions?];
  if (givenOptions !== undefined)
    requireOptions(`plate "${name}"`, givenOptions, hasBody ? BODY_OPTIONS : LOOP_OPTIONS, name);
  const size = hasBody && args.length === 1 ? null : checkSize(name, givenSize);
  const options = givenOptions ?? {};
  if (!hasBody) return iterateElements(name, size as number, options);
  const frame = makeFrame(name, size, freeDim(name, size, options.dim), options);
  return withHandler(new OpenPlate(frame), () => body(frame.indices), `the body of plate "${name}"`);
}

const LOOP_OPTIONS = ["subsampleSize", "subsample"];
const BODY_OPTIONS = ["dim", ...LOOP_OPTIONS];

/** The size of a plate. Refuse a size that is not an integer of 32 bits. */
function checkSize(name: string, size: unknown): number {
  if (Number.isInteger(size) && (size as number) >>> 0 === size) return size;
  return refuse(name, "bad-option", `size must be a non-negative integer below 2^32, got ${show(size)}.`);
}

/** The handler of an open plate. */
class OpenPlate implements Handler {
  readonly process: Listeners = {
    sample: (message) => visitSample(this.frame, message),
    param: ({ plates }) => plates.push(this.frame),
    deterministic: ({ plates }) => plates.push(this.frame),
  };
  readonly postprocess: Listeners = { param: (message) => visitParam(this.frame, message) };

  constructor(readonly frame: PlateFrame) {}
}

/** The plates around this statement, outermost first. */
export const openPlates = (): PlateFrame[] =>
  openHandlers.filter((handler) => handler instanceof OpenPlate).map(({ frame }) => frame);

/** The elements of `data` that the plates around this statement visit; the last `eventDim` axes make up one element. */
export function subsample(data: TensorLike, options: { eventDim?: number | undefined } = {}): Tensor {
  requireOptions("subsample", options, { eventDim: kinds.size });
  const { eventDim = 0 } = options;
  let visited = tensor(data);
  for (const plate of openPlates()) {
    const { dim, size, subsampleSize, name, isWhole } = plate;
    if (dim === null || isWhole) continue;
    const actual = visited.shape[visited.shape.length - eventDim + dim];
    if (actual === undefined) requireShared(visited.shape, eventDim, name, dim, size);
    else if (actual !== 1 && actual !== size && actual !== subsampleSize)
      refuseSite(
        "plate-size",
        name,
        `subsample: the data has ${actual} elements along dim ${dim}, but plate "${name}" has size ${size}. Check the shape of the data, [${visited.shape}], and eventDim, ${eventDim}.`,
        { op: "subsample" },
      );
    visited = takeVisited(visited, eventDim, plate);
  }
  return visited;
}

/**
 * Data without an axis at the plate's dim are shared by all elements of the plate. If another batch axis has the plate's size, and is not
 * the axis of another plate of this size, then `eventDim` is probably wrong. Refuse such data.
 */
function requireShared(
  shape: readonly number[],
  eventDim: number,
  name: string,
  dim: number,
  size: number | null,
): void {
  const batch = shape.slice(0, Math.max(0, shape.length - eventDim));
  const plates = openPlates();
  const axis = batch.findIndex(
    (n, i) => n > 1 && n === size && !plates.some((open) => open.dim === i - batch.length && open.size === n),
  );
  if (axis < 0) return;
  const shared = [...new Array<number>(-dim - batch.length).fill(1), ...shape];
  refuseSite(
    "plate-size",
    name,
    `subsample: with eventDim ${eventDim}, the data of shape [${shape}] have no axis at dim ${dim} of plate "${name}". Their axis at dim ${axis - batch.length} has the size of the plate (${size}). Correct eventDim, the number of axes of one event, or reshape the data to [${shared}] if all elements of the plate share them.`,
    { op: "subsample" },
  );
}

/** The dim of a plate: `dim`, or by default the first one, from -1 to the left, that no open plate uses. */
function freeDim(name: string, size: number | null, dim: number | undefined): number {
  if (dim === undefined) {
    const dims = openPlates().map((plate) => plate.dim);
    let free = -1;
    while (dims.includes(free)) free--;
    return free;
  }
  if (!(Number.isInteger(dim) && dim < 0))
    refuse(name, "bad-option", `dim must be a negative integer, got ${show(dim)}.`);
  const sameDim = openPlates().find((frame) => frame.dim === dim);
  if (sameDim !== undefined)
    refuseSite(
      "plate-clash",
      name,
      `plates "${sameDim.name}" (size ${sameDim.size}) and "${name}" (size ${size}) both use dim ${dim}. Give one of them a different dim.`,
    );
  return dim;
}

/** Make the frame of a plate that is being opened. */
function makeFrame(name: string, size: number | null, dim: number | null, options: PlateOptions): PlateFrame {
  if (size === null) return { name, size, subsampleSize: null, dim, indices: null, isWhole: true, isGiven: false };
  const subsample = options.subsample === undefined ? null : checkSubsample(name, size, options);
  const subsampleSize = subsample?.length ?? options.subsampleSize ?? size;
  if (!(Number.isInteger(subsampleSize) && subsampleSize >= Math.min(1, size) && subsampleSize <= size))
    refuse(name, "bad-option", `subsampleSize must be an integer in 1..${size}, got ${show(subsampleSize)}.`);
  const frame = sendPlate(name, size, subsampleSize, dim, subsample);
  if (openPlates().some((open) => open.name === frame.name))
    refuse(
      frame.name,
      "duplicate-name",
      "a plate of this name is already open around this statement. Rename one of the two.",
    );
  return frame;
}

function visitSample(frame: PlateFrame, message: SampleMessage): void {
  const { dim } = frame;
  if (message.isOutside?.(frame)) return;
  message.plates.push(frame);
  if (dim !== null) {
    if (frame.size === null) setSize(frame, message);
    message.fn = expandAlong(frame, message);
  }
  if (frame.size !== frame.subsampleSize) message.scale = tensor(message.scale).mul(subsamplingScale(frame));
}

/** The distribution of a site in a plate, with one batch element along the plate's dim for each element that the plate visits. */
function expandAlong(frame: PlateFrame, { name, fn }: SampleMessage): Distribution {
  const [dim, numVisited] = [frame.dim as number, frame.subsampleSize as number];
  const actual = fn.batchShape.at(dim);
  if (actual === numVisited) return fn;
  if (actual === undefined || actual === 1) {
    const rank = Math.max(fn.batchShape.length, -dim);
    const sizeAt = (fromRight: number) => (fromRight === dim ? numVisited : (fn.batchShape.at(fromRight) ?? 1));
    return fn.expand(Array.from({ length: rank }, (_, axis) => sizeAt(axis - rank)));
  }
  const isWhole = numVisited === frame.size;
  return refuseSite(
    "plate-size",
    name,
    `site "${name}" in plate "${frame.name}": dim ${dim} has size ${actual}, but the plate ${isWhole ? `has size ${frame.size}` : `visits ${numVisited} of ${frame.size} elements`}. Give the distribution's parameters size ${numVisited} (or 1) along dim ${dim}${isWhole ? "" : ", by subsample(data)"}, or move the statement out of the plate. If the dim belongs to one event, use .toEvent(n).${isWhole ? wholePlateNote(frame) : ""}`,
  );
}

/** If a param has one element for each element of the plate, select the elements that the plate visits. */
function visitParam(frame: PlateFrame, message: ParamMessage): void {
  const { dim, size, subsampleSize, isWhole } = frame;
  if (message.value === null || dim === null || isWhole) return;
  const actual = message.value.shape[message.value.shape.length - message.eventDim + dim];
  message.value = takeVisited(message.value, message.eventDim, frame);
  if (actual !== size && actual === subsampleSize && actual !== 1)
    refuseSite(
      "plate-size",
      message.name,
      `param "${message.name}" has ${actual} elements along dim ${dim}, as many as plate "${frame.name}" visits in a step, but the plate has ${size}. Give the param all ${size} elements; the plate then selects those it visits. If this axis does not belong to the plate, set { eventDim }.`,
      { param: message.name },
    );
}

/** The iterable of a sequential plate: each iteration of its loop visits one element. */
function* iterateElements(name: string, size: number, options: PlateOptions): Generator<number> {
  const frame = makeFrame(name, size, null, options);
  const indices = readNumbers(frame.indices as Tensor, `the loop over plate "${name}"`);
  let isEmpty = true;
  let numVisited = 0;
  const listener: Handler = {
    process: everyType(() => {
      isEmpty = false;
    }),
  };
  const handlers: [Handler, Handler] = [listener, new OpenPlate(frame)];
  try {
    yield* loopInHandlers(indices, () => {
      numVisited++;
      return handlers;
    });
  } finally {
    // A loop that the program leaves at the first of several elements may leave it before any statement.
    if (isEmpty && !frame.isWhole && (numVisited === indices.length || numVisited > 1)) refuseEmptyLoop(frame);
  }
}

/** Refuse uses such as `[...plate(…)]`: the loop ends before the first statement runs, so no statement is in the plate or scaled. */
const refuseEmptyLoop = ({ name, size, subsampleSize }: PlateFrame): never =>
  refuse(
    name,
    "empty-plate",
    `the loop over its ${subsampleSize} of ${size} elements contains no statement, as with [...plate(…)], so statements after it are outside the plate. Write for (const i of plate(…)) { … } with the sample statements inside.`,
  );

/** Run `body` as one iteration of a sequential plate that an earlier run of the program opened. */
export const runInSequentialPlate = <T>(frame: PlateFrame, body: () => T): T => withHandler(new OpenPlate(frame), body);
