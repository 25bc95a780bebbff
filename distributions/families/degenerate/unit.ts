/** Unit: one event without any numbers in it, of log density logFactor. It is how `factor` adds to a model's log density. */
import type { Shape } from "../../../autodiff/core/shape.js";
import { broadcastTo, type Tensor, type TensorLike } from "../../../autodiff/index.js";
import { type Constraint, extendedReal, realVector } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Given, readParameters, type Signature } from "../../core/parameters.js";

type Params = { readonly logFactor: Tensor };
const UNIT: Signature<Params> = { name: "Unit", constraints: { logFactor: extendedReal } };

export class Unit extends Distribution<Params> {
  constructor(logFactor: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(UNIT, args));
  }

  override get support(): Constraint {
    return realVector;
  }
  override get eventShape(): Shape {
    return [0];
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(): Tensor {
    return this.params.logFactor;
  }
  override draw(_key: Tensor, shape: Shape): Tensor {
    return broadcastTo([], [...shape, 0]);
  }
}
