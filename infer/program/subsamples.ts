/**
 * The choice of the elements that a plate visits: all elements, the elements that the program gives (`subsample: indices`),
 * or a random subsample. The model visits the same elements as the guide: `sharedPlatesHandler` draws one subsample for
 * each plate name, and uses it in both. Indices that a program gives take precedence over a random subsample. If guide
 * and model both give indices, the indices must be equal.
 */
import { arange, type ErrorCode, type Tensor, type TensorLike, take, tensor } from "../../autodiff/index.js";
import { fillSubsample } from "../../autodiff/kernels/random/index.js";
import { draw, drawOp } from "../../autodiff/ops/random/draw.js";
import * as random from "../../autodiff/ops/random/random.js";
import { requireThat, validation } from "../../distributions/core/validation.js";
import { constraints } from "../../distributions/index.js";
import { refuseSite } from "../checks.js";
import {
  type Handler,
  type Model,
  type PlateFrame,
  type PlateMessage,
  requestKey,
  type SampleMessage,
  send,
  withHandler,
} from "./messages.js";
import { reportAsSite } from "./traceChecks.js";

export interface PlateOptions {
  /** The dim of the plate; by default the first one, from -1 to the left, that no plate around this one uses. */
  dim?: number | undefined;
  /** How many elements to visit, drawn anew in each step; all by default. */
  subsampleSize?: number | undefined;
  /** The elements to visit, instead of a random subsample. */
  subsample?: TensorLike | undefined;
}

export const refuse = (name: string, code: ErrorCode, message: string): never =>
  refuseSite(code, name, `plate "${name}": ${message}`, { param: name });

/** Send the message of a plate to the handlers, which may rename the plate or choose its indices, and return the frame. */
export function sendPlate(
  name: string,
  size: number,
  subsampleSize: number,
  dim: number | null,
  subsample: Tensor | null,
): PlateFrame {
  const message = send<PlateMessage>(
    { type: "plate", name, size, subsampleSize, dim, value: subsample, isGiven: subsample !== null, isWhole: false },
    (m) => {
      m.isWhole = m.value === null && m.subsampleSize === size;
      m.value ??= m.isWhole ? arange(size) : drawSubsample(m);
    },
  );
  const actual = message.isWhole ? size : (message.value as Tensor).length;
  if (actual !== message.subsampleSize)
    refuse(
      message.name,
      "plate-size",
      `visits ${message.subsampleSize} of ${size} elements here, but ${actual} where it was first opened in this step (in the guide, or earlier in this program). Give both the same size and subsampleSize.`,
    );
  const { name: scopedName, value: indices, isWhole, isGiven, areValuesVisited } = message;
  const frame = { name: scopedName, size, subsampleSize: actual, dim, indices, isWhole, isGiven, areValuesVisited };
  return actual === subsampleSize ? frame : { ...frame, programSize: subsampleSize };
}

function drawSubsample({ name, size, subsampleSize }: PlateMessage): Tensor {
  const key = requestKey(name);
  if (key === null)
    return refuse(
      name,
      "no-key",
      "a subsample needs a random key. Run the model under seed(model, key), or give { subsample }.",
    );
  return subsampleOf(key, size, subsampleSize);
}

const subsampleOp = /* @__PURE__ */ drawOp("subsample", fillSubsample);
/** Some of the indices 0 … size - 1, in random order. */
const subsampleOf = (key: Tensor, size: number, subsampleSize: number): Tensor =>
  draw(subsampleOp, key, [size], [subsampleSize]);

/** The indices that the program gives (`subsample`), after checks. */
export function checkSubsample(name: string, size: number, { subsample, subsampleSize }: PlateOptions): Tensor {
  const indices = tensor(subsample as TensorLike);
  if (indices.shape.length !== 1)
    refuse(name, "bad-option", `subsample must be a vector of indices, got shape [${indices.shape}].`);
  if (subsampleSize !== undefined && subsampleSize !== indices.length)
    refuse(
      name,
      "bad-option",
      `subsample has ${indices.length} indices, but subsampleSize is ${subsampleSize}. Leave subsampleSize out.`,
    );
  const inRange = constraints.integerInterval(0, size - 1);
  const check = () => requireThat(indices, inRange, { family: "subsample", what: "every index" });
  if (validation) reportAsSite(name, check, "plate");
  return indices;
}

/** Let a plate that is being opened visit the elements with these indices. */
export function chooseElements(message: PlateMessage, indices: Tensor): void {
  const { name, size } = message;
  const value = checkSubsample(name, size, { subsample: indices });
  if (value.length > size || value.length < Math.min(1, size))
    refuse(name, "plate-size", `is given ${value.length} indices, but has ${size} elements.`);
  Object.assign(message, { value, subsampleSize: value.length, isGiven: true });
}

/** Set the size of a plate that was declared without a size to the size of its first site. */
export function setSize(frame: PlateFrame, { fn, value, name }: SampleMessage): void {
  const lead = value === null ? [] : value.shape.slice(0, value.shape.length - fn.eventDim);
  const sizes = [fn.batchShape, lead].flatMap((shape) => shape.at(frame.dim as number) ?? []);
  if (sizes.length === 0)
    refuseSite(
      "no-plate-size",
      name,
      `plate "${frame.name}" has no size, and its first site "${name}" has no dim ${frame.dim} to take it from. Give the plate a size: plate("${frame.name}", size, body).`,
    );
  const size = Math.max(...sizes);
  Object.assign(frame, sendPlate(frame.name, size, size, frame.dim, null));
}

