/**
 * In a compiled call, tensors take the place of typed arrays and ndarrays among the arguments. A program that runs both eagerly and compiled
 * may be written for the arrays: `x[0] === 1`, `for (const y of x) if (y) …`, `x.map(…)`. With a tensor, such code would take a wrong branch.
 * So while such a program is recorded, everything that gives single elements of an array is refused as a read.
 */
import { recorder } from "../../core/recorder.js";
import { Tensor } from "../../core/tensor.js";

let isForArrays = false;

/** Run `body`, a program that is written for typed arrays. */
export function forArrays<T>(body: () => T): T {
  const outer = isForArrays;
  isForArrays = true;
  try {
    return body();
  } finally {
    isForArrays = outer;
  }
}

const OF_NDARRAYS = /^(get|set|index|pick|lo|hi|step|order|dtype|offset|stride)$/;
const isElementwise = (key: PropertyKey): boolean =>
  key === "at" ||
  key === Symbol.iterator ||
  (typeof key === "string" &&
    (/^\d+$/.test(key) || ((key in Float64Array.prototype || OF_NDARRAYS.test(key)) && !(key in Tensor.prototype))));

/** The prototype of tensors that stand for arrays. */
let prototype: object | null = null;
const makePrototype = (): object =>
  new Proxy(Object.create(Tensor.prototype) as object, {
    get(target, key, x) {
      if (!isForArrays || recorder === null) return Reflect.get(target, key, x);
      if (isElementwise(key)) recorder.read(x, `x[${typeof key === "string" ? key : "…"}]`);
      const value = Reflect.get(target, key, x);
      // A slice of an array is an array too.
      return key === "slice" ? (...bounds: never[]) => asTypedInput(value.apply(x, bounds)) : value;
    },
  });

/** The input `x`, which stands for a typed array or an ndarray. */
export function asTypedInput(x: Tensor): Tensor {
  prototype ??= makePrototype();
  return Object.setPrototypeOf(x, prototype);
}
