/**
 * In a compiled call, tensors take the place of typed arrays and ndarrays among the arguments. A program that runs both eagerly and compiled
 * may be written for the arrays: `x[0] === 1`, `for (const y of x) if (y) …`, `x.map(…)`. With a tensor, such code would take a wrong branch.
 * So while such a program is recorded, everything that gives single elements of an array is refused as a read.
 */
import { recorder } from "../../core/recorder.js";
import { Tensor, tensor } from "../../core/tensor.js";
import { mapTree } from "../tree.js";

const OF_NDARRAYS = /^(get|set|index|pick|lo|hi|step|order|dtype|offset|stride)$/;
const isElementwise = (key: PropertyKey): boolean =>
  key === "at" ||
  key === Symbol.iterator ||
  (typeof key === "string" &&
    (/^\d+$/.test(key) || ((key in Float64Array.prototype || OF_NDARRAYS.test(key)) && !(key in Tensor.prototype))));

/** The prototypes of tensors that stand for arrays, and of those whose elements are refused. They are made when they are first needed. */
let typed: object | null = null;
let guarded: object | null = null;
const guardedPrototype = (): object =>
  new Proxy(Object.create(Tensor.prototype) as object, {
    get(target, key, x) {
      if (recorder === null) return Reflect.get(target, key, x);
      if (isElementwise(key)) recorder.read(x, `x[${typeof key === "string" ? key : "…"}]`);
      const value = Reflect.get(target, key, x);
      // A slice of an array is an array too.
      return key === "slice" ? (...bounds: never[]) => guard(value.apply(x, bounds)) : value;
    },
  });

function guard(x: Tensor): Tensor {
  guarded ??= guardedPrototype();
  return Object.setPrototypeOf(x, guarded);
}

/** The input `x`, which stands for a typed array or an ndarray. */
export function asTypedInput(x: Tensor): Tensor {
  typed ??= Object.create(Tensor.prototype) as object;
  return Object.setPrototypeOf(x, typed);
}

/** `args` for a program that is written for typed arrays: the tensors that stand for arrays are replaced by tensors that guard their elements. */
export const forArrays = <T>(args: T): T =>
  mapTree(args, (x) => (x instanceof Tensor && Object.getPrototypeOf(x) === typed ? guard(tensor(x)) : x));