/** The weight of one visited element: size / subsampleSize, or 1 if the plate visits all elements (even if there are none). */
export const subsamplingScale = ({ size, subsampleSize }: PlateFrame): number =>
  size === subsampleSize ? 1 : (size as number) / (subsampleSize as number);

/** The elements that a plate visited when it was first opened. */
type PlateVisit = Pick<PlateMessage, "size" | "value" | "isGiven" | "isWhole">;

/**
 * A handler that gives a plate the same elements whenever it is opened, in all programs that run inside the handler. When a plate is first
 * opened, the handler draws its subsample with a key derived from `keyOf()`. If `keyOf` is null, the plate draws its subsample itself, with
 * a key that it requests.
 */
export function sharedPlatesHandler(keyOf: (() => Tensor) | null): Handler {
  const visits = new Map<string, PlateVisit>();
  let draws = 0;
  return {
    process: {
      plate(message) {
        const { size, subsampleSize } = message;
        const firstVisit = visits.get(message.name);
        if (firstVisit !== undefined) reuseVisit(message, firstVisit);
        if (keyOf !== null && message.value === null && subsampleSize !== size)
          message.value = subsampleOf(random.foldIn(keyOf(), draws++), size, subsampleSize);
      },
    },
    postprocess: {
      plate(message) {
        if (!visits.has(message.name)) visits.set(message.name, message);
      },
    },
  };
}

/**
 * A handler that makes every plate visit all elements, whatever its subsampleSize. Plates whose indices the program gives
 * change only if `also` is "given".
 */
export const wholePlatesHandler = (also: "given" | null = null): Handler => ({
  process: {
    plate(message) {
      if (message.isGiven ? also === null : message.value !== null) return;
      Object.assign(message, { subsampleSize: message.size, value: null, isGiven: false });
    },
  },
});

/** The program `f` with all elements of every plate visited. */
export function withWholePlates(f: Model): Model {
  return (...args) => withHandler(wholePlatesHandler(), () => f(...args));
}

/**
 * A handler that gives plates the indices in `values`, by the plate's name. The values of sites in these plates are in the order of the
 * indices. A program that gives a plate other indices is refused. Under `vmap`, `values` is one draw, whose numbers cannot be read, and
 * `draws` has the indices of all draws.
 */
export const givenPlatesHandler = (
  values: Readonly<Record<string, Tensor>>,
  draws: Readonly<Record<string, Tensor>> = {},
): Handler => ({
  process: {
    plate(message) {
      const { name, value: indices } = message;
      if (!Object.hasOwn(values, name)) return;
      message.areValuesVisited = true;
      const value = values[name] as Tensor;
      if (indices === null) chooseElements(message, value);
      else if (message.isGiven)
        requireSameElements(name, indices, draws[name] ?? value, "the values of its sites belong to other elements");
    },
  },
});

/** A handler for values from another run, which have one element for each visited element (`areValuesVisited`). */
export const visitedValuesHandler: Handler = {
  process: {
    plate(message) {
      message.areValuesVisited = true;
    },
  },
};

/**
 * Let a plate that is being opened visit the same elements as in its first visit. Refuse the plate if the program gives it
 * different elements.
 */
export function reuseVisit(message: PlateMessage, firstVisit: PlateVisit): void {
  const { name, size, subsampleSize, value, isGiven } = message;
  // Different sizes are refused later, where guide and model are compared.
  if (size !== firstVisit.size) return;
  if (isGiven && value !== firstVisit.value)
    requireSameElements(
      name,
      value as Tensor,
      firstVisit.value as Tensor,
      `when it was first opened in this step (in the guide, or earlier in this program), it ${firstVisit.isGiven ? "was given different" : firstVisit.isWhole ? "visited all" : "drew its own"} elements`,
    );
  // A plate that visits all elements both times stays without indices here, so that `sendPlate` marks it as whole.
  else if (!(firstVisit.isWhole && subsampleSize === size)) message.value ??= firstVisit.value;
}

/** Refuse indices of the program that differ from `expected`, which may have a row for each draw. */
function requireSameElements(name: string, indices: Tensor, expected: Tensor, why: string): void {
  const [a, b] = [indices.toFloat64Array(), expected.toFloat64Array()];
  if (expected.shape.at(-1) === a.length && b.every((index, i) => index === a[i % a.length])) return;
  refuseSite(
    "plate-subsample",
    name,
    `plate "${name}" is given its elements here (subsample), but ${why}. Give the same subsample in both places.`,
    { param: "subsample" },
  );
}

/**
 * The elements of `x` that the plate visits, if `x` has one for each element of the plate; else `x`. The last `eventDim` axes of `x` make
 * up one element.
 */
export function takeVisited(x: Tensor, eventDim: number, { dim, indices, size, isWhole }: PlateFrame): Tensor {
  if (dim === null || indices === null || isWhole) return x;
  const axis = x.shape.length - eventDim + dim;
  return x.shape[axis] === size ? take(x, indices, axis) : x;
}
