/**
 * The exact mean of an estimator: the loss and gradients for every outcome of the random choices, weighted by the probability of the
 * outcome. Discrete sites take all their values, normal sites three Gauss-Hermite nodes (exact up to degree 5 in each draw), and subsamples
 * all subsets. This file also computes the exact loss and gradients, by a sum over the same choices without an estimator.
 */

import type { Derived } from "../../../distributions/index.js";
import {
  type Elbo,
  grad,
  type Model,
  random,
  replay,
  seed,
  stack,
  stopGradient,
  substitute,
  type Tensor,
  type Tree,
  tensor,
  trace,
  vmap,
} from "../../../index.js";
import { type Handler, withHandler } from "../../../infer/program/messages.js";
import { type SampleSite, sampleSites, type Trace } from "../../../infer/program/trace.js";

type Values = Record<string, Tensor>;
/** The elements that each subsampled plate visits. */
export type Subset = Readonly<Record<string, readonly number[]>>;

const key = random.key(0);
const NODES = [-Math.sqrt(3), 0, Math.sqrt(3)];
const NODE_WEIGHTS = [1 / 6, 2 / 3, 1 / 6];

/** The number of the running particle; null if there is only one particle. */
let particle: number | null = null;

/** `f` with the elements of `subset` visited in its subsampled plates. */
const visiting =
  (f: Model, subset: Subset): Model =>
  (...args) =>
    withHandler(
      {
        process: {
          plate(message) {
            if (Object.hasOwn(subset, message.name)) message.value ??= tensor(subset[message.name] as number[]);
          },
        },
      },
      () => f(...args),
    );

/**
 * A handler that gives latents the values in `at`, unless an inner handler gives them a value, as `replay` does. For a normal latent,
 * `at` is the distance from its mean in standard deviations. Values of latents without a pathwise gradient are constants, unless
 * `isLive` is true.
 */
const pinning = (at: Values, isLive = false): Handler => ({
  process: {
    sample(message) {
      if (message.isObserved || message.value !== null || !Object.hasOwn(at, message.name)) return;
      const all = at[message.name] as Tensor;
      let value = particle === null ? all : all.at(particle);
      const { fn } = message;
      // A run without the axes of enumerated sites, such as the first one of TraceEnumELBO, gets the first of the values along them.
      while (value.shape.length > fn.shape().length) value = value.at(0);
      // A draw has the provenance of the distribution's parameters, so the value in place of the draw must have it too.
      if (isNormal(fn)) message.value = fn.mean.add(fn.variance.sqrt().mul(value));
      else message.value = fn.sample(key).mul(0).add(value);
      if (!isLive && (message.isConstant || !fn.hasRsample)) message.value = stopGradient(message.value);
    },
  },
});

const isNormal = (fn: SampleSite["fn"]): boolean => /^Normal/.test(fn.label);

/** The values that one element of a site may take, and their quadrature weights (1 for discrete sites, whose density gives the weight). */
function valuesOf({ fn }: SampleSite): { values: number[]; weights: number[] } {
  if (isNormal(fn)) return { values: NODES, weights: NODE_WEIGHTS };
  const element = fn.hasEnumerateSupport ? fn : (fn as Derived).base;
  if (!element.hasEnumerateSupport) return valuesOf({ fn: element } as SampleSite);
  const values = [...element.enumerateSupport(false).toFloat64Array()];
  return { values, weights: values.map(() => 1) };
}

const countOf = (sites: readonly SampleSite[]): number =>
  sites.reduce((product, site) => product * valuesOf(site).values.length ** site.value.size, 1);

interface Choices {
  /** [choices, ...shape] by site. */
  readonly values: Values;
  /** The product of the quadrature weights of each choice. */
  readonly weights: Float64Array;
  readonly count: number;
}

