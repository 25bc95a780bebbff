/** The options by which a sample statement says how its gradient is taken. */
import { PedigradError, type Tensor, type TensorLike } from "../../autodiff/index.js";
import { requireOptions } from "../checks.js";

/** How the variance of a score-function site is reduced. The baseline may not depend on the site itself. */
export interface BaselineOptions {
  /** Subtract a decaying average of past costs. */
  useDecayingAvgBaseline?: boolean;
  /** Its decay, in [0, 1); 0.90 by default. */
  baselineBeta?: number;
  /** Subtract a function of `nnBaselineInput`, trained to predict the cost. */
  nnBaseline?: (input: Tensor) => Tensor;
  /** The input of `nnBaseline`; no gradient passes through it. */
  nnBaselineInput?: TensorLike;
  /** Subtract this value, trained (where it depends on parameters) to predict the cost. */
  baselineValue?: TensorLike;
  /** Subtract the mean cost of the other particles. */
  leaveOneOut?: boolean;
}

export interface InferOptions {
  /** The baseline that is subtracted from the costs of a score-function site. */
  baseline?: BaselineOptions;
  /** Sum the site out instead of sampling it: TraceEnumELBO. */
  enumerate?: "parallel" | "sequential" | null;
  /** A site of the guide that the model does not have. */
  isAuxiliary?: boolean;
  /** Take this site's KL term in closed form. */
  kl?: "analytic";
  /** For a guide that does not know the model's masks (autoguides): its log density counts where the model's does. */
  sharesMask?: boolean;
}

const INFER = ["baseline", "enumerate", "isAuxiliary", "kl", "sharesMask"];
const BASELINE = [
  "useDecayingAvgBaseline",
  "baselineBeta",
  "nnBaseline",
  "nnBaselineInput",
  "baselineValue",
  "leaveOneOut",
];

/** Refuse misspelt and contradictory options; `site` is named in the error. */
export function checkInferOptions(site: string, infer: InferOptions): InferOptions {
  const refuse = (message: string, param: string): never => {
    throw new PedigradError({ code: "bad-option", site, param, message: `sample site "${site}": ${message}` });
  };
  requireOptions(`sample site "${site}": infer`, infer, INFER, site);
  const { baseline, enumerate } = infer;
  if (enumerate != null && enumerate !== "parallel" && enumerate !== "sequential")
    refuse(`infer.enumerate must be "parallel" or "sequential", got ${JSON.stringify(enumerate)}.`, "enumerate");
  if (baseline === undefined) return infer;
  requireOptions(`sample site "${site}": baseline`, baseline, BASELINE, site);
  const { nnBaseline, nnBaselineInput, baselineValue, baselineBeta = 0.9 } = baseline;
  if (nnBaseline !== undefined && baselineValue !== undefined)
    refuse("give either nnBaseline or baselineValue, not both.", "nnBaseline");
  if (nnBaseline !== undefined && nnBaselineInput === undefined)
    refuse("nnBaseline needs nnBaselineInput, the tensor it predicts the cost from.", "nnBaselineInput");
  if (!(baselineBeta >= 0 && baselineBeta < 1))
    refuse(`baselineBeta must be in [0, 1), got ${baselineBeta}.`, "baselineBeta");
  return infer;
}
