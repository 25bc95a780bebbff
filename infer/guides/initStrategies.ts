/** Strategies for the initial values of an autoguide. A strategy returns a constrained value for a latent site. */
import { elementsOf } from "../../autodiff/core/reads.js";
import { broadcastsTo, showShape } from "../../autodiff/core/shape.js";
import { textOf } from "../../autodiff/core/tensor.js";
import {
  broadcastTo,
  type ErrorCode,
  isFinite,
  PedigradError,
  type Tensor,
  type TensorLike,
  tensor,
  where,
  zeros,
} from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { requireThat } from "../../distributions/core/validation.js";
import { bijectTo, type Distribution } from "../../distributions/index.js";
import * as kinds from "../../provenance/base/kinds.js";
import { requireKind, requireOptions } from "../checks.js";
import type { PlateFrame } from "../program/messages.js";
import { reportAsSite } from "../program/traceChecks.js";

/** The part of a latent site that a strategy uses. */
export interface LatentSite {
  readonly name: string;
  readonly fn: Distribution;
  /** The plates around the site. */
  readonly plates?: readonly PlateFrame[];
}
export interface InitStrategy {
  (site: LatentSite, key: Tensor): Tensor;
  /** The strategy's name in errors. */
  readonly title?: string;
  /** The names of the sites for which the strategy has values. */
  readonly names?: readonly string[];
}

const withTitle = (
  title: string,
  start: (site: LatentSite, key: Tensor) => Tensor,
  names: readonly string[] = [],
): InitStrategy => Object.assign(start, { title, names });

const fromUnconstrained = ({ fn }: LatentSite, draw: (shape: readonly number[]) => Tensor): Tensor => {
  const transform = bijectTo(fn.support);
  return transform.forward(draw(transform.inverseShape(fn.shape())));
};

/** Start each latent at 0 in unconstrained space. */
export const initToFeasible = (): InitStrategy => withTitle("initToFeasible", (site) => fromUnconstrained(site, zeros));

/** Start each latent at a uniform draw on [-radius, radius] in unconstrained space. */
export function initToUniform(options: { radius?: number | undefined } = {}): InitStrategy {
  requireOptions("initToUniform", options, { radius: kinds.positive });
  const { radius = 2 } = options;
  return withTitle("initToUniform", (site, key) =>
    fromUnconstrained(site, (shape) => random.uniform(key, shape, -radius, radius)),
  );
}

/** A strategy that draws from the prior. A flat prior, which cannot be sampled, starts as with initToUniform, like in NumPyro. */
const fromPrior = (title: string, start: (fn: Distribution, key: Tensor) => Tensor): InitStrategy =>
  withTitle(title, (site, key) => {
    try {
      return start(site.fn, key);
    } catch (error) {
      if (error instanceof PedigradError && error.code === "no-sampler") return initToUniform()(site, key);
      throw error;
    }
  });

/** Start each latent at a draw from its prior. */
export const initToSample = (): InitStrategy => fromPrior("initToSample", (fn, key) => fn.sample(key));

/** Start each latent at the elementwise median of `numSamples` draws from its prior. */
export function initToMedian(options: { numSamples?: number | undefined } = {}): InitStrategy {
  requireOptions("initToMedian", options, { numSamples: kinds.count });
  return fromPrior("initToMedian", (fn, key) => medianOfDraws(fn, key, options.numSamples));
}

function medianOfDraws(fn: Distribution, key: Tensor, numSamples = 15): Tensor {
  const draws = fn.sample(key, [numSamples]);
  const rows = draws.reshape([numSamples, -1]).transpose().toArray() as number[][];
  const middle = rows.map((row) => row.sort((a, b) => a - b)[numSamples >> 1] as number);
  return projectToSupport(fn, tensor(middle).reshape(fn.shape()));
}

/**
 * Start each latent at the mean of its prior. Elements whose mean is missing or infinite start at the median instead; if
 * the median too is missing or infinite, they start at 0 in unconstrained space.
 */
