/**
 * Densities with only a part of their gradient, for two pathwise estimators. Guide and model run again with the same draws. A *draw* is a
 * random latent of the guide. Point masses and factors of the guide are computed, not drawn, and their terms keep their whole gradient.
 *
 * Sticking the landing (Roeder, Wu and Duvenaud 2017) computes log q of a draw with constant parameters, so that log q has a gradient
 * through the draw only. The gradient through the parameters has mean 0 and would only add variance. If the guide equals the posterior,
 * the remaining gradient is 0 for every draw.
 *
 * Doubly reparameterised gradients (Tucker et al. 2019) need the log weights twice: once with a gradient through the draws only, and once
 * (without log q of the draws) with a gradient through the parameters only, because RenyiELBO and ReweightedWakeSleep multiply the two
 * gradients by different factors.
 */
import { mapTree, stopGradient, type Tensor } from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { detachProvenance, getProvenance, inFreshRun, trackProvenance } from "../../../provenance/index.js";
import { refuseSite } from "../../checks.js";
import { isDraw, isScoreSite, SampleSite, sampleSites, type Trace, traceOf } from "../../program/trace.js";
import { replay, seed, substituteHandler } from "../../program/values.js";
import { shareMasks } from "../particles/masks.js";
import type { Cost, Pair, PathTerms, Task } from "../particles/pair.js";
import { type RunInputs, replayedRun } from "../particles/particles.js";
import { refuseMovingSupport } from "../particles/supports.js";
import { costsOf } from "./costs.js";

const withConstantParams = (task: Task): RunInputs => ({
  values: mapTree(task.values, (leaf) => stopGradient(leaf as Tensor)) as Record<string, Tensor>,
  args: task.args,
});

/** The draws in the guide's trace, with `f` applied to their values. */
function drawnSites(guide: Trace, f: (value: Tensor) => Tensor = (value) => value): Trace {
  const draws: Trace = new Map();
  for (const site of sampleSites(guide))
    if (isDraw(site)) draws.set(site.name, new SampleSite({ ...site, value: f(site.value) }));
  return draws;
}

/** Run the guide again with the given draws, and apply the model's masks as in the pair. */
function replayGuide(draws: Trace, pair: Pair, key: Tensor, { guide: program }: Task, inputs: RunInputs): Trace {
  const guide = replayedRun(program, draws, () => random.foldIn(key, 0), inputs);
  shareMasks(guide, pair.model);
  return guide;
}

/** Run the guide again with the same draws and with constant parameters. */
export function guideWithConstantParams(pair: Pair, key: Tensor, task: Task): Trace {
  for (const site of sampleSites(pair.guide))
    if (isDraw(site)) refuseMovingSupport(site, "holding its parameters constant");
  return replayGuide(drawnSites(pair.guide), pair, key, task, withConstantParams(task));
}

/** The terms of log w for doubly reparameterised gradients. Refuse a guide in which some latent has no pathwise sampler. */
export function pathTermsOf(estimator: string, pair: Pair, key: Tensor, task: Task): PathTerms {
  const scoreSite = [...sampleSites(pair.guide)].find(isScoreSite);
  if (scoreSite !== undefined)
    refuseSite(
      "bad-option",
      scoreSite.name,
      `${estimator}: estimator "dreg" needs pathwise samplers, but guide site "${scoreSite.name}" (${scoreSite.fn.label}) has none. Use another estimator, or a reparameterised distribution.`,
      { param: "estimator" },
    );
  const throughDraws = guideWithConstantParams(pair, key, task);
  const throughParams = replayGuide(drawnSites(pair.guide, stopGradient), pair, key, task, task);
  const model = (guide: Trace, inputs: RunInputs): Trace =>
    replayedRun(task.model, guide, () => random.foldIn(key, 1), inputs);
  const isOfDraw = ({ side, site }: Cost): boolean => side === "guide" && isDraw(throughParams.get(site) as SampleSite);
  return {
    throughDraws: costsOf(throughDraws, model(throughDraws, withConstantParams(task))),
    throughParams: costsOf(throughParams, model(throughParams, task)).filter((cost) => !isOfDraw(cost)),
  };
}

/**
 * Refuse point masses of the guide whose position z depends on parameters: z changes with the parameters even if all draws are constant,
 * so there is no constant z at which to differentiate log q.
 */
export function refuseMovingPoints(estimator: string, guide: Trace, key: Tensor, task: Task): void {
  for (const site of sampleSites(guide)) if (isDraw(site)) refuseMovingSupport(site, "the gradient of log q");
  const points = [...sampleSites(guide)].filter((site) => !site.isObserved && !isDraw(site));
  if (points.length === 0) return;
  const values = trackProvenance(detachProvenance(task.values), PARAMETER_TAG);
  const draws = drawnSites(guide, (value) => detachProvenance(stopGradient(value)));
  const taggedRun = inFreshRun(() =>
    traceOf(seed(replay(task.guide, draws), key), task.args, [substituteHandler(values)]),
  );
  for (const { name } of points)
    if (getProvenance(Object.values((taggedRun.get(name) as SampleSite).fn.params)).has(PARAMETER_TAG))
      refuseSite(
        "moving-point",
        name,
        `${estimator}: guide site "${name}" is a point mass computed from other draws and parameters, so it has no log density to take the gradient of. Use TraceELBO or RenyiELBO, or a guide that samples "${name}" from a distribution, such as AutoNormal or AutoMultivariateNormal.`,
        { op: estimator },
      );
}
/** The site name with which `refuseMovingPoints` tags all parameters. */
const PARAMETER_TAG = "parameters";
