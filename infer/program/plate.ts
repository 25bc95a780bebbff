/**
 * Plates: conditional independence, declared. `plate(name, size, body)` says that along one dim, negative and counted from
 * the right of the batch shape, the elements are independent given what is outside. Inside it, distributions are expanded to
 * its size; with `subsampleSize` only some elements are visited and the log densities are scaled up to stand for all.
 */
import type { Tensor } from "../../autodiff/index.js";
import { kinds, requireOptions, show } from "../checks.js";
import { everyType, type Handler, isPromise, type PlateFrame, pushHandler, withHandler } from "./messages.js";
import { checkSize, frameMessenger, freeDim, makeFrame, opened, type PlateOptions, refuse } from "./plateFrame.js";
import { refusePromise } from "./traceChecks.js";

export type { PlateOptions } from "./plateFrame.js";

/** `body` with the plate around it; it receives the indices of the elements that are visited. */
export function plate<T>(name: string, size: number, body: (indices: Tensor) => T): T;
export function plate<T>(name: string, size: number, options: PlateOptions, body: (indices: Tensor) => T): T;
/** A plate whose size is that of its first site. */
export function plate<T>(name: string, body: () => T): T;
/** A sequential plate: `for (const i of plate(name, size))`. */
export function plate(name: string, size: number, options?: { subsampleSize?: number }): Iterable<number>;
export function plate(name: string, ...rest: unknown[]): unknown {
  const body = rest.at(-1);
  checkArguments(name, rest);
  if (typeof body !== "function") return sequential(name, rest[0] as number, (rest[1] ?? {}) as PlateOptions);
  const size = rest.length === 1 ? null : checkSize(name, rest[0]);
  const options = ((rest.length === 3 ? rest[1] : undefined) ?? {}) as PlateOptions;
  const frame = makeFrame(name, size, freeDim(name, size, options.dim), options);
  const close = opened(frame);
  try {
    const result = withHandler(frameMessenger(frame), () => body(frame.indices));
    if (isPromise(result)) refusePromise(`the body of plate "${name}"`, result);
    return result;
  } finally {
    close();
  }
}

const BODY = { dim: kinds.any, subsampleSize: kinds.any, subsample: kinds.any };
const LOOP = { subsampleSize: kinds.any, subsample: kinds.any };

/** Refuse arguments in another order, and options that are none. */
function checkArguments(name: string, rest: readonly unknown[]): void {
  if (typeof name !== "string") refuse(show(name), "bad-option", "the first argument must be the plate's name.");
  const hasBody = typeof rest.at(-1) === "function";
  if (rest.length > (hasBody ? 3 : 2) || rest.slice(0, -1).some((x) => typeof x === "function"))
    refuse(name, "bad-option", `the order is plate("${name}", size, options, body), with the body last.`);
  const options = hasBody ? rest.slice(1, -1) : rest.slice(1);
  for (const given of options)
    if (given !== undefined) requireOptions(`plate "${name}"`, given, hasBody ? BODY : LOOP, name);
}

/** The plates of one loop: each turn of it is one element. */
function sequential(name: string, size: number, options: PlateOptions): Iterable<number> {
  return turns(name, checkSize(name, size), options);
}

function* turns(name: string, size: number, options: PlateOptions): Generator<number> {
  const frame = makeFrame(name, size, null, options);
  const indices = (frame.indices as Tensor).toFloat64Array();
  let isSilent = true;
  let taken = 0;
  const hearing: Handler = {
    process: everyType(() => {
      isSilent = false;
    }),
  };
  try {
    for (const index of indices) {
      const close = opened(frame);
      const pop = pushHandler(hearing);
      pushHandler(frameMessenger(frame));
      try {
        taken++;
        yield index;
      } finally {
        pop();
        close();
      }
    }
  } finally {
    if (isSilent && !frame.isWhole && (taken === indices.length || taken > 1)) refuseSpread(frame);
  }
}

/** A spread, a list or a destructuring takes all elements before the first statement, which then is in no plate and not scaled. */
const refuseSpread = ({ name, size, subsampleSize }: PlateFrame): never =>
  refuse(
    name,
    "empty-plate",
    `all ${subsampleSize} of its ${size} elements were taken without a statement in between, as [...plate(…)] does, so that what follows is not in the plate. Write for (const i of plate(…)) { … }, with the sample statements inside.`,
  );

/** `body` as one turn of a sequential plate that another run has met. */
export function turnOf<T>(frame: PlateFrame, body: () => T): T {
  const close = opened(frame);
  try {
    return withHandler(frameMessenger(frame), body);
  } finally {
    close();
  }
}
