/** The product of elements, with derivatives of every order that are exact where factors are 0. */
import { sizeOf } from "../../core/shape.js";
import type { Tensor } from "../../core/tensor.js";
import { prodOf } from "../../kernels/reduce.js";
import { mul, mulZeroWins } from "../elementwise/math.js";
import { axesToEnd, reshape, transpose, transposeBack } from "../views/shape.js";
import { slice } from "../views/slicing.js";
import { concatenate } from "./join.js";
import { ones } from "./make.js";
import { foldAllWith, reduction, restoreAxes } from "./reduce.js";

/** The product; 1 for an empty axis. */
export const prod = reduction("prod", foldAllWith(prodOf), (g, _, [input], params) => {
  const x = input as Tensor;
  const order = axesToEnd(x, params.axes);
  const reducedLast = transpose(x, order);
  const keptShape = reducedLast.shape.slice(0, order.length - params.axes.length);
  const rows = reshape(reducedLast, [...keptShape, sizeOf(reducedLast.shape.slice(keptShape.length))]);
  const others = transposeBack(reshape(otherFactors(rows), reducedLast.shape), order);
  return mulZeroWins(restoreAxes(g, x, params), others);
});

/**
 * For each of the n elements along the last axis, the product of the others, without division. Elements i and i + n/2 form a pair. Let o be
 * the product of all other pairs; then the results for the two elements are o·x[i + n/2] and o·x[i].
 */
function otherFactors(x: Tensor): Tensor {
  const n = x.shape.at(-1) as number;
  if (n < 2) return ones(x.shape);
  const half = Math.ceil(n / 2);
  const left = slice(x, 0, half, { axis: -1 });
  const part = slice(x, half, n, { axis: -1 });
  const right = n % 2 === 0 ? part : concatenate([part, ones([...x.shape.slice(0, -1), 1])], -1);
  const pairs = otherFactors(mul(left, right));
  return concatenate([mul(pairs, right), slice(mul(pairs, left), 0, n - half, { axis: -1 })], -1);
}
