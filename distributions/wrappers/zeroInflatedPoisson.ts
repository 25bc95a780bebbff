/** ZeroInflatedPoisson: 0 with probability `gate`, else Poisson(rate). */
import type { Tensor, TensorLike } from "../../autodiff/index.js";
import { positive, real, unitInterval } from "../constraints/index.js";
import { type Given, readParameters, type Signature } from "../core/parameters.js";
import { Poisson } from "../families/counts/poisson.js";
import { ZeroInflated } from "./zeroInflated.js";

type Params = { readonly gate: Tensor; readonly rate: Tensor; readonly gateLogits: Tensor };
const ZERO_INFLATED_POISSON: Signature<Params> = {
  name: "ZeroInflatedPoisson",
  constraints: { gate: unitInterval, rate: positive, gateLogits: real },
  oneOf: ["gate", "gateLogits"],
};

/**
 * @example new ZeroInflatedPoisson(0.3, 2).mean.item() // 1.4
 */
export class ZeroInflatedPoisson extends ZeroInflated<Params> {
  constructor(gate: TensorLike, rate: TensorLike);
  constructor(...args: [...positional: TensorLike[], named: Given<Params>]);
  constructor(...args: unknown[]) {
    const parts = readParameters(ZERO_INFLATED_POISSON, args);
    super(new Poisson(parts.params.rate), {}, parts);
  }
}
