/**
 * How good an estimator's gradients are, measured: the variance of each parameter's gradient over n draws (summed over its entries), and
 * the time that a compiled gradient takes. What a second of compute buys is 1 / (variance · seconds): a second's worth of gradients,
 * averaged, has variance · seconds. The one place that reads the clock: times are reported, and decide nothing.
 */
import { emptyRecord, jit, PedigradError, random, type Tensor, vmap } from "../autodiff/index.js";
import { configEnumerate } from "./effects.js";
import type { Elbo } from "./elbo.js";
import { TraceMeanFieldELBO } from "./meanFieldElbo.js";
import { stackTrees, type Task } from "./particles.js";
import { TraceELBO, TraceGraphELBO } from "./scoreElbo.js";
import { TraceEnumELBO } from "./traceEnumElbo.js";

export interface GradientVariance {
  readonly estimator: string;
  /** By parameter. */
  readonly variance: Readonly<Record<string, number>>;
  /** Of all parameters together. */
  readonly total: number;
  /** One compiled gradient. */
  readonly seconds: number;
  /** 1 / (total · seconds); Infinity for a gradient without noise. */
  readonly perSecond: number;
}

/** `elbo` and every other estimator of the same loss that applies; those that refuse the pair are left out. */
export function gradientVariances(
  elbo: Elbo,
  task: Task,
  params: Record<string, Tensor>,
  n: number,
): GradientVariance[] {
  const others = [new TraceELBO(), new TraceGraphELBO(), new TraceMeanFieldELBO()].filter(
    ({ name }) => name !== elbo.name,
  );
  const rows = [elbo, ...others].map((one) => (): GradientVariance => measured(one.name, one, task, params, n));
  if (elbo.name !== "TraceEnumELBO") {
    const enumerated = { ...task, guide: configEnumerate(task.guide) };
    rows.push(() => measured("TraceEnumELBO, guide enumerated", new TraceEnumELBO(), enumerated, params, n));
  }
  return rows.flatMap((row) => {
    try {
      return [row()];
    } catch (error) {
      if (error instanceof PedigradError) return [];
      throw error;
    }
  });
}

function measured(
  estimator: string,
  elbo: Elbo,
  { key, values, model, guide, args }: Task,
  params: Record<string, Tensor>,
  n: number,
): GradientVariance {
  const gradient = (k: Tensor): Record<string, Tensor> =>
    elbo.lossAndGrads(k, { ...values, ...params }, model, guide, ...args)[1];
  const draws = drawsOf(gradient, random.split(key, n));
  const variance = emptyRecord<number>();
  for (const name of Object.keys(params)) {
    const rows = draws[name] as Tensor;
    const spread = rows.sub(rows.mean(0)).square().sum().item() / (n - 1);
    // What rounding leaves is none.
    const isNone = spread < 1e-24 * (1 + rows.square().sum().item() / n);
    variance[name] = isNone ? 0 : spread;
  }
  const total = Object.values(variance).reduce((a, b) => a + b, 0);
  const seconds = timeOf(gradient, key);
  return { estimator, variance, total, seconds, perSecond: total === 0 ? Infinity : 1 / (total * seconds) };
}

/** Gradients for all keys, as a batch or, where the model reads what it draws, one by one. */
function drawsOf(gradient: (key: Tensor) => Record<string, Tensor>, keys: Tensor): Record<string, Tensor> {
  try {
    return vmap(gradient)(keys);
  } catch (error) {
    if (!(error instanceof PedigradError && error.code === "read-in-vmap")) throw error;
    return stackTrees([...keys].map(gradient)) as Record<string, Tensor>;
  }
}

/** The median time of a compiled gradient (eager where the model cannot be compiled), in seconds. */
function timeOf(gradient: (key: Tensor) => Record<string, Tensor>, key: Tensor): number {
  const compiled = jit(gradient);
  let run: (k: Tensor) => unknown = compiled;
  try {
    for (let i = 0; i < 5; i++) compiled(random.foldIn(key, i));
  } catch (error) {
    if (!(error instanceof PedigradError)) throw error;
    run = gradient;
  }
  const times = Array.from({ length: 51 }, (_, i) => {
    const start = performance.now();
    run(random.foldIn(key, 5 + i));
    return performance.now() - start;
  });
  return (times.sort((a, b) => a - b)[25] as number) / 1000;
}
