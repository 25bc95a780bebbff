/** The exports of autodiff. */

export { emptyRecord } from "../provenance/base/records.js";
export * from "../provenance/index.js";
export { apply } from "./core/apply.js";
export type { Nested, TensorLike } from "./core/convert.js";
export { type AxisRule, type BatchRule, keepAxes, type Op, type Vjp } from "./core/op.js";
export type { Shape } from "./core/shape.js";
export { Tensor, tensor } from "./core/tensor.js";
export type { View } from "./core/view.js";
export { cumsum } from "./ops/array/cumsum.js";
export { diag, tril, triu } from "./ops/array/diagonal.js";
export { at, oneHot, scatterAdd, take, takeAlongAxis } from "./ops/array/indexing.js";
export { concatenate, stack } from "./ops/array/join.js";
export { arange, eye, full, linspace, ones, zeros } from "./ops/array/make.js";
export { prod } from "./ops/array/prod.js";
export {
  type Axes,
  argmax,
  argmin,
  type KeepDims,
  max,
  mean,
  min,
  sum,
} from "./ops/array/reduce.js";
export { logSoftmax, logsumexp, softmax } from "./ops/array/softmax.js";
export { type Binary, binary, type Ternary, ternary, type Unary, unary } from "./ops/elementwise/elementwise.js";
export * from "./ops/elementwise/incomplete.js";
export * from "./ops/elementwise/math.js";
export * from "./ops/elementwise/special.js";
export { einsum } from "./ops/linalg/einsum.js";
export { cholesky, inverse, logdet, triangularSolve } from "./ops/linalg/factor.js";
export { matmul } from "./ops/linalg/matmul.js";
export * as random from "./ops/random/random.js";
export {
  broadcastTo,
  expandDims,
  reshape,
  squeeze,
  transpose,
} from "./ops/views/shape.js";
export { flip, type SliceOptions, slice } from "./ops/views/slicing.js";
export { hessian, hvp, jacobian, jvp } from "./transforms/derivatives.js";
export { grad, stopGradient, valueAndGrad, vjp } from "./transforms/grad.js";
export { type Jitted, jit } from "./transforms/jit/jit.js";
export { type ScanOptions, scan } from "./transforms/scan/scan.js";
export { isContainer, leavesOf, mapTree, type TensorsLike, type Tree } from "./transforms/tree.js";
export { type VmapOptions, vmap } from "./transforms/vmap.js";
