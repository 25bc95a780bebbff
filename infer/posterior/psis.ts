/**
 * A diagnostic of how far a guide is from the posterior (Yao et al. 2018, "Yes, but did it work?"). Its value is the shape k of a
 * generalised Pareto distribution fitted to the largest importance weights p/q. If k is below 0.5, the guide is good; if k is above
 * 0.7, estimates from the guide cannot be trusted. The fit follows Zhang and Stephens 2009, with the prior of Vehtari et al. 2024.
 */

import type { Tensor, Tree } from "../../autodiff/index.js";
import { exp, log, log1p } from "../../autodiff/kernels/formulas/scalarFormulas.js";
import * as random from "../../autodiff/ops/random/random.js";
import type { ErrorCode } from "../../provenance/index.js";
import { refuseOption, refuseSite, requireOptions, requireTask } from "../checks.js";
import { costsOf, sumOfAll } from "../elbo/costs/costs.js";
import { checkLatentsCovered } from "../elbo/particles/match.js";
import { runParticles, runPrograms, withSharedPlates } from "../elbo/particles/particles.js";
import { refuseSubsampling, subsampledPlate } from "../elbo/particles/subsampling.js";
import type { Model } from "../program/messages.js";
import { withWholePlates } from "../program/subsamples.js";
import { isDraw, requireOutside, type SampleSite, sampleSites } from "../program/trace.js";
import { requireParamsHandler } from "../program/traceChecks.js";
import { mean } from "./convergence.js";

export interface PsisOptions {
  /** The number of draws from the guide; 1,000 by default. */
  numParticles?: number | undefined;
}

/** Pareto k of the importance weights of draws from the guide. All elements of subsampled plates are visited. */
export function psisDiagnostic(
  key: Tensor,
  params: Record<string, Tensor>,
  model: Model,
  guide: Model,
  options: PsisOptions = {},
  ...args: unknown[]
): number {
  requireOutside("psisDiagnostic");
  requireTask("psisDiagnostic", key, params, model, guide);
  requireOptions("psisDiagnostic", options, ["numParticles"]);
  const { numParticles = 1000 } = options;
  requireEnough("psisDiagnostic", "numParticles", numParticles);
  // Visit all elements, since a weight is a product over them, which a subsample cannot estimate.
  const task = { key, values: params, model: withWholePlates(model), guide: withWholePlates(guide), args };
  const logWeight = (k: Tensor): readonly [Tree, null] => {
    const pair = runPrograms(k, task, requireParamsHandler("psisDiagnostic", params));
    const sites = [...sampleSites(pair.guide), ...sampleSites(pair.model)];
    for (const site of sites) refuseUnweighted(site);
    const plate = subsampledPlate(sites);
    if (plate !== null)
      refuseSubsampling(
        "psisDiagnostic",
        plate,
        "which the program itself chooses, and an importance weight is a product over all of them",
        "leave subsample out",
        false,
      );
    checkLatentsCovered(pair.guide, pair.model);
    return [sumOfAll(costsOf(pair.guide, pair.model).map(({ value }) => value)), null];
  };
  const [logw] = withSharedPlates(key, () => runParticles(random.foldIn(key, 1), numParticles, true, logWeight));
  return paretoK((logw as Tensor).toFloat64Array());
}

/**
 * Refuse an enumerated site, since the weight of a draw would be a ratio of two sums over the site's values, which is not supported; and a
 * latent that the guide sets to a point, since then all draws have the same weight.
 */
function refuseUnweighted(site: SampleSite): void {
  const { name, infer, isObserved, value } = site;
  if (isObserved) return;
  const refuse = (code: ErrorCode, what: string): never =>
    refuseSite(code, name, `psisDiagnostic: site "${name}" is ${what}`, { op: "psisDiagnostic" });
  if (infer.enumerate != null)
    refuse(
      "enumeration",
      `enumerated, which is not supported. Write the sum into the model (MixtureSameFamily), or sample "${name}" in the guide without infer.enumerate.`,
    );
  // A point may also be computed from another draw, as in joint autoguides.
  if (!isDraw(site) && value.provenance.size === 1)
    refuse("moving-point", `a point mass. Sample "${name}" from a distribution.`);
}

function requireEnough(op: string, param: string, n: number): void {
  if (!(Number.isInteger(n) && n >= 25))
    refuseOption(op, param, `${param} must be an integer of at least 25, got ${n}.`);
}

/** Pareto k of at least 25 weights, given their logarithms. The fit uses the largest min(n/5, 3√n) of the n weights. */
export function paretoK(logWeights: Float64Array): number {
  const sorted = Float64Array.from(logWeights).sort();
  const n = sorted.length;
  requireEnough("paretoK", "logWeights.length", n);
  const tail = Math.ceil(Math.min(n / 5, 3 * Math.sqrt(n)));
  const top = sorted[n - 1] as number;
  const weights = sorted.map((x) => exp(x - top));
  const cut = weights[n - tail - 1] as number;
  const excess = weights
    .slice(n - tail)
    .map((w) => w - cut)
    .filter((x) => !(x <= 0));
  if (excess.length >= 5) return fitParetoShape(excess);
  // Too few weights exceed the threshold `cut` for a fit, and many weights equal it, as happens if the draws are discrete. The few weights
  // outweigh all others if the effective sample size, (Σ w)² / Σ w², is below n/10.
  const average = mean(weights);
  return cut === 0 || average * average < 0.1 * mean(weights.map((w) => w * w)) ? Infinity : -Infinity;
}

/** The shape of the generalised Pareto distribution that fits ascending positive numbers. */
function fitParetoShape(x: Float64Array): number {
  const n = x.length;
  const m = 30 + Math.floor(Math.sqrt(n));
  const quartile = x[Math.floor(n / 4 + 0.5) - 1] as number;
  const shapeAt = (b: number): number => mean(x.map((y) => log1p(-b * y)));
  const candidates = Array.from({ length: m }, (_, i) => {
    const b = (1 - Math.sqrt(m / (i + 0.5))) / (3 * quartile) + 1 / (x[n - 1] as number);
    const k = shapeAt(b);
    return { b, likelihood: n * (log(-b / k) - k - 1) };
  });
  const best = Math.max(...candidates.map(({ likelihood }) => likelihood));
  const weights = candidates.map(({ likelihood }) => exp(likelihood - best));
  const total = weights.reduce((a, b) => a + b, 0);
  const b = candidates.reduce((sum, c, i) => sum + (c.b * (weights[i] as number)) / total, 0);
  // A weak prior at 1/2, which counts as much as ten observations.
  return (n * shapeAt(b) + 5) / (n + 10);
}
