import type { TensorLike } from "../../autodiff/index.js";
import { positive } from "../constraints/index.js";
import type { Tensors } from "../core/family.js";
import { Poisson } from "../families/counts/poisson.js";
import { zeroInflatedOf } from "./zeroInflated.js";

/**
 * ZeroInflatedPoisson: 0 with probability `gate` (or sigmoid(gateLogits)), else Poisson(rate).
 *
 * @example new ZeroInflatedPoisson(0.3, 2).mean.item() // 1.4
 */
export class ZeroInflatedPoisson extends /* @__PURE__ */ zeroInflatedOf<Tensors<"rate">, [rate: TensorLike]>(Poisson, {
  name: "ZeroInflatedPoisson",
  constraints: { rate: positive },
}) {}
