/** Small networks for `module`: records of a parameter initialiser and a function. */
import { matmul, random, type Tensor, tanh } from "../autodiff/index.js";
import type { Net } from "./primitives.js";

export interface LinearParams {
  /** [inputs, outputs] */
  weight: Tensor;
  /** [outputs] */
  bias: Tensor;
}

/** x [..., inputs] -> x·weight + bias [..., outputs]; weights start normal with standard deviation 1/√inputs, biases at 0. */
export const linear = (inputs: number, outputs: number): Net<LinearParams> => ({
  init: (key) => ({
    weight: random.normal(key, [inputs, outputs]).div(Math.sqrt(inputs)),
    bias: random.normal(key, [outputs]).mul(0),
  }),
  apply: ({ weight, bias }, x) => matmul(x as Tensor, weight).add(bias),
});

/** Linear layers of the given sizes with an activation between them: `mlp([2, 16, 1])`. */
export function mlp(sizes: readonly number[], activation: (x: Tensor) => Tensor = tanh): Net<LinearParams[]> {
  const layers = sizes.slice(1).map((size, i) => linear(sizes[i] as number, size));
  return {
    init: (key) => layers.map((layer, i) => layer.init(random.foldIn(key, i))),
    apply: (params, x) =>
      layers.reduce((h, layer, i) => {
        const y = layer.apply(params[i] as LinearParams, h);
        return i === layers.length - 1 ? y : activation(y);
      }, x as Tensor),
  };
}
