/**
 * The elementwise ops of math.ts as methods, receiver first: `a.mul(b)` is `mul(a, b)`. A base class of Tensor, so that
 * methods stand in a class body and survive tree-shaking.
 */
import type { TensorLike } from "./core/convert.js";
import type { Tensor } from "./core/tensor.js";
import * as math from "./ops/elementwise/math.js";

const self = (x: object) => x as Tensor;

export abstract class ElementwiseMethods {
  neg(): Tensor {
    return math.neg(self(this));
  }
  abs(): Tensor {
    return math.abs(self(this));
  }
  sign(): Tensor {
    return math.sign(self(this));
  }
  square(): Tensor {
    return math.square(self(this));
  }
  reciprocal(): Tensor {
    return math.reciprocal(self(this));
  }
  sqrt(): Tensor {
    return math.sqrt(self(this));
  }
  exp(): Tensor {
    return math.exp(self(this));
  }
  expm1(): Tensor {
    return math.expm1(self(this));
  }
  log(): Tensor {
    return math.log(self(this));
  }
  log1p(): Tensor {
    return math.log1p(self(this));
  }
  log1mexp(): Tensor {
    return math.log1mexp(self(this));
  }
  sin(): Tensor {
    return math.sin(self(this));
  }
  cos(): Tensor {
    return math.cos(self(this));
  }
  tan(): Tensor {
    return math.tan(self(this));
  }
  atan(): Tensor {
    return math.atan(self(this));
  }
  tanh(): Tensor {
    return math.tanh(self(this));
  }
  sigmoid(): Tensor {
    return math.sigmoid(self(this));
  }
  logSigmoid(): Tensor {
    return math.logSigmoid(self(this));
  }
  softplus(): Tensor {
    return math.softplus(self(this));
  }
  relu(): Tensor {
    return math.relu(self(this));
  }
  logicalNot(): Tensor {
    return math.logicalNot(self(this));
  }
  isFinite(): Tensor {
    return math.isFinite(self(this));
  }
  isNaN(): Tensor {
    return math.isNaN(self(this));
  }
  floor(): Tensor {
    return math.floor(self(this));
  }
  ceil(): Tensor {
    return math.ceil(self(this));
  }
  round(): Tensor {
    return math.round(self(this));
  }
  add(b: TensorLike): Tensor {
    return math.add(self(this), b);
  }
  sub(b: TensorLike): Tensor {
    return math.sub(self(this), b);
  }
  mul(b: TensorLike): Tensor {
    return math.mul(self(this), b);
  }
  div(b: TensorLike): Tensor {
    return math.div(self(this), b);
  }
  pow(b: TensorLike): Tensor {
    return math.pow(self(this), b);
  }
  xlogy(b: TensorLike): Tensor {
    return math.xlogy(self(this), b);
  }
  xlog1py(b: TensorLike): Tensor {
    return math.xlog1py(self(this), b);
  }
  logaddexp(b: TensorLike): Tensor {
    return math.logaddexp(self(this), b);
  }
  maximum(b: TensorLike): Tensor {
    return math.maximum(self(this), b);
  }
  minimum(b: TensorLike): Tensor {
    return math.minimum(self(this), b);
  }
  equal(b: TensorLike): Tensor {
    return math.equal(self(this), b);
  }
  notEqual(b: TensorLike): Tensor {
    return math.notEqual(self(this), b);
  }
  less(b: TensorLike): Tensor {
    return math.less(self(this), b);
  }
  lessEqual(b: TensorLike): Tensor {
    return math.lessEqual(self(this), b);
  }
  greater(b: TensorLike): Tensor {
    return math.greater(self(this), b);
  }
  greaterEqual(b: TensorLike): Tensor {
    return math.greaterEqual(self(this), b);
  }
  logicalAnd(b: TensorLike): Tensor {
    return math.logicalAnd(self(this), b);
  }
  logicalOr(b: TensorLike): Tensor {
    return math.logicalOr(self(this), b);
  }
  /** This tensor limited to [lo, hi]. */
  clip(lo: TensorLike, hi: TensorLike): Tensor {
    return math.clip(self(this), lo, hi);
  }
  /** `a` where this tensor is not 0, else `b`. */
  where(a: TensorLike, b: TensorLike): Tensor {
    return math.where(self(this), a, b);
  }
}
