/**
 * Measures the gradients of an estimator: the variance of each parameter's gradient over n draws (summed over its entries), and the time of
 * one compiled gradient. The average of all gradients that are computed in one second has the variance (variance · seconds), so the figure
 * of merit is 1 / (variance · seconds). This is the only file that reads the clock; `explain` reports times, and `recommend` uses them.
 */
import { emptyRecord, grad, jit, PedigradError, type Tensor } from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import type { Elbo } from "../elbo/elbo.js";
import { TraceMeanFieldELBO } from "../elbo/meanFieldElbo.js";
import type { Task } from "../elbo/particles/pair.js";
import { TraceELBO, TraceGraphELBO } from "../elbo/scoreElbo.js";
import { TraceEnumELBO } from "../enumeration/traceEnumElbo.js";
import { inEachDraw } from "../posterior/inEachDraw.js";
import { configEnumerate } from "../program/handlers.js";
import { requireOutside } from "../program/trace.js";

export interface GradientVariance {
  readonly estimator: string;
  /** The variance of the gradient of each parameter, summed over its entries. */
  readonly variance: Readonly<Record<string, number>>;
  /** The sum of `variance` over all parameters. */
  readonly total: number;
  /** The time of one compiled gradient. */
  readonly seconds: number;
  /** The figure of merit 1 / (total · seconds); Infinity for a gradient without noise. */
  readonly perSecond: number;
}

/** An estimator that refuses this model and guide, and its error message. */
export interface Refusal {
  readonly estimator: string;
  readonly why: string;
}

/** A gradient to measure: its estimator, the task, the parameters, and the number of draws. */
export interface Experiment {
  readonly elbo: Elbo;
  readonly task: Task;
  readonly params: Record<string, Tensor>;
  readonly draws: number;
}

/**
 * Measure an estimator and, with the same number of particles, the other estimators. TraceEnumELBO is measured only if the guide has sites
 * that can be enumerated.
 */
export function gradientVariances(
  experiment: Experiment,
  hasDiscrete: boolean,
): { variances: GradientVariance[]; refusals: Refusal[] } {
  const { elbo, task } = experiment;
  const { numParticles } = elbo;
  const options = { numParticles };
  const others = [new TraceELBO(options), new TraceGraphELBO(options), new TraceMeanFieldELBO(options)];
  const runs: { name: string; changes: Partial<Experiment> }[] = [
    elbo,
    ...others.filter(({ name }) => name !== elbo.name),
  ].map((estimator) => ({ name: estimator.name, changes: { elbo: estimator } }));
  if (elbo.name !== "TraceEnumELBO" && hasDiscrete) {
    const enumerated = { ...task, guide: configEnumerate(task.guide) };
    const exact = new TraceEnumELBO({ ...options, strictEnumerationWarning: false });
    runs.push({ name: "TraceEnumELBO, guide enumerated", changes: { elbo: exact, task: enumerated } });
  }
  const [variances, refusals]: [GradientVariance[], Refusal[]] = [[], []];
  for (const { name, changes } of runs) {
    const estimator = numParticles === 1 ? name : `${name} (${numParticles} particles)`;
    const result = measure(estimator, { ...experiment, ...changes });
    if ("why" in result) refusals.push(result);
    else variances.push(result);
  }
  return { variances, refusals };
}

/**
 * Measure an estimator's gradients, after a warm-up in which the decaying averages of baselines settle. An estimator that refuses the model
 * or the guide gives a refusal.
 */
export function measure(estimator: string, experiment: Experiment): GradientVariance | Refusal {
  try {
    return { estimator, ...varianceOf({ ...experiment, task: afterWarmUp(experiment) }) };
  } catch (error) {
    if (!(error instanceof PedigradError)) throw error;
    return { estimator, why: error.message };
  }
}

/** The time of a gradient and its figure of merit, as text. */
export const formatSpeed = ({ seconds, perSecond }: GradientVariance): string =>
  `${(1e6 * seconds).toPrecision(3)} µs; ${perSecond.toPrecision(3)} per second`;

