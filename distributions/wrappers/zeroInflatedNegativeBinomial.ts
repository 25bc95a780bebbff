import type { TensorLike } from "../../autodiff/index.js";
import { missableProbability, positive, real } from "../constraints/index.js";
import type { Tensors } from "../core/family.js";
import type { Odds } from "../densities/odds.js";
import { NegativeBinomial } from "../families/counts/negativeBinomial.js";
import { zeroInflatedOf } from "./zeroInflated.js";

/**
 * ZeroInflatedNegativeBinomial: 0 with probability `gate` (or sigmoid(gateLogits)), else NegativeBinomial(totalCount, probs or logits).
 *
 * @example new ZeroInflatedNegativeBinomial({ gate: 0.3, totalCount: 3, probs: 0.4 }).mean.item() // 1.4
 */
export class ZeroInflatedNegativeBinomial extends /* @__PURE__ */ zeroInflatedOf<
  Tensors<"totalCount"> & Odds,
  [totalCount: TensorLike, probs: TensorLike]
>(NegativeBinomial, {
  name: "ZeroInflatedNegativeBinomial",
  constraints: { totalCount: positive, probs: missableProbability, logits: real },
  oneOf: ["probs", "logits"],
}) {}
