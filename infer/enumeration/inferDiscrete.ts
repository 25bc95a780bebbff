/**
 * The posterior of sites that were summed out, computed as a gradient of the log of the sum. The gradient of the log
 * evidence with respect to the log factor of a site is the posterior marginal of this site. In the backward pass, each
 * logsumexp splits its cotangent among the elements of its input in proportion to their softmax. If instead the whole
 * cotangent goes to one element, drawn with these probabilities, the backward pass yields a joint posterior draw. If the
 * whole cotangent goes to the largest element, the backward pass yields the most probable assignment.
 */
import {
  argmax,
  emptyRecord,
  grad,
  logsumexp,
  max,
  oneHot,
  stopGradient,
  type Tensor,
  where,
  zeros,
} from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { refuseSite, requireOptions, requireTask } from "../checks.js";
import { sumOfAll } from "../elbo/costs/costs.js";
import { gradientFrom } from "../elbo/costs/gradientFrom.js";
import type { Task } from "../elbo/particles/pair.js";
import type { Handler, Model } from "../program/messages.js";
import { sharedPlatesHandler, withWholePlates } from "../program/subsamples.js";
import { requireOutside, type SampleSite, sampleSites } from "../program/trace.js";
import { requireParamsHandler } from "../program/traceChecks.js";
import type { SumOver } from "./eliminate.js";
import {
  checkCovered,
  type EnumeratedPair,
  modelFactor,
  refuseSubsampledProducts,
  runEnumerated,
  variablesIn,
} from "./enumeration.js";
import { multiply, plateName } from "./factors.js";
import { sumProduct } from "./sumProduct.js";

export interface DiscreteOptions {
  /** 1 draws from the posterior (default), 0 takes the most probable assignment. */
  temperature?: 0 | 1 | undefined;
}

/**
 * Posterior probabilities of each enumerated site of the model, by name: [...batch, support], where the site has batch shape `batch`. All
 * elements of subsampled plates are visited.
 */
export function computeMarginals(
  key: Tensor,
  params: Record<string, Tensor>,
  model: Model,
  guide: Model,
  ...args: unknown[]
): Record<string, Tensor> {
  requireOutside("computeMarginals");
  requireTask("computeMarginals", key, params, model, guide);
  const task = withWholePlatesInTask({ key, values: params, model, guide, args });
  const run = runModelEnumerated(task, requireParamsHandler("computeMarginals", params));
  return logFactorGradients("computeMarginals", run, logsumexp);
}

/**
 * One joint posterior draw of the enumerated sites of the model, or their most probable assignment, by name. All elements of subsampled
 * plates are visited.
 */
export function sampleDiscrete(
  key: Tensor,
  params: Record<string, Tensor>,
  model: Model,
  guide: Model,
  options: DiscreteOptions = {},
  ...args: unknown[]
): Record<string, Tensor> {
  requireOutside("sampleDiscrete");
  requireTask("sampleDiscrete", key, params, model, guide);
  requireOptions("sampleDiscrete", options, { temperature: [(x) => x === 0 || x === 1, "0 or 1"] });
  const task = withWholePlatesInTask({ key, values: params, model, guide, args });
  return discreteDraw("sampleDiscrete", task, options, requireParamsHandler("sampleDiscrete", params));
}

/**
 * Like `sampleDiscrete`, with `op` as the name of the calling function in errors. Subsampled plates visit the elements
 * that the programs or the `handlers` choose.
 */
export function discreteDraw(
  op: string,
  task: Task,
  { temperature = 1 }: DiscreteOptions,
  ...handlers: Handler[]
): Record<string, Tensor> {
  const run = runModelEnumerated(task, ...handlers);
  const indicators = logFactorGradients(
    op,
    run,
    temperature === 0 ? mostProbable : sampleByGumbel(random.foldIn(task.key, 3)),
  );
  const values: Record<string, Tensor> = emptyRecord();
  for (const [name, indicator] of Object.entries(indicators)) {
    const { fn } = run.model.get(name) as SampleSite;
    const support = fn.enumerateSupport(false);
    const flat = support.reshape([support.length, ...fn.eventShape]);
    values[name] = flat.take(argmax(indicator, -1));
  }
  return values;
}

/**
 * The task with all elements of every plate visited, because a posterior is conditioned on all data. Plates whose
 * elements the program itself gives do not change.
 */
const withWholePlatesInTask = (task: Task): Task => ({
  ...task,
  model: withWholePlates(task.model),
  guide: withWholePlates(task.guide),
});

