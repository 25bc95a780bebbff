/**
 * Densities for pathwise gradients: guide and model run again with the same draws, and with part of the gradient stopped. A *draw* is a
 * latent of the guide that is random. Point masses and factors of the guide are computed, not drawn: their terms keep their gradient.
 *
 * Sticking the landing (Roeder, Wu and Duvenaud 2017): log q of a reparameterised draw, with its parameters held
 * constant. The part of the gradient that this leaves out has mean 0, so it contributed only variance: where the guide
 * equals the posterior, the gradient is 0 for every draw.
 *
 * Doubly reparameterised gradients (Tucker et al. 2019): the log weights are computed twice, once as functions of the draws alone, and once
 * (without log q of the draws) as functions of the parameters alone, because the two gradients are multiplied by different factors.
 */
import { mapTree, PedigradError, stopGradient, type Tensor } from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { detachProvenance, getProvenance, inFreshRun, trackProvenance } from "../../../provenance/index.js";
import { replay, seed, substitute } from "../../program/handlers.js";
import { isDraw, isScoreSite, SampleSite, sampleSites, type Trace, trace } from "../../program/trace.js";
import { shareMasks } from "../particles/masks.js";
import type { Cost, Pair, PathTerms, Task } from "../particles/pair.js";
import { type Inputs, replayedRun } from "../particles/particles.js";
import { costsOf } from "./costs.js";

const constantInputs = (task: Task): Inputs => ({
  values: mapTree(task.values, (leaf) => stopGradient(leaf as Tensor)) as Record<string, Tensor>,
  args: task.args,
});

/** Only those sites of the guide's trace that are draws, each with its value changed by `f`. */
function drawsOf(guide: Trace, f: (value: Tensor) => Tensor = (value) => value): Trace {
  const draws: Trace = new Map();
  for (const site of sampleSites(guide))
    if (isDraw(site)) draws.set(site.name, new SampleSite({ ...site, value: f(site.value) }));
  return draws;
}

/** The guide run again with the given draws, and with the model's masks applied as in the pair. */
function guideAt(draws: Trace, pair: Pair, key: Tensor, { guide: program }: Task, inputs: Inputs): Trace {
  const guide = replayedRun(program, draws, () => random.foldIn(key, 0), inputs);
  shareMasks(guide, pair.model);
  return guide;
}

/** The guide run again with its draws in the pair, and with all parameters held constant. */
export const guideAlongPath = (pair: Pair, key: Tensor, task: Task): Trace =>
  guideAt(drawsOf(pair.guide), pair, key, task, constantInputs(task));

/**
 * The terms of log w in two copies, for a particle whose latents all have a pathwise sampler; the error for a latent
 * without one names it.
 */
export function pathsOf(estimator: string, pair: Pair, key: Tensor, task: Task): PathTerms {
  const score = [...sampleSites(pair.guide)].find(isScoreSite);
  if (score !== undefined)
    throw new PedigradError({
      code: "bad-option",
      site: score.name,
      param: "estimator",
      message: `${estimator}: estimator "dreg" needs pathwise samplers, but guide site "${score.name}" (${score.fn.label}) has none. Use another estimator, or a reparameterised distribution.`,
    });
  const path = guideAlongPath(pair, key, task);
  const fixed = guideAt(drawsOf(pair.guide, stopGradient), pair, key, task, task);
  const model = (guide: Trace, inputs: Inputs): Trace =>
    replayedRun(task.model, guide, () => random.foldIn(key, 1), inputs);
  const isOfDraw = ({ side, site }: Cost): boolean => side === "guide" && isDraw(fixed.get(site) as SampleSite);
  return {
    throughDraws: costsOf(path, model(path, constantInputs(task))),
    throughParams: costsOf(fixed, model(fixed, task)).filter((cost) => !isOfDraw(cost)),
  };
}

/**
 * Refuse point masses of the guide that depend on its parameters. There z is computed from noise and parameters, so holding the draws
 * constant does not hold z constant, and the guide has no log q for a constant z.
 */
export function refuseMovingPoints(estimator: string, guide: Trace, key: Tensor, task: Task): void {
  const points = [...sampleSites(guide)].filter((site) => !site.isObserved && !isDraw(site));
  if (points.length === 0) return;
  const values = trackProvenance(detachProvenance(task.values), PARAMETER_TAG);
  const draws = drawsOf(guide, (value) => detachProvenance(stopGradient(value)));
  const taggedRun = inFreshRun(() =>
    trace(seed(substitute(replay(task.guide, draws), values), key)).getTrace(...task.args),
  );
  for (const { name } of points)
    if (getProvenance(Object.values((taggedRun.get(name) as SampleSite).fn.params)).has(PARAMETER_TAG))
      throw new PedigradError({
        code: "moving-point",
        site: name,
        op: estimator,
        message: `${estimator}: guide site "${name}" is a point mass computed from other draws and parameters, so it has no log density to take the gradient of. Use TraceELBO or RenyiELBO, or a guide that samples "${name}" from a distribution, such as AutoNormal or AutoMultivariateNormal.`,
      });
}
/** The provenance tag of all parameters in the run that looks for moving points. */
const PARAMETER_TAG = "parameters";
