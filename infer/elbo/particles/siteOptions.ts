/** Refuses options of sample sites that an estimator does not support, and warns of biased gradients. */

import { warnOnce } from "../../../provenance/base/warnOnce.js";
import { refuseSite } from "../../checks.js";
import { asksForBaseline, GRADIENTS } from "../../program/inferOptions.js";
import { isScoreSite, sampleSites, type Trace } from "../../program/trace.js";
import type { Pair } from "./pair.js";

/** The name of an estimator, and the site options that it supports. */
export interface Estimator {
  readonly name: string;
  /** Whether a site may ask for its KL term in closed form (`kl: "analytic"`). */
  readonly hasClosedForms?: boolean;
  /** Whether sites may ask for an antithetic run (gradient: "disarm"). */
  readonly hasAntitheticRuns?: boolean;
  /** Whether the estimator subtracts the baselines that sites ask for. */
  readonly hasBaselines?: boolean;
}

type Traces = Pick<Pair, "guide" | "model">;
const SIDES = ["guide", "model"] as const;

/** Refuse options of the sites of guide and model that the estimator does not support. */
export function refuseUnsupported({ name: estimator, hasClosedForms }: Estimator, traces: Traces): void {
  for (const side of SIDES)
    for (const site of sampleSites(traces[side])) {
      const { name, infer } = site;
      if (infer.kl !== undefined && !hasClosedForms)
        refuseSite(
          "bad-option",
          name,
          `site "${name}" asks for kl: "analytic", but the loss ${estimator} has no KL term. Remove infer.kl, or use TraceELBO.`,
          { param: "kl" },
        );
      if (infer.enumerate != null)
        refuseSite(
          "enumeration",
          name,
          `site "${name}" asks for enumeration, but the loss is ${estimator}. Use TraceEnumELBO, or remove infer.enumerate.`,
        );
    }
}

/** Refuse baselines that would have no effect. While `explain` compares estimators, those without baselines leave them out. */
export function refuseBaselines(
  { name: estimator, hasBaselines }: Estimator,
  traces: Traces,
  isMeasured: boolean | undefined,
): void {
  for (const side of SIDES)
    for (const site of sampleSites(traces[side])) {
      const { name, infer } = site;
      if (!asksForBaseline(infer) || (hasBaselines ? side === "guide" && isScoreSite(site) : isMeasured)) continue;
      const why = !hasBaselines
        ? `, but ${estimator} has no baselines. Use TraceELBO or TraceGraphELBO, or remove the baseline; inferConfig(${side}, () => ({ baseline: undefined })) removes it for this estimator alone.`
        : side === "guide"
          ? ", but its gradient does not use the score function: it is reparameterised or observed. Remove the baseline, or use .nonreparameterized()."
          : " in the model. Move it to the guide's sample statement.";
      refuseSite("baseline", name, `sample site "${name}" has a baseline${why}`, { param: "baseline" });
    }
}

/** Refuse `gradient` options of the sites of guide and model that the estimator does not support. */
export function refuseGradients(estimator: Estimator, traces: Traces): void {
  for (const side of SIDES)
    for (const { name, infer } of sampleSites(traces[side])) {
      const { gradient, baseline, enumerate } = infer;
      // An enumerated site is not sampled, so its `gradient` option has no effect.
      if (gradient === undefined || enumerate != null) continue;
      const refuse = (why: string): never => {
        refuseSite("bad-option", name, `sample site "${name}": ${why}`, { param: "gradient" });
      };
      if (side === "model") refuse("infer.gradient is set in the model. Move it to the guide's sample statement.");
      if (gradient !== "disarm") continue;
      if (!estimator.hasAntitheticRuns)
        refuse(
          `gradient: "disarm" needs TraceELBO or TraceGraphELBO of order 1, but the loss is ${estimator.name}. Take gradient: "score".`,
        );
      if (baseline !== undefined)
        refuse(
          'gradient: "disarm" uses the difference of two costs, in which a baseline cancels. Remove the baseline.',
        );
    }
}

/** Warn, once for each kind, of biased gradients. */
export function warnOfGradients(guide: Trace): void {
  for (const { name, infer } of sampleSites(guide)) {
    const { gradient, enumerate } = infer;
    if (gradient !== undefined && enumerate == null && GRADIENTS[gradient].isBiased)
      warnOnce(
        `gradient: "${gradient}"`,
        () =>
          `site "${name}" takes gradient: "${gradient}", which is biased, so a fit may miss the maximum of the ELBO. "score" and "disarm" are unbiased.`,
      );
  }
}
