/**
 * Densities along the path: runs of guide and model again with part of their gradient stopped.
 *
 * Sticking the landing (Roeder, Wu and Duvenaud 2017): log q of a reparameterised z, its parameters held constant. What is left out
 * has mean 0, and its variance with it: where the guide is the posterior the gradient is 0 for every draw.
 *
 * Doubly reparameterised gradients (Tucker et al. 2019): log weights as functions of z alone, and log p as a function of the model's
 * parameters alone, so that each can be weighted as it must.
 */
import { mapTree, PedigradError, random, stopGradient, type Tensor } from "../../../autodiff/index.js";
import { replay, substitute } from "../../program/handlers.js";
import type { Messenger } from "../../program/messages.js";
import { sampleSites, type Trace } from "../../program/trace.js";
import type { Pair, Paths, Task } from "../particles/pair.js";
import { tracedRun } from "../particles/particles.js";
import { costsOf, isScoreSite } from "./costs.js";

const held = (task: Task): Pick<Task, "values" | "args"> => ({
  values: mapTree(task.values, (leaf) => stopGradient(leaf as Tensor)) as Record<string, Tensor>,
  args: task.args,
});

/** The guide under its own choices, parameters held constant. */
export const guideAlongPath = (pair: Pair, key: Tensor, task: Task, plates: Messenger): Trace =>
  tracedRun(replay(task.guide, pair.guide), random.foldIn(key, 0), held(task), plates);

/** Both copies for a particle whose latents all have a pathwise sampler; refused, by name, where one has not. */
export function pathsOf(estimator: string, pair: Pair, key: Tensor, task: Task, plates: Messenger): Paths {
  const score = [...sampleSites(pair.guide)].find(isScoreSite);
  if (score !== undefined)
    throw new PedigradError({
      code: "bad-option",
      site: score.name,
      param: "estimator",
      message: `${estimator}: estimator "dreg" needs pathwise samplers, but guide site "${score.name}" (${score.fn.label}) has none. Use another estimator, or a reparameterised distribution.`,
    });
  const modelKey = random.foldIn(key, 1);
  const along = tracedRun(replay(task.model, pair.guide), modelKey, held(task), plates);
  const constant = new Map([...sampleSites(pair.guide)].map((site) => [site.name, stopGradient(site.value)]));
  const theta = tracedRun(substitute(task.model, constant), modelKey, task, plates);
  return {
    along: costsOf(guideAlongPath(pair, key, task, plates), along),
    theta: costsOf(new Map(), theta),
  };
}
