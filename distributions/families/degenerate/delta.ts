/**
 * Delta: the point mass at v, weighted by exp(logDensity); the last `eventDim` axes of v are one event.
 *
 *     log p(x) = logDensity where x = v, else -Infinity.
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import { broadcastTo, equal, type Tensor, type TensorLike, where, zeros } from "../../../autodiff/index.js";
import { allOf } from "../../constraints/axes.js";
import { type Constraint, extendedReal, independent, nonnegativeInteger, real } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { firstNumber, type Given, readParameters, type Signature } from "../../core/parameters.js";

type Params = { readonly v: Tensor; readonly logDensity: Tensor; readonly eventDim: Tensor };
const DELTA: Signature<Params> = {
  name: "Delta",
  constraints: {
    v: ({ eventDim }) => independent(real, firstNumber(eventDim)),
    logDensity: extendedReal,
    eventDim: nonnegativeInteger,
  },
  defaults: { v: 0, logDensity: 0, eventDim: 0 },
};

export class Delta extends Distribution<Params> {
  constructor(v?: TensorLike, logDensity?: TensorLike, eventDim?: number);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(DELTA, args));
  }

  override get support(): Constraint {
    return this.argConstraints.v as Constraint;
  }
  override get eventShape(): Shape {
    return this.params.v.shape.slice(this.params.v.shape.length - this.support.eventDim);
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { v, logDensity } = this.params;
    return where(allOf(equal(value, v), this.support.eventDim), logDensity, -Infinity);
  }
  override draw(_key: Tensor, shape: Shape): Tensor {
    return broadcastTo(this.params.v, [...shape, ...this.eventShape]);
  }
  override get mean(): Tensor {
    return this.spread(this.params.v);
  }
  override get variance(): Tensor {
    return zeros(this.shape());
  }
}
