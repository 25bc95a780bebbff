/** ZeroInflatedNegativeBinomial: 0 with probability `gate`, else NegativeBinomial(totalCount, probs or logits). */
import type { Tensor, TensorLike } from "../../autodiff/index.js";
import { missableProbability, positive, real, unitInterval } from "../constraints/index.js";
import { type Given, readParameters, type Signature } from "../core/parameters.js";
import { NegativeBinomial } from "../families/counts/negativeBinomial.js";
import { ZeroInflated } from "./zeroInflated.js";

type Params = { readonly gate: Tensor; readonly totalCount: Tensor; readonly probs: Tensor; readonly logits: Tensor };
const ZERO_INFLATED_NEGATIVE_BINOMIAL: Signature<Params> = {
  name: "ZeroInflatedNegativeBinomial",
  constraints: { gate: unitInterval, totalCount: positive, probs: missableProbability, logits: real },
  oneOf: ["probs", "logits"],
};

/**
 * @example new ZeroInflatedNegativeBinomial({ gate: 0.3, totalCount: 3, probs: 0.4 }).mean.item() // 1.4
 */
export class ZeroInflatedNegativeBinomial extends ZeroInflated<Params> {
  constructor(gate: TensorLike, totalCount: TensorLike, probs: TensorLike);
  constructor(...args: [...positional: TensorLike[], named: Given<Params>]);
  constructor(...args: unknown[]) {
    const parts = readParameters(ZERO_INFLATED_NEGATIVE_BINOMIAL, args);
    const { totalCount, probs, logits } = parts.params;
    super(new NegativeBinomial(probs === undefined ? { totalCount, logits } : { totalCount, probs }), {}, parts);
  }
}
