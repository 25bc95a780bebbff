/** Refuses options of sample sites that an estimator does not support, and warns of biased gradients. */

import type { ErrorCode } from "../../../provenance/base/codes.js";
import { warnOnce } from "../../../provenance/base/warnOnce.js";
import { refuseSite } from "../../checks.js";
import { asksForBaseline, GRADIENTS, type InferOptions } from "../../program/inferOptions.js";
import { isScoreSite, sampleSites } from "../../program/trace.js";
import type { Pair } from "./pair.js";

/** The name of an estimator, and the site options that it supports. */
export interface Estimator {
  readonly name: string;
  /** Whether a site may ask to be summed out (`enumerate`). */
  readonly hasEnumeration?: boolean;
  /** Whether a site may ask for its KL term in closed form (`kl: "analytic"`). */
  readonly hasClosedForms?: boolean;
  /** Whether sites may ask for an antithetic run (gradient: "disarm"). */
  readonly hasAntitheticRuns?: boolean;
  /** Whether the estimator subtracts the baselines that sites ask for. */
  readonly hasBaselines?: boolean;
}

/**
 * Refuse options of the sites of guide and model that the estimator does not support, and warn of biased gradients. If `isMeasured` is true,
 * `explain` compares estimators: nothing warns, and estimators without baselines leave baselines out.
 */
export function checkOptions(
  { name: estimator, hasEnumeration, hasClosedForms, hasAntitheticRuns, hasBaselines }: Estimator,
  traces: Pick<Pair, "guide" | "model">,
  isMeasured: boolean | undefined,
): void {
  for (const side of ["guide", "model"] as const)
    for (const site of sampleSites(traces[side])) {
      const { name, infer } = site;
      const { kl, enumerate, gradient } = infer;
      const refuse = (param: keyof InferOptions, why: string, code: ErrorCode = "bad-option"): never =>
        refuseSite(code, name, `sample site "${name}" ${why}`, { param });
      if (kl !== undefined && !hasClosedForms)
        refuse(
          "kl",
          `asks for kl: "analytic", but the loss ${estimator} has no KL term. Remove infer.kl, or use TraceELBO.`,
        );
      if (enumerate != null && !hasEnumeration && !site.isObserved)
        refuse(
          "enumerate",
          `asks for enumeration, but the loss is ${estimator}. Use TraceEnumELBO, or remove infer.enumerate.`,
          "enumeration",
        );
      const hasBaseline = asksForBaseline(infer);
      if (hasBaseline && !(hasBaselines ? side === "guide" && isScoreSite(site) : isMeasured))
        refuse(
          "baseline",
          !hasBaselines
            ? `has a baseline, but ${estimator} has no baselines. Use TraceELBO or TraceGraphELBO, or remove it, for this estimator alone by inferConfig(${side}, () => ({ baseline: undefined })).`
            : side === "guide"
              ? "has a baseline, but its gradient does not use the score function: it is reparameterised or observed. Remove it, or use .nonreparameterized()."
              : "has a baseline in the model. Move it to the guide's sample statement.",
          "baseline",
        );
      // An enumerated site is not sampled, so its `gradient` option has no effect.
      if (gradient === undefined || enumerate != null) continue;
      if (side === "model")
        refuse("gradient", "has infer.gradient in the model. Move it to the guide's sample statement.");
      if (gradient === "disarm" && !hasAntitheticRuns)
        refuse(
          "gradient",
          `takes gradient: "disarm", for TraceELBO and TraceGraphELBO of order 1, but the loss is ${estimator}. Take gradient: "score".`,
        );
      if (gradient === "disarm" && hasBaseline)
        refuse(
          "gradient",
          'takes gradient: "disarm", the difference of two costs, in which a baseline cancels. Remove the baseline.',
        );
      if (GRADIENTS[gradient].isBiased && !isMeasured)
        warnOnce(
          `gradient: "${gradient}"`,
          () =>
            `site "${name}" takes gradient: "${gradient}", which is biased, so a fit may miss the maximum of the ELBO. "score" and "disarm" are unbiased.`,
        );
    }
}
