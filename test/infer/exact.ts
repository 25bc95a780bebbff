/**
 * The exact moments of an estimator, without sampling: `substitute` puts every configuration of the discrete latents into guide and model,
 * and the gradient of each configuration is weighted with its probability under the guide. All configurations run as one batch.
 */
import {
  type Elbo,
  type Model,
  random,
  type SampleSite,
  seed,
  stack,
  substitute,
  type Tensor,
  tensor,
  trace,
  valueAndGrad,
  vmap,
} from "../../index.js";
import { sampleSites } from "../../infer/program/trace.js";
import { flatten } from "./draws.js";

/** A latent: the shape of its value, and how many values each element has. */
export interface Latent {
  readonly shape: readonly number[];
  readonly count?: number;
}

/** All configurations of the latents along a first axis, by name. */
export function configurations(latents: Record<string, Latent>): Record<string, Tensor> {
  const sizes = Object.values(latents).map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  const counts = Object.values(latents).flatMap(({ count = 2 }, k) =>
    new Array<number>(sizes[k] as number).fill(count),
  );
  const total = counts.reduce((a, b) => a * b, 1);
  const rows = Array.from({ length: total }, (_, i) => {
    let rest = i;
    return counts.map((count) => {
      const digit = rest % count;
      rest = (rest - digit) / count;
      return digit;
    });
  });
  let at = 0;
  return Object.fromEntries(
    Object.entries(latents).map(([name, { shape }], k) => {
      const own = rows.map((row) => row.slice(at, at + (sizes[k] as number)));
      at += sizes[k] as number;
      return [name, tensor(own).reshape([total, ...shape])];
    }),
  );
}

export interface Moments {
  /** Moments of the gradient of the ELBO, by parameter, and of the ELBO itself, as `loss`. */
  readonly mean: Record<string, number[]>;
  readonly variance: Record<string, number[]>;
}
interface Task {
  readonly elbo: Elbo;
  readonly model: Model;
  readonly guide: Model;
  readonly params: Record<string, Tensor>;
  readonly latents: Record<string, Latent>;
  /** Run one configuration after the other, for models that read values. */
  readonly loop?: boolean;
}
type Named = Record<string, Tensor>;

const densityOf = (f: Model, values: Named, of: (site: SampleSite) => Tensor): Tensor =>
  [...sampleSites(trace(seed(substitute(f, values), 0)).getTrace())].reduce(
    (sum, site) => sum.add(of(site).sum()),
    tensor(0),
  );

/** The results of f for all configurations, stacked. */
function overAll(all: Named, loop: boolean, f: (config: Named) => Named): Named {
  if (!loop) return vmap(f)(all) as Named;
  const count = (Object.values(all)[0] as Tensor).length;
  const rows = Array.from({ length: count }, (_, i) =>
    f(Object.fromEntries(Object.entries(all).map(([name, x]) => [name, x.at(i)]))),
  );
  return Object.fromEntries(
    Object.keys(rows[0] as Named).map((name) => [name, stack(rows.map((row) => row[name] as Tensor))]),
  );
}

/** The moments of an estimator over the guide's distribution of the latents. */
export function exactMoments({ elbo, model, guide, params, latents, loop = false }: Task): Moments {
  const rows = overAll(configurations(latents), loop, (config) => {
    const [loss, grads] = elbo.lossAndGrads(random.key(0), params, model, substitute(guide, config));
    const weight = densityOf(guide, { ...params, ...config }, (site) => site.logProb()).exp();
    return { ...grads, loss, weight };
  });
  const weight = (rows.weight as Tensor).toFloat64Array();
  const mean: Record<string, number[]> = {};
  const variance: Record<string, number[]> = {};
  for (const [name, x] of Object.entries(rows)) {
    if (name === "weight") continue;
    const flat = x.toFloat64Array();
    const size = flat.length / weight.length;
    const moment = (f: (value: number, j: number) => number): number[] =>
      Array.from({ length: size }, (_, j) =>
        weight.reduce((sum, w, i) => sum + w * f(flat[i * size + j] as number, j), 0),
      );
    const m = moment((value) => value);
    mean[name] = m.map((value) => -value);
    variance[name] = moment((value, j) => (value - (m[j] as number)) ** 2);
  }
  return { mean, variance };
}

/** The ELBO by its definition, Σ q (log p - log q) over all configurations, and the gradient of this sum. */
export function exactElbo({
  model,
  guide,
  params,
  latents,
  loop = false,
}: Omit<Task, "elbo">): Record<string, number[]> {
  const all = configurations(latents);
  const [value, grads] = valueAndGrad((values: Named) => {
    const { term } = overAll(all, loop, (config) => {
      const known = { ...values, ...config };
      const logq = densityOf(guide, known, (site) => site.logProb());
      const scaled = densityOf(guide, known, (site) => site.scaledLogProb());
      const logp = densityOf(model, known, (site) => site.scaledLogProb());
      return { term: logq.exp().mul(logp.sub(scaled)) };
    });
    return (term as Tensor).sum();
  })(params);
  const numbers = Object.entries(grads as Named).map(([name, x]) => [name, [...x.toFloat64Array()]]);
  return { ...Object.fromEntries(numbers), loss: [value.item()] };
}

/** Check that each number differs from the expected number by at most a relative error. */
export function assertClose(got: number[], want: unknown, tolerance: number, what: string): void {
  flatten(want).forEach((value, j) => {
    const difference = Math.abs((got[j] as number) - value);
    if (!(difference <= tolerance * Math.max(1, Math.abs(value))))
      throw new Error(`${what}[${j}]: got ${got[j]}, want ${value}`);
  });
}