function runModelEnumerated(task: Task, ...handlers: Handler[]): EnumeratedPair {
  const run = runEnumerated(
    task.key,
    task,
    undefined,
    ...handlers,
    sharedPlatesHandler(() => random.foldIn(task.key, 0)),
  );
  for (const name of childlessLatents(run)) run.model.delete(name);
  checkCovered(run);
  const inGuide = [...sampleSites(run.guide)].find(
    ({ infer, isObserved }) => !isObserved && infer.enumerate != null,
  )?.name;
  if (inGuide !== undefined)
    refuseSite(
      "enumeration",
      inGuide,
      `site "${inGuide}" is enumerated in the guide. Enumerate it in the model instead.`,
    );
  return run;
}

/**
 * Latents of the model that are neither in the guide nor enumerated, and on which no other site depends (typically sites whose data were
 * passed as null). Their densities integrate to 1, so they do not change the posterior of other sites.
 */
function childlessLatents({ model, guide, modelDims }: EnumeratedPair): string[] {
  const sites = [...sampleSites(model)];
  const childless: string[] = [];
  for (const site of sites.reverse()) {
    const { name, isObserved } = site;
    if (isObserved || guide.has(name) || modelDims.dimOf.has(name)) continue;
    const hasChild = sites.some(
      (other) => other !== site && !childless.includes(other.name) && other.logProb().provenance.has(name),
    );
    if (!hasChild) childless.push(name);
  }
  return childless;
}

/**
 * The gradient of the sum-product with respect to the log factor of every enumerated site, of shape [...batch, support]. To take the
 * gradient, add a tensor of zeros to each log factor.
 */
function logFactorGradients(op: string, run: EnumeratedPair, sum: SumOver): Record<string, Tensor> {
  const sites = [...sampleSites(run.model)];
  const variables = variablesIn(sites, run);
  const factors = sites.map((site) => modelFactor(site, run));
  refuseSubsampledProducts(op, sites, factors, run);
  const zeroShifts: Record<string, Tensor> = emptyRecord();
  for (const { name, fn, plates } of sites) {
    if (!variables.has(name)) continue;
    // To the left of the plates are the dims of other enumerated sites.
    const leftmost = fn.batchShape.length - Math.max(0, ...plates.map(({ dim }) => -(dim ?? 0)));
    zeroShifts[name] = zeros([...fn.batchShape.slice(leftmost), fn.enumerateSupport(false).length]);
  }
  return grad((shifts: Record<string, Tensor>) => {
    const shifted = factors.map((f, i) => {
      const site = sites[i] as SampleSite;
      const shift = shifts[site.name];
      if (shift === undefined) return f;
      const plates = site.plates
        .filter(({ dim }) => dim !== null)
        .sort((a, b) => (a.dim as number) - (b.dim as number));
      const names = [...plates.map((p) => plateName(p.name)), site.name];
      const value = shift.reshape([...plates.map((p) => p.subsampleSize as number), shift.shape.at(-1) as number]);
      return { ...f, factor: multiply([f.factor, { names, value }]) };
    });
    const terms = sumProduct({ factors: shifted, variables, plateScales: new Map(), guidePlates: new Map() }, sum);
    return sumOfAll(terms.map(({ factor }) => factor.value));
  })(zeroShifts);
}

/** max over an axis, whose gradient goes to the largest element only (to the first one in a tie). */
const mostProbable: SumOver = (x, [axis = 0]) => withGradientOf(max(x, axis), x, axis, argmax(x, axis));

/** logsumexp over an axis, whose gradient goes to one element only, drawn with probabilities softmax(x) by the Gumbel-max trick. */
function sampleByGumbel(key: Tensor): SumOver {
  let count = 0;
  return (x, [axis = 0]) => {
    const noise = random.gumbel(random.foldIn(key, count++), x.shape);
    return withGradientOf(logsumexp(x, axis), x, axis, argmax(x.add(noise), axis));
  };
}

/** `value`, with the gradient of the elements of x that `index` selects along the axis. */
function withGradientOf(value: Tensor, x: Tensor, axis: number, index: Tensor): Tensor {
  const order = [...index.shape.keys()];
  order.splice(axis, 0, index.shape.length);
  const isSelected = stopGradient(oneHot(index, x.shape[axis] as number).transpose(order));
  return gradientFrom(value, where(isSelected, x, 0).sum(axis));
}
