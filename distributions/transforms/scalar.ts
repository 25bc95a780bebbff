/** Transforms of single numbers, and Reshape. */
import { broadcastShapes, type Shape, sameShape, showShape } from "../../autodiff/core/shape.js";
import {
  abs,
  broadcastTo,
  exp,
  expm1,
  log,
  logSigmoid,
  pow,
  reshape,
  sigmoid,
  sign,
  softplus,
  type Tensor,
  type TensorLike,
  tensor,
  zeros,
} from "../../autodiff/index.js";
import { type Constraint, nonnegative, positive, real, unitInterval } from "../constraints/index.js";
import { refuseParameter } from "../core/parameters.js";
import { Transform } from "./transform.js";

/** A transform of single numbers without parameters; y increases with x, unless `direction` is null. */
interface ScalarRow {
  readonly forward: (x: Tensor) => Tensor;
  readonly inverse: (y: Tensor) => Tensor;
  /** log |dy/dx|. */
  readonly logSlope: (x: Tensor) => Tensor;
  readonly codomain: Constraint;
  readonly direction?: null;
}
class ScalarTransform extends Transform {
  readonly #row: ScalarRow;
  constructor(row: ScalarRow) {
    super();
    this.#row = row;
  }
  override get codomain(): Constraint {
    return this.#row.codomain;
  }
  override get direction(): 1 | null {
    return this.#row.direction === null ? null : 1;
  }
  override forward(x: Tensor): Tensor {
    return this.#row.forward(x);
  }
  override inverse(y: Tensor): Tensor {
    return this.#row.inverse(y);
  }
  override logAbsDetJacobian(x: Tensor): Tensor {
    return this.#row.logSlope(x);
  }
}
const scalar = (row: ScalarRow): (new () => ScalarTransform) =>
  class extends ScalarTransform {
    constructor() {
      super(row);
    }
  };

/**
 * y = x
 * @example new Identity().forward(tensor(3)).item() // 3
 */
export class Identity extends /* @__PURE__ */ scalar({
  forward: (x) => x,
  inverse: (y) => y,
  logSlope: (x) => zeros(x.shape),
  codomain: real,
}) {}

/**
 * y = loc + scale x
 * @example new Affine(1, 2).forward(tensor(3)).item() // 7
 */
export class Affine extends Transform {
  readonly loc: Tensor;
  readonly scale: Tensor;
  constructor(loc: TensorLike, scale: TensorLike) {
    super();
    this.loc = tensor(loc);
    this.scale = tensor(scale);
  }
  override forward(x: Tensor): Tensor {
    return x.mul(this.scale).add(this.loc);
  }
  override inverse(y: Tensor): Tensor {
    return y.sub(this.loc).div(this.scale);
  }
  override get direction(): Tensor {
    return sign(this.scale);
  }
  override logAbsDetJacobian(x: Tensor): Tensor {
    return broadcastTo(log(abs(this.scale)), this.forwardShape(x.shape));
  }
  override forwardShape(shape: Shape): Shape {
    return broadcastShapes("Affine", broadcastShapes("Affine", shape, this.loc.shape), this.scale.shape);
  }
}

/**
 * y = exp(x)
 * @example new Exp().forward(tensor(0)).item() // 1
 */
export class Exp extends /* @__PURE__ */ scalar({
  forward: exp,
  inverse: log,
  logSlope: (x) => x,
  codomain: positive,
}) {}

/**
 * y = 1 / (1 + exp(-x))
 * @example new Sigmoid().forward(tensor(0)).item() // 0.5
 */
export class Sigmoid extends /* @__PURE__ */ scalar({
  forward: sigmoid,
  inverse: (y) => log(y).sub(y.neg().log1p()),
  logSlope: (x) => logSigmoid(x).add(logSigmoid(x.neg())),
  codomain: unitInterval,
}) {}

/**
 * y = log(1 + exp(x))
 * @example new Softplus().forward(tensor(0)).item() // 0.6931
 */
export class Softplus extends /* @__PURE__ */ scalar({
  forward: softplus,
  inverse: (y) => y.add(log(expm1(y.neg()).neg())),
  logSlope: logSigmoid,
  codomain: positive,
}) {}

/**
 * y = x^exponent for x > 0
 * @example new Power(2).forward(tensor(3)).item() // 9
 */
export class Power extends Transform {
  readonly exponent: Tensor;
  constructor(exponent: TensorLike) {
    super();
    this.exponent = tensor(exponent);
  }
  override get domain(): Constraint {
    return positive;
  }
  override get codomain(): Constraint {
    return positive;
  }
  override forward(x: Tensor): Tensor {
    return pow(x, this.exponent);
  }
  override inverse(y: Tensor): Tensor {
    return pow(y, this.exponent.reciprocal());
  }
  override get direction(): Tensor {
    return sign(this.exponent);
  }
  override forwardShape(shape: Shape): Shape {
    return broadcastShapes("Power", shape, this.exponent.shape);
  }
  override logAbsDetJacobian(x: Tensor): Tensor {
    return log(abs(this.exponent)).add(this.exponent.sub(1).mul(log(x)));
  }
}

/**
 * y = |x|. Not a bijection: the inverse returns the x >= 0. `Folded` uses this transform.
 * @example new Abs().forward(tensor(-2)).item() // 2
 */
export class Abs extends /* @__PURE__ */ scalar({
  forward: abs,
  inverse: (y) => y,
  logSlope: (x) => zeros(x.shape),
  codomain: nonnegative,
  direction: null,
}) {}

/**
 * Events of shape `from` as events of shape `to`.
 * @example new Reshape([4], [2, 2]).forward(tensor([1, 2, 3, 4])) // [[1, 2], [3, 4]]
 */
export class Reshape extends Transform {
  constructor(
    readonly from: Shape,
    readonly to: Shape,
  ) {
    super();
  }
  override get domainEventDim(): number {
    return this.from.length;
  }
  override get codomainEventDim(): number {
    return this.to.length;
  }
  override forward(x: Tensor): Tensor {
    return reshape(x, this.forwardShape(x.shape));
  }
  override inverse(y: Tensor): Tensor {
    return reshape(y, this.inverseShape(y.shape));
  }
  override logAbsDetJacobian(x: Tensor): Tensor {
    return zeros(x.shape.slice(0, x.shape.length - this.from.length));
  }
  override forwardShape(shape: Shape): Shape {
    return reshaped(shape, this.from, this.to);
  }
  override inverseShape(shape: Shape): Shape {
    return reshaped(shape, this.to, this.from);
  }
}

/** `shape` with its last axes, which must be `from`, replaced by `to`. */
function reshaped(shape: Shape, from: Shape, to: Shape): Shape {
  const lead = shape.length - from.length;
  if (sameShape(shape.slice(lead), from)) return [...shape.slice(0, lead), ...to];
  return refuseParameter(
    "Reshape",
    "from",
    `the last axes must be ${showShape(from)}, got ${showShape(shape)}. Give new Reshape(from, to).`,
    "shape-mismatch",
  );
}