/** Every combination of values of all elements of these sites. */
function choicesOf(sites: readonly SampleSite[]): Choices {
  const elements = sites.flatMap((site) => {
    const { values, weights } = valuesOf(site);
    return Array.from({ length: site.value.size }, () => ({ values, weights }));
  });
  const count = countOf(sites);
  const weights = new Float64Array(count).fill(1);
  const columns = elements.map(() => new Float64Array(count));
  for (let choice = 0; choice < count; choice++) {
    let rest = choice;
    elements.forEach((element, i) => {
      const digit = rest % element.values.length;
      rest = Math.floor(rest / element.values.length);
      (columns[i] as Float64Array)[choice] = element.values[digit] as number;
      (weights[choice] as number) *= element.weights[digit] as number;
    });
  }
  let at = 0;
  const values: Values = {};
  for (const { name, value } of sites) {
    const own = columns.slice(at, at + value.size).map((column) => tensor(column));
    at += value.size;
    values[name] = (own.length === 0 ? tensor([]) : stack(own, 1)).reshape([count, ...value.shape]);
  }
  return { values, weights, count };
}

/** The sum of log densities of the discrete sites among `names`. Its exponential times the quadrature weights is the weight of a choice. */
const logWeight = (run: Trace, names: readonly string[]): Tensor =>
  names.reduce((sum, name) => {
    const site = run.get(name) as SampleSite;
    return isNormal(site.fn) ? sum : sum.add(site.unmasked().logProb().sum());
  }, tensor(0));

const latentsOf = (run: Trace): SampleSite[] =>
  [...sampleSites(run)].filter(({ isObserved, fn }) => !isObserved && !/^Delta/.test(fn.label));

export interface Program {
  readonly model: Model;
  readonly guide: Model;
  readonly params: Values;
  /** Whether an op mixes elements of a plate that contains all sites. */
  readonly mixesElements?: boolean;
  /** All possible subsamples, which are equally probable; one empty record if no plate is subsampled. */
  readonly subsets: readonly Subset[];
}

/** The mean of loss and gradients, by name, as flat arrays; null if there are more than `maxChoices` choices, to keep a test cheap. */
export function exactMean(
  make: (options: { vectorizeParticles?: (f: (key: Tensor) => Tree, keys: Tensor) => Tree }) => Elbo,
  { model, guide, params, subsets }: Program,
  maxChoices = 4096,
): Record<string, Float64Array> | null {
  const elbo = make({ vectorizeParticles: inTurn });
  const total: Record<string, Float64Array> = {};
  for (const subset of subsets) {
    const [p, q] = [visiting(model, subset), visiting(guide, subset)];
    const traced = (at: Values): Trace =>
      withHandler(pinning(at), () => elbo.traces({ key, values: params, model: p, guide: q, args: [] }).guide);
    const sites = latentsOf(traced({})).filter(({ infer }) => infer.enumerate == null);
    if (countOf(sites) ** elbo.numParticles > maxChoices) return null;
    const one = choicesOf(sites);
    const names = sites.map(({ name }) => name);
    const densities = vmap((at: Values) => logWeight(traced(at), names).exp(), {
      axisSize: one.count,
    })(one.values);
    const weights = densities.toFloat64Array().map((p, i) => p * (one.weights[i] as number));
    const { values, joint } = elbo.numParticles === 1 ? { values: one.values, joint: weights } : pairsOf(one, weights);
    const draws = vmap(
      (at: Values) => {
        const [loss, grads] = withHandler(pinning(at), () => elbo.lossAndGrads(key, params, p, q));
        return { ...grads, loss };
      },
      { axisSize: joint.length },
    )(values);
    for (const [name, x] of Object.entries(draws)) {
      const flat = x.toFloat64Array();
      const size = flat.length / joint.length;
      total[name] ??= new Float64Array(size);
      const sum = total[name] as Float64Array;
      flat.forEach((v, i) => {
        (sum[i % size] as number) += ((joint[Math.floor(i / size)] as number) * v) / subsets.length;
      });
    }
  }
  return total;
}

