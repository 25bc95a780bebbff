/** ZeroInflatedNegativeBinomial: 0 with probability `gate`, else NegativeBinomial(totalCount, probs or logits). */
import type { TensorLike } from "../../autodiff/index.js";
import { missableProbability, positive, real, unitInterval } from "../constraints/index.js";
import type { Tensors } from "../core/family.js";
import { type Given, readParameters, type Signature } from "../core/parameters.js";
import type { Odds } from "../densities/odds.js";
import { NegativeBinomial } from "../families/counts/negativeBinomial.js";
import { type GateParams, ZeroInflated } from "./zeroInflated.js";

type Params = GateParams & Odds & Tensors<"totalCount">;
const ZERO_INFLATED_NEGATIVE_BINOMIAL: Signature<Params> = {
  name: "ZeroInflatedNegativeBinomial",
  constraints: { gate: unitInterval, totalCount: positive, probs: missableProbability, logits: real, gateLogits: real },
  oneOf: ["probs", "logits"],
  andOneOf: ["gate", "gateLogits"],
};

/**
 * @example new ZeroInflatedNegativeBinomial({ gate: 0.3, totalCount: 3, probs: 0.4 }).mean.item() // 1.4
 */
export class ZeroInflatedNegativeBinomial extends ZeroInflated<Params> {
  constructor(gate: TensorLike, totalCount: TensorLike, probs: TensorLike);
  constructor(...args: [...positional: TensorLike[], named: Given<Params>]);
  constructor(...args: unknown[]) {
    const parts = readParameters(ZERO_INFLATED_NEGATIVE_BINOMIAL, args);
    const { gate, gateLogits, ...base } = parts.params;
    super(new NegativeBinomial(base), {}, parts);
  }
}