export const initToMean = (): InitStrategy =>
  withTitle("initToMean", (site, key) => {
    const { fn } = site;
    const candidates = [
      () => fn.mean,
      () => fn.icdf(0.5),
      () => medianOfDraws(fn, key),
      () => initToFeasible()(site, key),
    ];
    let start: Tensor | null = null;
    for (const compute of candidates) {
      const value = broadcastTo(valueOrNaN(compute), fn.shape());
      start = start === null ? value : where(isFinite(start), start, value);
      if (elementsOf(start).every(Number.isFinite)) break;
    }
    return start as Tensor;
  });

/** The result of `compute`, or NaN if it throws a PedigradError, for example because the distribution has no mean. */
function valueOrNaN(compute: () => Tensor): Tensor {
  try {
    return compute();
  } catch (error) {
    if (error instanceof PedigradError) return tensor(Number.NaN);
    throw error;
  }
}

/** Start latents at the given values, by name. Sites without a value use the strategy `fallback`. */
export function initToValue(
  values: Record<string, TensorLike>,
  fallback: InitStrategy = initToUniform(),
): InitStrategy {
  const areValues = (x: unknown) => kinds.record[0](x) && !Object.values(x as object).some(kinds.record[0]);
  requireKind("initToValue", "the first argument", values, [areValues, "values by the names of their sites"]);
  requireKind("initToValue", "the second argument", fallback, [
    kinds.function[0],
    "a strategy, such as initToMedian()",
  ]);
  return withTitle(
    "initToValue",
    (site, key) => (Object.hasOwn(values, site.name) ? tensor(values[site.name] as TensorLike) : fallback(site, key)),
    [...Object.keys(values), ...(fallback.names ?? [])],
  );
}

/** A value projected to the support of the distribution. For example, elementwise medians of a simplex need not sum to 1. */
function projectToSupport({ support }: Distribution, value: Tensor): Tensor {
  const transform = bijectTo(support);
  return transform.forward(transform.inverse(value));
}

/** The shape of a site, with the full size of each subsampled plate for which `value` has all elements. */
function shapeWithWholePlates(value: Tensor, { fn, plates = [] }: LatentSite): readonly number[] {
  const shape = [...fn.shape()];
  for (const { dim, size } of plates) {
    const axis = (dim ?? Number.NaN) - fn.eventDim;
    if (size !== null && value.shape.at(axis) === size && -axis <= value.shape.length)
      shape[shape.length + axis] = size;
  }
  return shape;
}

/**
 * The initial value of a latent according to `strategy`. It must lie inside the support and broadcast to the site's shape, in which
 * subsampled plates may have their full size. Errors name the strategy and the site.
 */
export function startingValue(strategy: InitStrategy, site: LatentSite, key: Tensor): Tensor {
  const { name, fn } = site;
  const subject = `${strategy.title ?? "initLocFn"}: latent site`;
  const refuse = (code: ErrorCode, message: string): never => {
    throw new PedigradError({ code, site: name, message: `${subject} "${name}": ${message}` });
  };
  return reportAsSite(
    name,
    () => {
      const value = tensor(strategy(site, key));
      const shape = shapeWithWholePlates(value, site);
      if (!broadcastsTo(value.shape, shape))
        refuse(
          "shape-mismatch",
          `the initial value has shape ${showShape(value.shape)}, but the site has shape ${showShape(fn.shape())}. Give a value that broadcasts to it.`,
        );
      const whole = broadcastTo(value, shape);
      requireThat(whole, fn.support, { family: fn.label, what: "value" });
      const transform = bijectTo(fn.support);
      const unconstrained = transform.inverse(whole);
      if (unconstrained.batch === null && !elementsOf(unconstrained).every(Number.isFinite))
        refuse(
          "bad-initial-value",
          `the initial value ${textOf(value)} lies on the boundary of its support. Start the site strictly inside.`,
        );
      return transform.forward(unconstrained);
    },
    subject,
  );
}