function inTurn(f: (key: Tensor) => Tree, keys: Tensor): Tree {
  const results = [...keys].map((k, i) => {
    particle = i;
    try {
      return f(k);
    } finally {
      particle = null;
    }
  });
  const stacked = (trees: readonly Tree[]): Tree => {
    const [first] = trees as [Tree];
    if (typeof (first as Tensor).shape !== "undefined") return stack(trees as Tensor[]);
    return Object.fromEntries(
      Object.keys(first as object).map((name) => [
        name,
        stacked(trees.map((tree) => (tree as Record<string, Tree>)[name] as Tree)),
      ]),
    );
  };
  return stacked(results);
}

/** The choices of two particles. */
function pairsOf({ values, count }: Choices, weights: Float64Array): { values: Values; joint: Float64Array } {
  const [first, second] = [0, 1].map((which) =>
    tensor(Float64Array.from({ length: count * count }, (_, i) => (which === 0 ? Math.floor(i / count) : i % count))),
  ) as [Tensor, Tensor];
  const joint = Float64Array.from(
    { length: count * count },
    (_, i) => (weights[Math.floor(i / count)] as number) * (weights[i % count] as number),
  );
  const both = Object.fromEntries(
    Object.entries(values).map(([name, x]) => [name, stack([x.take(first), x.take(second)], 1)]),
  );
  return { values: both, joint };
}

const run = (f: Model, params: Values): Trace => trace(seed(substitute(f, params), key)).getTrace();

/**
 * The elements of x, a log density of `site`, summed over all axes except those of the plates `common`; one number if there are none. All
 * sites are in these plates.
 */
function sumOutside(common: readonly string[], { plates }: SampleSite, x: Tensor): Tensor {
  if (common.length === 0) return x.sum();
  const kept = plates.filter(({ name }) => common.includes(name)).map(({ dim }) => x.shape.length + (dim ?? 0));
  const axes = [...x.shape.keys()].filter((axis) => !kept.includes(axis));
  return (axes.length === 0 ? x : x.sum(axes)).reshape([-1]);
}

/** The plates that contain all sites. */
function plateNamesIn(sites: readonly SampleSite[]): string[] {
  const [first, ...rest] = sites.map(({ plates }) => plates.map(({ name }) => name));
  return (first ?? []).filter((name) => rest.every((names) => names.includes(name)));
}

/**
 * log p and log q of one choice of the guide. Sites that only the model has are summed out. If `isByElement`, the results have a number for
 * each element of the plates that contain all sites.
 */
function logDensities(
  guide: Trace,
  model: Model,
  params: Values,
  subset: Subset,
  isByElement: boolean,
): { logp: Tensor; logq: Tensor } {
  const replayed = replay(visiting(model, subset), guide);
  const first = run(replayed, params);
  const own = latentsOf(first).filter(({ name }) => !guide.has(name));
  const common = isByElement ? plateNamesIn([...sampleSites(guide), ...sampleSites(first)]) : [];
  const { values, count } = choicesOf(own);
  const logp = vmap(
    (at: Values) => {
      let sum = tensor(0);
      for (const site of sampleSites(withHandler(pinning(at), () => run(replayed, params))))
        sum = sum.add(
          sumOutside(common, site, own.some(({ name }) => name === site.name) ? site.logProb() : site.scaledLogProb()),
        );
      return sum;
    },
    { axisSize: count },
  )(values);
  const logq = [...sampleSites(guide)].reduce(
    (sum, site) => sum.add(sumOutside(common, site, site.scaledLogProb())),
    tensor(0),
  );
  return { logp: own.length === 0 ? logp.sum(0) : logp.logsumexp(0), logq };
}

/** Σ over choices of the guide of q · f(log p - log q), where q is differentiated too. */
function exactObjective({ model, guide, params, subsets }: Program): (params: Values) => Tensor {
  return (values) => {
    let total = tensor(0);
    for (const subset of subsets) {
      const { logp, logq, weights } = allDensities({ model, guide, params, subset }, values);
      total = total.add(logp.sub(logq).mul(weights).sum().div(subsets.length));
    }
    return total.neg();
  };
}

