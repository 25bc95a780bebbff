/**
 * Densities along the path: runs of guide and model again with part of their gradient stopped. A *draw* is a latent of the guide that is
 * random; what the guide computes from its draws (point masses, factors) is not a density of theirs, and keeps its gradient.
 *
 * Sticking the landing (Roeder, Wu and Duvenaud 2017): log q of a reparameterised draw, its parameters held constant. What is left out
 * has mean 0, and its variance with it: where the guide is the posterior the gradient is 0 for every draw.
 *
 * Doubly reparameterised gradients (Tucker et al. 2019): log weights as functions of the draws alone, and all terms but log q of the
 * draws as functions of the parameters alone, so that each can be weighted as it must.
 */
import { mapTree, PedigradError, random, stopGradient, type Tensor } from "../../../autodiff/index.js";
import { detachProvenance, getProvenance, inFreshRun, trackProvenance } from "../../../provenance/index.js";
import { replay, seed, substitute } from "../../program/handlers.js";
import { isDraw, isScoreSite, SampleSite, sampleSites, type Trace, trace } from "../../program/trace.js";
import { shareMasks } from "../particles/masks.js";
import type { Cost, Pair, Paths, Task } from "../particles/pair.js";
import { type Inputs, replayedRun } from "../particles/particles.js";
import { costsOf } from "./costs.js";

const held = (task: Task): Inputs => ({
  values: mapTree(task.values, (leaf) => stopGradient(leaf as Tensor)) as Record<string, Tensor>,
  args: task.args,
});

/** The draws of a guide without its other sites, their values changed by `f`. */
function drawsOf(guide: Trace, f: (value: Tensor) => Tensor = (value) => value): Trace {
  const draws: Trace = new Map();
  for (const site of sampleSites(guide))
    if (isDraw(site)) draws.set(site.name, new SampleSite({ ...site, value: f(site.value) }));
  return draws;
}

/** The guide under the given draws, masked as in the pair. */
function guideAt(draws: Trace, pair: Pair, key: Tensor, { guide: program }: Task, inputs: Inputs): Trace {
  const guide = replayedRun(program, draws, () => random.foldIn(key, 0), inputs);
  shareMasks(guide, pair.model);
  return guide;
}

/** The guide under its own draws, parameters held constant. */
export const guideAlongPath = (pair: Pair, key: Tensor, task: Task): Trace =>
  guideAt(drawsOf(pair.guide), pair, key, task, held(task));

/** Both copies for a particle whose latents all have a pathwise sampler; refused, by name, where one has not. */
export function pathsOf(estimator: string, pair: Pair, key: Tensor, task: Task): Paths {
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
    along: costsOf(path, model(path, held(task))),
    theta: costsOf(fixed, model(fixed, task)).filter((cost) => !isOfDraw(cost)),
  };
}

/**
 * Refuse latents of the guide that are point masses moving with its parameters: holding the draws then holds the noise below z, not z
 * itself, and log q at a held z is not among the guide's terms.
 */
export function refuseMovingPoints(estimator: string, guide: Trace, key: Tensor, task: Task): void {
  const points = [...sampleSites(guide)].filter((site) => !site.isObserved && !isDraw(site));
  if (points.length === 0) return;
  const values = trackProvenance(detachProvenance(task.values), MOVING);
  const draws = drawsOf(guide, (value) => detachProvenance(stopGradient(value)));
  const again = inFreshRun(() =>
    trace(seed(substitute(replay(task.guide, draws), values), key)).getTrace(...task.args),
  );
  for (const { name } of points)
    if (getProvenance(Object.values((again.get(name) as SampleSite).fn.params)).has(MOVING))
      throw new PedigradError({
        code: "moving-point",
        site: name,
        op: estimator,
        message: `${estimator}: guide site "${name}" is a point computed from noise and parameters, so its log q at a held value is not known. Use TraceELBO or RenyiELBO, or a guide that samples "${name}" from a distribution, such as AutoNormal or AutoMultivariateNormal.`,
      });
}
/** A handler that tags all parameters, for the run that looks for them. */
const MOVING = "parameters";
