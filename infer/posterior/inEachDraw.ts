/** Runs a function once for each draw: for all draws as a batch (vmap), or one by one if the function reads a value of a draw. */
import { mapTree, PedigradError, type Tensor, vmap } from "../../autodiff/index.js";
import { stackTrees } from "../elbo/particles/severalParticles.js";

type Values = Record<string, Tensor>;

/** The results of `f` for each key and each entry of `samples`, stacked along a new first axis, with NaN where a draw has no result. */
export function inEachDraw(
  f: (key: Tensor, sample: Values) => Values,
  keys: Tensor,
  samples: Values = {},
  isBatch = true,
): Values {
  if (isBatch)
    try {
      return vmap(f)(keys, samples);
    } catch (error) {
      if (!(error instanceof PedigradError && error.code === "read-in-vmap")) throw error;
    }
  const sampleAt = (i: number): Values => mapTree(samples, (x) => (x as Tensor).at(i));
  const results = [...keys].map((key, i) => f(key, sampleAt(i)));
  return stackTrees(results, Number.NaN) as Values;
}
