/** Small networks for `module`: each is a record with the functions `init` and `apply`. */
import { matmul, type Tensor, tanh, tensor } from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import * as kinds from "../../provenance/base/kinds.js";
import { requireKind } from "../checks.js";
import type { Net } from "./module.js";

export interface LinearParams {
  /** [inputs, outputs] */
  weight: Tensor;
  /** [outputs] */
  bias: Tensor;
}

/**
 * A linear layer, x [..., inputs] -> x·weight + bias [..., outputs]. Initial weights are normal with standard deviation
 * 1/√inputs, and biases are 0.
 */
export const linear = (inputs: number, outputs: number): Net<LinearParams> => ({
  init: (key) => ({
    weight: random.normal(key, [inputs, outputs]).div(Math.sqrt(inputs)),
    bias: random.normal(key, [outputs]).mul(0),
  }),
  apply: ({ weight, bias }, x) => matmul(x, weight).add(bias),
});

/** A multilayer perceptron: linear layers of the given sizes with an activation between them, such as `mlp([2, 16, 1])`. */
export function mlp(sizes: readonly number[], activation: (x: Tensor) => Tensor = tanh): Net<LinearParams[]> {
  requireKind("nn.mlp", "the first argument", sizes, kinds.numbers);
  return layered(sizes, activation);
}

/** Linear layers of the given sizes, with an activation between them. If there are `masks`, the weights of each layer are multiplied by its mask. */
function layered(
  sizes: readonly number[],
  activation: (x: Tensor) => Tensor,
  masks?: readonly Tensor[],
): Net<LinearParams[]> {
  requireKind("nn", "activation", activation, kinds.function);
  const layers = sizes.slice(1).map((size, i) => linear(sizes[i] as number, size));
  return {
    init: (key) => layers.map((layer, i) => layer.init(random.foldIn(key, i))),
    apply: (params, x) =>
      layers.reduce((h, layer, i) => {
        const { weight, bias } = params[i] as LinearParams;
        const y = layer.apply({ weight: masks ? weight.mul(masks[i] as Tensor) : weight, bias }, h);
        return i === layers.length - 1 ? y : activation(y);
      }, x),
  };
}

/**
 * An autoregressive network (MADE, Germain et al. 2015): x [..., dim] -> [mean, logScale], each of shape [..., dim].
 * Entry i of an output depends on all entries of x before i and on no others. Every hidden layer needs at least dim - 1 units for this;
 * fewer are refused. Initial outputs are close to 0.
 */
export function autoregressive(
  dim: number,
  hiddenDims: readonly number[] = [dim, dim],
  activation: (x: Tensor) => Tensor = tanh,
): Net<LinearParams[], readonly [mean: Tensor, logScale: Tensor]> {
  requireKind("nn.autoregressive", "the first argument", dim, kinds.size);
  const least = Math.min(dim, Math.max(1, dim - 1));
  requireKind("nn.autoregressive", "hiddenDims", hiddenDims, [
    (x) => kinds.numbers[0](x) && (x as number[]).every((size) => size >= least),
    `an array of sizes of at least ${least}: fewer units lose dependencies`,
  ]);
  // A unit of degree d depends only on the first d entries. The hidden units have the degrees 1, 2, … in turn.
  const degrees = [
    Array.from({ length: dim }, (_, i) => i + 1),
    ...hiddenDims.map((size) => Array.from({ length: size }, (_, j) => 1 + (j % Math.max(1, least)))),
  ];
  const last = degrees.at(-1) as number[];
  const outputs = Array.from({ length: 2 * dim }, (_, i) => i % dim);
  const masks = [...degrees.slice(1).map((to, layer) => maskOf(degrees[layer] as number[], to)), maskOf(last, outputs)];
  const { init, apply } = layered([dim, ...hiddenDims, 2 * dim], activation, masks);
  return {
    init: (key) =>
      init(key).map(({ weight, bias }, i) => ({ weight: i === hiddenDims.length ? weight.mul(0.01) : weight, bias })),
    apply: (params, x) => {
      const y = apply(params, x);
      return [y.slice(0, dim, { axis: -1 }), y.slice(dim, undefined, { axis: -1 })];
    },
  };
}

/** The mask of a layer's weights: 1 where the degree of the input unit is at most the degree of the output unit, else 0. */
const maskOf = (from: readonly number[], to: readonly number[]): Tensor =>
  tensor(from.map((d) => to.map((e) => (d <= e ? 1 : 0))));
