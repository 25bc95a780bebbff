/** One particle is one run of the guide, then one run of the model with the values that the guide drew. */

import { sameShape } from "../../../autodiff/core/shape.js";
import { emptyRecord, mapTree, type Tensor, type Tree } from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import {
  currentAmbient,
  detachProvenance,
  inFreshRun,
  noteRead,
  Provenance,
  union,
} from "../../../provenance/index.js";
import { refuseSharedName } from "../../checks.js";
import type { InferOptions } from "../../program/inferOptions.js";
import { type Handler, type Model, type SampleMessage, withHandler } from "../../program/messages.js";
import { sharedPlatesHandler } from "../../program/subsamples.js";
import { type SampleSite, type Site, sampleSites, type Trace, traceOf } from "../../program/trace.js";
import { replayHandler, seedHandler, substituteHandler } from "../../program/values.js";
import { scoreSitesThatWereRead } from "./hostReads.js";
import { shareMasks } from "./masks.js";
import { checkPair, haveSameVisit } from "./match.js";
import type { Pair, Task } from "./pair.js";
import { runSeveral, type Vectorize } from "./severalParticles.js";
import { checkOptions, type Estimator } from "./siteOptions.js";

/** The part of a task that the run of one program needs. */
export type RunInputs = Pick<Task, "values" | "args">;

/** Run `f` with parameters and mutable state from `inputs.values`; draw latents with `key`, and tag them with their names. */
export const tracedRun = (f: Model, key: Tensor, inputs: RunInputs, ...handlers: Handler[]): Trace =>
  run(f, inputs, [...handlers, ...handlersOf(() => key, inputs)]);

/** Like `tracedRun`, with values replayed from `choices`; `keyOf` is called only if `f` draws further sites. */
export const replayedRun = (
  f: Model,
  choices: Trace,
  keyOf: () => Tensor,
  inputs: RunInputs,
  ...handlers: Handler[]
): Trace =>
  run(
    f,
    inputs,
    [...handlers, ...handlersOf(keyOf, inputs), replayHandler(choices), mutablesHandler(choices)],
    hostReadsOf(choices),
  );

/** A handler that gives each `mutable` the value that it had when the run of `trace` ended, so that the model continues from the guide. */
export const mutablesHandler = (trace: Trace): Handler => ({
  process: {
    mutable(message) {
      const site = trace.get(message.name);
      if (site?.type === "mutable") message.cell ??= { value: site.value };
    },
  },
});

const handlersOf = (keyOf: () => Tensor, { values }: RunInputs): Handler[] => [
  paramsHandler(values),
  seedHandler(keyOf, true),
];

/** A handler that gives params, mutables and networks their values. */
function paramsHandler(values: Record<string, Tensor>): Handler {
  // Remove the provenance of parameters: its sites belong to earlier steps, not to this run.
  const { process } = substituteHandler(detachProvenance(values));
  return { process: { ...process, sample: (message) => refuseParamName(message, values) } };
}

/** Refuse a latent with the name of a param. */
export function refuseParamName({ name, isObserved }: SampleMessage, params: Record<string, unknown>): void {
  if (!isObserved && Object.hasOwn(params, name)) refuseSharedName(name, "param", "sample");
}

/** By the trace of a run: the sites whose values host code had read when the run ended. */
const hostReads = /* @__PURE__ */ new WeakMap<Trace, Provenance>();
export const hostReadsOf = (trace: Trace): Provenance => hostReads.get(trace) ?? Provenance.empty;

/**
 * The trace of a run. The sites in `reads` count as read from the start: a guide may read a number and keep it in a variable that the
 * model uses, so the model's run starts with the reads of the guide.
 */
const run = (f: Model, { args }: RunInputs, handlers: readonly Handler[], reads = Provenance.empty): Trace =>
  inFreshRun(() => {
    if (reads.size > 0) noteRead(reads);
    const trace = traceOf(f, args, handlers);
    if (currentAmbient().size > 0) hostReads.set(trace, currentAmbient());
    return trace;
  });

/** Run the guide, then the model with the guide's draws, and check that the two traces match. */
export function runPrograms(key: Tensor, task: Task, ...handlers: Handler[]): Pair {
  return pairWithGuide(tracedRun(task.guide, random.foldIn(key, 0), task, ...handlers), key, task, ...handlers);
}

/** Like `runPrograms`, but sites whose values host code reads get a score-function gradient (hostReads.ts). */
export function runScoringReads(key: Tensor, task: Task): Pair {
  const pair = runPrograms(key, task);
  return pair.readSites.size === 0
    ? pair
    : scoreSitesThatWereRead(pair, (scoreHandler) => runPrograms(key, task, scoreHandler));
}

/** Run the model with the draws of `guide`, and check that the two traces match. */
export function pairWithGuide(guide: Trace, key: Tensor, task: Task, ...handlers: Handler[]): Pair {
  return pairOf(
    guide,
    replayedRun(task.model, guide, () => random.foldIn(key, 1), task, ...handlers),
  );
}