/** log p, log q and q for every choice of the guide, [choices]. */
function allDensities(
  { model, guide, params, subset }: Pick<Program, "model" | "guide" | "params"> & { subset: Subset },
  values: Values,
  isByElement = false,
): { logp: Tensor; logq: Tensor; weights: Tensor } {
  const sites = latentsOf(run(visiting(guide, subset), params));
  const choices = choicesOf(sites);
  const names = sites.map(({ name }) => name);
  return vmap(
    (at: Values, weight: Tensor) => {
      const ran = withHandler(pinning(at, true), () => run(visiting(guide, subset), values));
      const weights = logWeight(ran, names).exp().mul(weight);
      return { ...logDensities(ran, model, values, subset, isByElement), weights };
    },
    { axisSize: choices.count },
  )(choices.values, tensor(choices.weights)) as { logp: Tensor; logq: Tensor; weights: Tensor };
}

/** The number of choices of the guide. */
export const choicesIn = ({ guide, params, subsets }: Program): number =>
  countOf(latentsOf(run(visiting(guide, subsets[0] as Subset), params)));

/** A loss and its gradients, by name, as flat arrays. */
function withGradients(objective: (params: Values) => Tensor, params: Values): Record<string, Float64Array> {
  const result: Record<string, Float64Array> = { loss: objective(params).toFloat64Array() };
  for (const [name, x] of Object.entries(grad(objective)(params))) result[name] = x.toFloat64Array();
  return result;
}

/** The negative ELBO and its gradients. */
export const exactLoss = (program: Program): Record<string, Float64Array> =>
  withGradients(exactObjective(program), program.params);

/** x, with one number for each pair of choices, or more along further axes, summed over these axes. */
const overElements = (x: Tensor): Tensor => (x.shape.length > 2 ? x.sum(-1) : x);

/** x as a column for the first particle and as a row for the second, so that an op on both gives one number for each pair of choices. */
const ofPair = (x: Tensor): [Tensor, Tensor] => [x.expandDims(1), x.expandDims(0)];

/**
 * The negative Renyi bound of two particles, log(mean of w^(1 - alpha)) / (1 - alpha), and its gradients; summed over the elements of the
 * plates that contain all sites, unless an op mixes these elements.
 */
export const exactBound = (
  { model, guide, params, mixesElements }: Program,
  alpha: number,
): Record<string, Float64Array> =>
  withGradients((values) => {
    const { logp, logq, weights } = allDensities({ model, guide, params, subset: {} }, values, !mixesElements);
    const [a, b] = ofPair(logp.sub(logq).mul(1 - alpha));
    const [p, q] = ofPair(weights);
    const bounds = a
      .logaddexp(b)
      .sub(Math.log(2))
      .div(1 - alpha);
    return overElements(bounds).mul(p).mul(q).sum().neg();
  }, params);

/** Reweighted wake-sleep of two particles without dreams: -log(mean of w) by log p alone, and -Σ v log q with v held constant. */
export const exactWake = ({ model, guide, params, mixesElements }: Program): Record<string, Float64Array> =>
  withGradients((values) => {
    const { logp, logq, weights } = allDensities({ model, guide, params, subset: {} }, values, !mixesElements);
    const [a, b] = ofPair(logp.sub(stopGradient(logq)));
    const total = a.logaddexp(b);
    const [p, q] = ofPair(stopGradient(weights));
    const [first, second] = ofPair(logq);
    const phi = stopGradient(a.sub(total).exp())
      .mul(first)
      .add(stopGradient(b.sub(total).exp()).mul(second));
    return overElements(total.sub(Math.log(2)).add(phi))
      .mul(p)
      .mul(q)
      .sum()
      .neg();
  }, params);
