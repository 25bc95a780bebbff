/**
 * Tensor's methods. Each does what the free function of the same name does with the tensor as the first argument: `a.mul(b)` is `mul(a,
 * b)`.
 *
 * Tensors have ops as methods, and ops are built on core. So core imports this file, and no other file from the folders built on core.
 * While modules load, some ops are not defined yet, so the table is read when the first tensor is made.
 */
import { PedigradError } from "../provenance/index.js";
import type { Tensor } from "./core/tensor.js";
import * as runningSums from "./ops/array/cumsum.js";
import * as diagonals from "./ops/array/diagonal.js";
import * as indexing from "./ops/array/indexing.js";
import * as product from "./ops/array/prod.js";
import * as reductions from "./ops/array/reduce.js";
import * as exponentials from "./ops/array/softmax.js";
import * as incomplete from "./ops/elementwise/incomplete.js";
import * as math from "./ops/elementwise/math.js";
import * as special from "./ops/elementwise/special.js";
import * as factors from "./ops/linalg/factor.js";
import * as products from "./ops/linalg/matmul.js";
import * as shapes from "./ops/views/shape.js";
import * as slicing from "./ops/views/slicing.js";
import * as gradients from "./transforms/grad.js";

// Functions from later folders that core uses, besides the methods.
export { stackFor } from "./ops/array/join.js";
export { pick } from "./ops/views/slicing.js";

const table = () => ({
  neg: math.neg,
  abs: math.abs,
  sign: math.sign,
  square: math.square,
  reciprocal: math.reciprocal,
  sqrt: math.sqrt,
  exp: math.exp,
  expm1: math.expm1,
  log: math.log,
  log1p: math.log1p,
  log1mexp: math.log1mexp,
  sin: math.sin,
  cos: math.cos,
  tan: math.tan,
  atan: math.atan,
  tanh: math.tanh,
  sigmoid: math.sigmoid,
  logSigmoid: math.logSigmoid,
  softplus: math.softplus,
  relu: math.relu,
  logicalNot: math.logicalNot,
  isFinite: math.isFinite,
  isNaN: math.isNaN,
  floor: math.floor,
  ceil: math.ceil,
  round: math.round,
  add: math.add,
  sub: math.sub,
  mul: math.mul,
  div: math.div,
  pow: math.pow,
  xlogy: math.xlogy,
  xlog1py: math.xlog1py,
  logaddexp: math.logaddexp,
  maximum: math.maximum,
  minimum: math.minimum,
  equal: math.equal,
  notEqual: math.notEqual,
  less: math.less,
  lessEqual: math.lessEqual,
  greater: math.greater,
  greaterEqual: math.greaterEqual,
  logicalAnd: math.logicalAnd,
  logicalOr: math.logicalOr,
  clip: math.clip,
  where: math.where,
  lgamma: special.lgamma,
  digamma: special.digamma,
  trigamma: special.trigamma,
  erf: special.erf,
  erfc: special.erfc,
  erfcx: special.erfcx,
  erfinv: special.erfinv,
  ndtr: special.ndtr,
  logNdtr: special.logNdtr,
  ndtri: special.ndtri,
  i0e: special.i0e,
  i1e: special.i1e,
  logI0: special.logI0,
  logBeta: special.logBeta,
  multigammaln: special.multigammaln,
  gammainc: incomplete.gammainc,
  gammaincc: incomplete.gammaincc,
  gammaincinv: incomplete.gammaincinv,
  betainc: incomplete.betainc,
  sum: reductions.sum,
  mean: reductions.mean,
  prod: product.prod,
  max: reductions.max,
  min: reductions.min,
  logsumexp: exponentials.logsumexp,
  argmax: reductions.argmax,
  argmin: reductions.argmin,
  cumsum: runningSums.cumsum,
  softmax: exponentials.softmax,
  logSoftmax: exponentials.logSoftmax,
  reshape: shapes.reshape,
  transpose: shapes.transpose,
  broadcastTo: shapes.broadcastTo,
  expandDims: shapes.expandDims,
  squeeze: shapes.squeeze,
  slice: slicing.slice,
  flip: slicing.flip,
  at: indexing.at,
  take: indexing.take,
  takeAlongAxis: indexing.takeAlongAxis,
  scatterAdd: indexing.scatterAdd,
  matmul: products.matmul,
  tril: diagonals.tril,
  triu: diagonals.triu,
  diag: diagonals.diag,
  cholesky: factors.cholesky,
  triangularSolve: factors.triangularSolve,
  inverse: factors.inverse,
  logdet: factors.logdet,
  oneHot: indexing.oneHot,
  stopGradient: gradients.stopGradient,
});

// The types come from the modules, not from the table: editors then show each function's comment at its method.
type Functions = typeof math &
  typeof special &
  typeof incomplete &
  typeof reductions &
  typeof product &
  typeof runningSums &
  typeof exponentials &
  typeof shapes &
  typeof slicing &
  typeof indexing &
  typeof diagonals &
  typeof products &
  typeof factors &
  typeof gradients;
type Rows = Pick<Functions, keyof ReturnType<typeof table>>;
// biome-ignore lint/suspicious/noExplicitAny: whatever a function takes beside the receiver
type Method<F> = F extends (x: any, ...rest: infer Rest) => unknown ? (...rest: Rest) => Tensor : never;
export type Methods = { readonly [Name in keyof Rows]: Method<Rows[Name]> };

/** Whether `addMethods` has run. */
export let haveMethods = false;

type Row = ((x: Tensor, ...rest: never[]) => Tensor) & { readonly method?: (this: Tensor, ...rest: never[]) => Tensor };

/** Defines the methods on Tensor's prototype. For an elementwise function, its field `method` becomes the method. */
export function addMethods(prototype: object): void {
  haveMethods = true;
  for (const [name, f] of Object.entries<Row>(table())) {
    const value =
      f.method ??
      function (this: Tensor, ...rest: never[]): Tensor {
        return f(this, ...rest);
      };
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
  }
  Object.setPrototypeOf(prototype, refusingElements(Object.getPrototypeOf(prototype)));
}

/** A prototype that refuses `x[0]`: the result would be undefined, and so `x[0] > 1` would be false without an error. */
function refusingElements(prototype: object): object {
  const refuseElement = (key: PropertyKey): void => {
    if (typeof key !== "string" || !/^-?\d+$/.test(key)) return;
    throw new PedigradError({
      code: "bad-index",
      op: "at",
      message: `x[${key}]: square brackets do not read the elements of a tensor. Write x.at(${key}) for a tensor, x.at(${key}).item() for its number.`,
    });
  };
  return new Proxy(Object.create(prototype) as object, {
    get(target, key, x) {
      refuseElement(key);
      return Reflect.get(target, key, x);
    },
    has(target, key) {
      refuseElement(key);
      return Reflect.has(target, key);
    },
    set(target, key, value, x) {
      refuseElement(key);
      return Reflect.set(target, key, value, x);
    },
  });
}
