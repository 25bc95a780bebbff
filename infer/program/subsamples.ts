/**
 * One subsample for each run. Whatever runs a guide and then a model visits the same elements of a plate in both: `sharedPlates` draws
 * them once, by plate name. Indices that a program gives itself (`subsample: indices`) win, and are compared.
 */
import { PedigradError, random, type Tensor, take } from "../../autodiff/index.js";
import { type Handler, type Model, type PlateMessage, type SampleMessage, withHandler } from "./messages.js";

/** The elements that a plate visited when it was opened before. */
interface Visit {
  readonly size: number;
  readonly value: Tensor;
  readonly isGiven: boolean;
  readonly isWhole: boolean;
}

/** The subsample of every plate is drawn once, with a key of its own, for all programs that run below this handler; `keyOf` gives their root. */
export function sharedPlates(keyOf: () => Tensor): Handler {
  const visits = new Map<string, Visit>();
  let draws = 0;
  return {
    process: {
      plate(message) {
        const { size, subsampleSize } = message;
        const before = visits.get(message.name);
        if (before !== undefined) revisit(message, before);
        if (message.value === null && subsampleSize !== size)
          message.value = random.permutation(random.foldIn(keyOf(), draws++), size).slice(0, subsampleSize);
      },
    },
    postprocess: {
      plate({ name, size, value, isGiven, isWhole }) {
        if (!visits.has(name)) visits.set(name, { size, value: value as Tensor, isGiven, isWhole });
      },
    },
  };
}

/** Every plate is visited whole, whatever its subsampleSize; one whose indices the program gives only with `also: "given"`. */
export const wholePlates = (also: "given" | null = null): Handler => ({
  process: {
    plate(message) {
      if (message.isGiven ? also === null : message.value !== null) return;
      Object.assign(message, { subsampleSize: message.size, value: null, isGiven: false });
    },
  },
});

/** `f`, run with every plate visited whole. */
export const visitingAll =
  (f: Model): Model =>
  (...args) =>
    withHandler(wholePlates(), () => f(...args));

/** Plates that have a value among `values`, by name, visit the elements that it lists. */
export const platesFrom = (values: Readonly<Record<string, Tensor>>): Handler => ({
  process: {
    plate(message) {
      if (message.value !== null || !Object.hasOwn(values, message.name)) return;
      const value = values[message.name] as Tensor;
      Object.assign(message, { value, subsampleSize: value.length, isGiven: true });
    },
  },
});

/** A plate that opens visits the elements of `before`; other ones that the program gives it are refused. */
export function revisit(message: PlateMessage, before: Visit): void {
  const { name, size, subsampleSize, value, isGiven } = message;
  // Sizes that differ are refused where guide and model are compared.
  if (size !== before.size) return;
  if (isGiven) requireSameElements(name, before, value as Tensor);
  else if (!(before.isWhole && subsampleSize === size)) message.value ??= before.value;
}

function requireSameElements(name: string, before: Visit, given: Tensor): void {
  if (before.value === given) return;
  const [a, b] = [before.value.toFloat64Array(), given.toFloat64Array()];
  if (a.length === b.length && a.every((index, i) => index === b[i])) return;
  const others = before.isGiven ? "it is given other ones" : before.isWhole ? "it visits all" : "it draws its own";
  throw new PedigradError({
    code: "plate-subsample",
    site: name,
    param: "subsample",
    message: `plate "${name}" is given its elements here (subsample), but where it opened first in this step, in the guide or further up, ${others}. Give the same subsample in both places.`,
  });
}

/** A value for the whole of the subsampled plates around a site, reduced to the elements that they visit. */
export function visitedPart(value: Tensor, { fn, plates }: Pick<SampleMessage, "fn" | "plates">): Tensor {
  let part = value;
  for (const { dim, size, subsampleSize, indices, isWhole } of plates) {
    if (dim === null || indices === null || isWhole) continue;
    const axis = part.shape.length - fn.eventDim + dim;
    if (axis >= 0 && part.shape[axis] === size && size !== subsampleSize) part = take(part, indices, axis);
  }
  return part;
}
