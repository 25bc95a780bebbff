/**
 * The model and the guide of a compiled step may be written for typed arrays and ndarrays: `x[0] === 1`, `x instanceof Float64Array`, `x.map(…)`.
 * With a tensor in place of the array, such code would take a wrong branch. So while a step is recorded, it gets a stand-in: a proxy of the
 * array, which ops take for the tensor, and from which the program can get its class, shape and slices. All else is refused as a read.
 */
import { refuse } from "../../../provenance/base/error.js";
import { standIns } from "../../core/convert.js";
import { recorder } from "../../core/recorder.js";
import { Tensor } from "../../core/tensor.js";

const KNOWN = /^(length|shape|size|dimension|constructor)$/;

/** What a compiled step gets for the input `x` in place of `original`: a stand-in for an array, else the tensor itself. */
export function arrayInput(x: Tensor, original: unknown): unknown {
  if (original instanceof Tensor) return x;
  const array = original as Float64Array;
  const refuseRead = (key: PropertyKey): never => {
    const op = `x[${String(key)}]`;
    recorder?.read(x, op);
    refuse("read-in-jit", op, "after a compiled step, its arguments have no numbers.");
  };
  const standIn = new Proxy(array, {
    get(_, key) {
      if (!(key in array) || KNOWN.test(String(key))) return Reflect.get(array, key);
      if (key !== "slice") return refuseRead(key);
      return (start = 0, ...end: [number?]) => arrayInput(x.slice(start, ...end), array.slice(start, ...end));
    },
    getOwnPropertyDescriptor: (_, key) => refuseRead(key),
    set: (_, key) => refuseRead(key),
  });
  standIns.set(standIn, x);
  return standIn;
}
