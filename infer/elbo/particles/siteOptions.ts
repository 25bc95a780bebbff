/** Refuses options of sample sites that an estimator does not support, and warns of biased gradients and baselines without effect. */

import { PedigradError } from "../../../autodiff/index.js";
import { warnOnce } from "../../../provenance/base/warnOnce.js";
import { GRADIENTS } from "../../program/inferOptions.js";
import { isScoreSite, type SampleSite, sampleSites, type Trace } from "../../program/trace.js";
import type { Pair } from "./pair.js";

/** The name of an estimator, and the site options that it supports. */
export interface Estimator {
  readonly name: string;
  /** Whether a site may ask for its KL term in closed form (`kl: "analytic"`). */
  readonly hasClosedForms: boolean;
  /** Whether sites may ask for antithetic pairs (gradient: "disarm"). */
  readonly hasPairs: boolean;
  /** Whether the estimator subtracts the baselines that sites ask for. */
  readonly hasBaselines: boolean;
}

type Traces = Pick<Pair, "guide" | "model">;

/** Refuse options of the sites of guide and model that the estimator does not support. */
export function refuseUnsupported(estimator: Estimator, { guide, model }: Traces): void {
  for (const site of sampleSites(guide)) refuseOptions(estimator, site, true);
  for (const site of sampleSites(model)) refuseOptions(estimator, site, false);
}

/** Refuse `gradient` options of the sites of guide and model that the estimator does not support. */
export function refuseGradients(estimator: Estimator, { guide, model }: Traces): void {
  for (const site of sampleSites(guide)) refuseGradient(estimator, site, true);
  for (const site of sampleSites(model)) refuseGradient(estimator, site, false);
}

function refuseOptions({ name: estimator, hasClosedForms }: Estimator, site: SampleSite, inGuide: boolean): void {
  const { enumerate, baseline, kl } = site.infer;
  if (kl !== undefined && !hasClosedForms)
    throw new PedigradError({
      code: "bad-option",
      site: site.name,
      param: "kl",
      message: `site "${site.name}" asks for kl: "analytic", but the loss ${estimator} has no KL term. Remove infer.kl, or use TraceELBO.`,
    });
  if (enumerate != null)
    throw new PedigradError({
      code: "enumeration",
      site: site.name,
      message: `site "${site.name}" asks for enumeration, but the loss is ${estimator}. Use TraceEnumELBO, or remove infer.enumerate.`,
    });
  if (baseline !== undefined && !(inGuide && isScoreSite(site)))
    throw new PedigradError({
      code: "baseline",
      site: site.name,
      param: "baseline",
      message: inGuide
        ? `sample site "${site.name}" has a baseline, but its gradient does not use the score function: it is reparameterised or observed. Remove the baseline, or use .nonreparameterized().`
        : `sample site "${site.name}" has a baseline in the model. Move it to the guide's sample statement.`,
    });
}

function refuseGradient(estimator: Estimator, { name, infer }: SampleSite, inGuide: boolean): void {
  const { gradient, baseline, enumerate } = infer;
  // An enumerated site is not sampled, so its options of gradients have no effect.
  if (gradient === undefined || enumerate != null) return;
  const refuse = (why: string): never => {
    throw new PedigradError({
      code: "bad-option",
      site: name,
      param: "gradient",
      message: `sample site "${name}": ${why}`,
    });
  };
  if (!inGuide) refuse("infer.gradient is set in the model. Move it to the guide's sample statement.");
  if (gradient !== "disarm") return;
  if (!estimator.hasPairs)
    refuse(
      `gradient: "disarm" needs TraceELBO or TraceGraphELBO of order 1, but the loss is ${estimator.name}. Take gradient: "score".`,
    );
  if (baseline !== undefined)
    refuse('gradient: "disarm" uses the difference of two costs, in which a baseline cancels. Remove the baseline.');
}

/** Warn, once each, of a biased gradient and of a baseline that has no effect. */
export function warnOfOptions({ name: estimator, hasBaselines }: Estimator, guide: Trace): void {
  for (const { name, infer } of sampleSites(guide)) {
    const { gradient, baseline, enumerate } = infer;
    if (gradient !== undefined && enumerate == null && GRADIENTS[gradient].isBiased)
      warnOnce(
        `gradient: "${gradient}"`,
        () =>
          `site "${name}" takes gradient: "${gradient}", which is biased, so a fit may miss the maximum of the ELBO. "score" and "disarm" are unbiased.`,
      );
    if (baseline !== undefined && !hasBaselines)
      warnOnce(
        `baseline under ${estimator}`,
        () =>
          `infer.baseline of site "${name}" has no effect, because ${estimator} has no baselines. Remove it, or use TraceELBO or TraceGraphELBO.`,
      );
  }
}
