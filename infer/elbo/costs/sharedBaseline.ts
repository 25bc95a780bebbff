/**
 * A warning if a baseline that is trained (a network, or a value with parameters) shares parameters with the guide. The loss that trains
 * the baseline would move the shared parameters away from the optimum of the ELBO.
 */
import { emptyRecord, grad, type Tensor } from "../../../autodiff/index.js";
import { quoted } from "../../checks.js";
import type { Model } from "../../program/messages.js";
import { sampleSites, type Trace } from "../../program/trace.js";
import { tracedRun } from "../particles/particles.js";
import { predictedCost } from "./baselines.js";
import { scoreSitesOf, sumOfAll } from "./costs.js";

/** Warn of parameters on which both the prediction of a baseline and a log density of the guide depend. */
export function warnOfSharedBaselines(
  trace: Trace,
  guide: Model,
  key: Tensor,
  values: Record<string, Tensor>,
  args: readonly unknown[],
): void {
  const trained = scoreSitesOf(trace).filter(({ site }) => {
    const { nnBaseline, baselineValue } = site.infer.baseline ?? {};
    return nnBaseline !== undefined || baselineValue !== undefined;
  });
  if (trained.length === 0) return;
  const paramsBehind = (terms: (run: Trace) => Iterable<Tensor>): Set<string> => {
    const gradients = grad((params: Record<string, Tensor>) =>
      sumOfAll(terms(tracedRun(guide, key, { values: params, args }))),
    )({ ...emptyRecord<Tensor>(), ...values });
    return new Set(
      Object.keys(gradients).filter((name) => (gradients[name] as Tensor).toFloat64Array().some((x) => x !== 0)),
    );
  };
  const inBaselines = paramsBehind((run) => scoreSitesOf(run).flatMap((site) => predictedCost(site) ?? []));
  const inDensities = paramsBehind((run) => [...sampleSites(run)].map((site) => site.logProb()));
  const shared = [...inBaselines].filter((name) => inDensities.has(name));
  if (shared.length > 0)
    console.warn(
      `pedigrad: the baseline of ${quoted(trained.map(({ name }) => name))} shares the parameters ${quoted(shared)} with the guide, so the loss that trains the baseline changes the guide too. Give the baseline its own parameters, or apply stopGradient to what it takes from the guide.`,
    );
}
