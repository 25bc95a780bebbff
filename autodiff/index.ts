/** The public face of the engine. */
export * from "../provenance/index.js";
export { emptyRecord } from "../provenance/records.js";
export { apply } from "./apply.js";
export { hessian, hvp, jacobian, jvp } from "./derivatives.js";
export { diag, tril, triu } from "./diagonal.js";
export { einsum } from "./einsum.js";
export { type Binary, binary, type Ternary, ternary, type Unary, unary } from "./elementwise.js";
export { cholesky, inverse, logdet, triangularSolve } from "./factor.js";
export { grad, stopGradient, valueAndGrad, vjp } from "./grad.js";
export * from "./incomplete.js";
export { at, oneHot, scatterAdd, take, takeAlongAxis } from "./indexing.js";
export { type Jitted, jit } from "./jit/jit.js";
export { concatenate, stack } from "./join.js";
export { matmul } from "./linalg.js";
export { arange, eye, full, linspace, ones, zeros } from "./make.js";
export * from "./math.js";
export type { BatchRule, Op, Vjp } from "./op.js";
export { prod } from "./prod.js";
export * as random from "./random.js";
export {
  type Axes,
  argmax,
  argmin,
  cumsum,
  type KeepDims,
  logSoftmax,
  logsumexp,
  max,
  mean,
  min,
  softmax,
  sum,
} from "./reduce.js";
export {
  broadcastTo,
  expandDims,
  reshape,
  squeeze,
  transpose,
} from "./shape.js";
export type { Shape } from "./shapes.js";
export { flip, type SliceOptions, slice } from "./slicing.js";
export * from "./specialMath.js";
export { Tensor, tensor } from "./tensor.js";
export type { Nested, TensorLike } from "./tensorLike.js";
export { isContainer, leavesOf, mapTree, type TensorsLike, type Tree } from "./tree.js";
export type { View } from "./view.js";
export { type VmapOptions, vmap } from "./vmap.js";