/** The pair of two traces, with the options that their sites use. Refuse traces that do not match. */
export function pairOf(guide: Trace, model: Trace, maxPlateNesting = Infinity): Pair {
  const usedOptions = new Set<keyof InferOptions>();
  let readSites = Provenance.empty;
  let isMatched = true;
  const collect = ({ infer, ambient }: SampleSite): void => {
    for (const option in infer) usedOptions.add(option as keyof InferOptions);
    if (ambient.size > 0) readSites = union(readSites, ambient);
  };
  for (const site of guide.values()) {
    const modelSite = model.get(site.name);
    if (site.type === "sample") {
      collect(site);
      isMatched &&= isSameLatent(site, modelSite);
    } else if (site.type === "plate") isMatched &&= modelSite?.type === "plate" && modelSite.size === site.size;
  }
  for (const site of sampleSites(model)) {
    collect(site);
    isMatched &&= site.isObserved || guide.get(site.name)?.type === "sample";
  }
  if (!isMatched) checkPair(guide, model, maxPlateNesting);
  if (usedOptions.has("sharesMask")) shareMasks(guide, model);
  return { guide, model, usedOptions, readSites, isMatched };
}

/** Whether guide site `q` and model site `p` are the same latent, with the same shapes and plates. */
function isSameLatent(q: SampleSite, p: Site | undefined): boolean {
  if (p?.type !== "sample" || p.isObserved || q.isObserved) return false;
  if (!sameShape(q.fn.batchShape, p.fn.batchShape) || !sameShape(q.fn.eventShape, p.fn.eventShape)) return false;
  return (
    q.plates.length === p.plates.length &&
    q.plates.every((a, i) => {
      const b = p.plates[i];
      return a.name === b?.name && a.dim === b.dim && haveSameVisit(a, b);
    })
  );
}

/** Call `body`, in which all runs visit the same elements of a subsampled plate. */
export const withSharedPlates = <R>(key: Tensor, body: () => R): R =>
  withHandler(
    sharedPlatesHandler(() => random.foldIn(key, 0)),
    body,
  );

/** The results of `evaluate` for every particle of a task. */
export interface ParticleResults<S> {
  /** The tensors that `evaluate` returned, stacked along a leading axis. */
  readonly results: Tree;
  /** The second values that `evaluate` returned, one for each call. A batch of particles is one call. */
  readonly shared: readonly S[];
  /** The mutable state after the first particle. */
  readonly mutableState: Record<string, Tensor>;
}

/** The part of an estimator that runs its particles. */
interface Runner<P extends Pair> extends Estimator {
  readonly numParticles: number;
  readonly vectorizeParticles: Vectorize;
  runParticle(key: Tensor, task: Task): P;
}

/** Run every particle of a task and call `evaluate` on it. All particles visit the same elements of a subsampled plate. */
export function inEveryParticle<P extends Pair, S>(
  estimator: Runner<P>,
  task: Task,
  evaluate: (particle: P) => readonly [tensors: Tree, shared: S],
): ParticleResults<S> {
  const runOne = (key: Tensor): readonly [Tree, S] => {
    const particle = estimator.runParticle(key, task);
    if (particle.usedOptions.size > 0) checkOptions(estimator, particle, task.isMeasured);
    const [tensors, shared] = evaluate(particle);
    return [{ tensors, mutable: mutableOf(particle) }, shared];
  };
  const { numParticles, vectorizeParticles } = estimator;
  const key = random.foldIn(task.key, 1);
  const [stacked, shared] = withSharedPlates(task.key, () =>
    runParticles(key, numParticles, vectorizeParticles, runOne),
  );
  const mutableState = mapTree(stacked.mutable, (leaf) => (leaf as Tensor).slice(0, 1).squeeze(0));
  return { results: stacked.tensors, shared, mutableState };
}

/** The final values of all `mutable` statements in guide and model, by name. */
export function mutableOf({ guide, model }: Pick<Pair, "guide" | "model">): Record<string, Tensor> {
  const values: Record<string, Tensor> = emptyRecord();
  for (const site of [...guide.values(), ...model.values()])
    if (site.type === "mutable") values[site.name] = site.value;
  return values;
}

/** The key of every particle. */
export const particleKeys = (key: Tensor, count: number): readonly Tensor[] =>
  count === 1 ? [key] : [...random.split(key, count)];

/** Call f(key) for every particle. Return the tensors of all calls, stacked along a new first axis, and the list of the other results. */
export function runParticles<S>(
  key: Tensor,
  count: number,
  vectorize: Vectorize,
  f: (key: Tensor) => readonly [tensors: Tree, shared: S],
): readonly [Tree, readonly S[]] {
  if (count > 1) return runSeveral(random.split(key, count), vectorize, f);
  const [tensors, shared] = f(key);
  return [mapTree(tensors, (leaf) => (leaf as Tensor).expandDims(0)), [shared]];
}