const WARM_UP_STEPS = 100;
/** The task with its mutable state and decaying averages after `WARM_UP_STEPS` steps. */
function afterWarmUp({ elbo, task, params }: Experiment): Task {
  requireOutside(`${elbo.name}.lossWithMutableState`);
  let last: Task = { ...task, values: { ...task.values, ...params } };
  for (let i = 0; i < WARM_UP_STEPS; i++) {
    const { mutableState, averages = emptyRecord() } = elbo.estimate({ ...last, key: random.foldIn(task.key, i) });
    if (Object.keys(mutableState).length + Object.keys(averages).length === 0) break;
    last = { ...last, values: { ...last.values, ...mutableState }, averages };
  }
  return last;
}

function varianceOf({ elbo, task, params, draws: n }: Experiment): Omit<GradientVariance, "estimator"> {
  // Leave out the gradient of the loss that trains the baselines.
  const gradient = grad((p: Record<string, Tensor>, key: Tensor) => {
    const { loss, lossOfGuide = loss } = elbo.estimate({ ...task, key, values: { ...task.values, ...p } });
    return lossOfGuide;
  });
  const draws = inEachDraw((key) => gradient(params, key), random.split(task.key, n));
  const variance = emptyRecord<number>();
  for (const name of Object.keys(params)) {
    const rows = draws[name] as Tensor;
    const spread = rows.sub(rows.mean(0)).square().sum().item() / (n - 1);
    // A variance within rounding error counts as 0.
    const isNegligible = spread < 1e-24 * (1 + rows.square().sum().item() / n);
    variance[name] = isNegligible ? 0 : spread;
  }
  const total = Object.values(variance).reduce((a, b) => a + b, 0);
  const seconds = timeOf(gradient, params, task.key);
  return { variance, total, seconds, perSecond: total === 0 ? Infinity : 1 / (total * seconds) };
}

/** The number of blocks, and the least length of a block in steps of the clock. */
const [BLOCKS, TICKS] = [25, 10];

/**
 * The median time of a compiled gradient, or of an eager one if the model cannot be compiled, in seconds. A browser's clock advances in
 * steps of 0.1 to 1 ms, so runs are timed in blocks that last at least ten steps of the clock. Parameters are inputs, as in a fit: results that
 * depend on captured ones would be computed only once.
 */
function timeOf<P>(gradient: (params: P, key: Tensor) => P, params: P, key: Tensor): number {
  const compiled = jit(gradient);
  let run: (params: P, key: Tensor) => unknown = compiled;
  try {
    for (let i = 0; i < 5; i++) compiled(params, random.foldIn(key, i));
  } catch (error) {
    if (!(error instanceof PedigradError)) throw error;
    run = gradient;
  }
  const keys = Array.from({ length: 16 }, (_, i) => random.foldIn(key, 5 + i));
  const block = (runs: number): number => {
    const start = performance.now();
    for (let i = 0; i < runs; i++) run(params, keys[i % keys.length] as Tensor);
    return performance.now() - start;
  };
  const blockTime = TICKS * tickOfClock();
  if (blockTime === 0) return 0;
  // Other processes may delay some blocks, so test whether the median block is long enough.
  for (let runs = 1; ; runs *= 2) {
    if (block(runs) < blockTime) continue;
    const times = Array.from({ length: BLOCKS }, () => block(runs)).sort((x, y) => x - y);
    const median = times[BLOCKS >> 1] as number;
    if (median >= blockTime / 2) return median / runs / 1000;
  }
}

/** The smallest step of the clock, in milliseconds; 0 if the clock does not advance. */
function tickOfClock(): number {
  let [before, tick, ticks] = [performance.now(), Infinity, 0];
  for (let i = 0; i < 1e6 && ticks < 3; i++) {
    const now = performance.now();
    if (now === before) continue;
    tick = Math.min(tick, now - before);
    before = now;
    ticks++;
  }
  return ticks === 0 ? 0 : tick;
}
