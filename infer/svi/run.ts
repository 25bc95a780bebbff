/** The loop of `svi.run`: `numSteps` steps, with a progress bar, early stopping and an abort signal. */
import type { Tensor, TensorLike } from "../../autodiff/index.js";
import * as kinds from "../../provenance/base/kinds.js";
import { isTrue, type Kind, refuseOption, requireKey, requireKind, requireOptions, show } from "../checks.js";
import { argumentsOf, type Batches } from "./batches.js";
import type { JitMode } from "./options.js";
import { progressBar } from "./progress.js";
import type { Stepper, SVIState } from "./state.js";
import { initialState, type Step, Steps } from "./steps.js";

export interface RunOptions {
  /** The number of steps; for `svi.steps` it may be Infinity. */
  numSteps: number;
  /** Whether to draw a progress bar (by default, if there is a terminal), or a function that receives the text of the bar. */
  progressBar?: boolean | ((text: string) => void) | undefined;
  /** Keep the state from before a step if the loss of the step, or a parameter after the step, is not finite. */
  stableUpdate?: boolean | undefined;
  /**
   * Continue from this state instead of a new one. The state contains a key, so the key of the call is not used. With
   * `batches`, the state also contains the number of batches taken, so that two runs in sequence equal one long run.
   */
  initState?: SVIState | undefined;
  /** Constrained initial values by name, as for `svi.init`. */
  initParams?: Record<string, TensorLike> | undefined;
  /** Called after every step. */
  onStep?: ((step: Step) => void) | undefined;
  /** Stop after the first step for which this function returns true. */
  stopWhen?: ((step: Step) => boolean) | undefined;
  /**
   * Stop before the next step once the signal is aborted. `run` blocks the event loop, so only callbacks such as `onStep` can abort the
   * signal during the run. With `runAsync`, timeouts, buttons and other events can abort it too.
   */
  signal?: { readonly aborted: boolean } | undefined;
  /**
   * Minibatches. Each step appends one item to its arguments. After the last item, iteration starts again (if `batches` is a function, it
   * is called again). A generator object can be iterated only once, after which the run stops. So pass the generator function itself.
   */
  batches?: Batches | undefined;
  /** Whether to compile the steps of this run; by default the option of the SVI. */
  jit?: JitMode | undefined;
  /** Whether to take gradients by forward mode; by default the option of the SVI. */
  forwardModeDifferentiation?: boolean | undefined;
}
const isBatches = (x: unknown): boolean =>
  typeof x === "function" || typeof (x as Iterable<unknown> | null)?.[Symbol.iterator] === "function";
const OPTIONS = {
  numSteps: kinds.any,
  progressBar: [(x) => ["boolean", "function"].includes(typeof x), "true, false or a function of its text"],
  stableUpdate: kinds.flag,
  initState: kinds.any,
  initParams: kinds.record,
  onStep: kinds.function,
  stopWhen: kinds.function,
  signal: [(x) => typeof (x as { aborted?: unknown } | null)?.aborted === "boolean", "an AbortSignal"],
  batches: [isBatches, "an array, an iterable or a generator function"],
  jit: kinds.any,
  forwardModeDifferentiation: kinds.flag,
} satisfies Record<keyof RunOptions, Kind>;

/** The options of `svi.steps`. The caller of `svi.steps` writes the loop, so options for progress, callbacks and stopping are left out. */
export type StepOptions = Omit<RunOptions, "progressBar" | "onStep" | "stopWhen">;

export interface RunResult {
  /** Constrained parameters by name. */
  readonly params: Record<string, Tensor>;
  /** The loss of every step. */
  readonly losses: Float64Array;
  readonly state: SVIState;
  /** The number of steps that `stableUpdate` refused. */
  readonly refused: number;
  /** The parts of the losses by name, if the loss has several parts, such as wakeTheta and phi of ReweightedWakeSleep. */
  readonly terms?: Record<string, Float64Array>;
}

/** The only function that accepts Infinity as `numSteps`, because its caller writes the loop and can end it. */
const MAY_BE_ENDLESS = "svi.steps";

/** A run that has not taken a step yet, after a check of its options. */
function startRun(op: string, svi: Stepper, key: Tensor, numStepsOrOptions: number | Partial<RunOptions>): Steps {
  requireKey(op, key);
  const options = typeof numStepsOrOptions === "number" ? { numSteps: numStepsOrOptions } : numStepsOrOptions;
  requireOptions(op, options, OPTIONS);
  const { numSteps, initState, initParams, jit, forwardModeDifferentiation } = options as RunOptions;
  const mayBeEndless = op === MAY_BE_ENDLESS;
  if (!((Number.isInteger(numSteps) || (mayBeEndless && numSteps === Infinity)) && numSteps >= 1))
    refuseOption(
      op,
      "numSteps",
      `numSteps must be a positive integer${mayBeEndless ? " or Infinity" : ""}, got ${show(numSteps)}.`,
    );
  if (initState !== undefined && initParams !== undefined)
    refuseOption(op, "initParams", "give initState or initParams, not both.");
  return new Steps(svi.with({ jit, forwardModeDifferentiation }), key, { ...options, numSteps }, op);
}

/** The steps of a run, one at a time. */
export const stepsOf = (
  svi: Stepper,
  key: Tensor,
  options: number | Partial<RunOptions>,
  args: unknown[],
): Generator<Step> => startRun(MAY_BE_ENDLESS, svi, key, options).walk(args);

/** The final state of a run that was aborted before its first step. */
function stateWithoutSteps({ svi, key, options, op }: Steps, args: unknown[]): SVIState {
  const { initState, batches } = options;
  if (initState !== undefined && svi.space.coversParams(initState)) return initState;
  const { done, value } = argumentsOf(args, batches, 0, op).next();
  if (!done) return initialState(svi, key, options, value);
  return refuseOption(op, "batches", "batches is empty. Give at least one minibatch.", undefined, "empty");
}

/** The whole loop as a generator that yields after each step and returns the result. */
function* loop(
  svi: Stepper,
  key: Tensor,
  numStepsOrOptions: number | RunOptions,
  args: unknown[],
): Generator<void, RunResult> {
  const steps = startRun("svi.run", svi, key, numStepsOrOptions);
  const { options } = steps;
  const losses: number[] = [];
  const terms: Record<string, number>[] = [];
  const bar = progressBar(options.progressBar, options.numSteps);
  let last: Step | undefined;
  try {
    for (last of steps.walk(args)) {
      losses.push(last.loss);
      terms.push(last.terms);
      bar.update(losses);
      requireKind("svi.run", "the result of onStep", options.onStep?.(last), plainValue);
      if (isTrue("svi.run", "stopWhen", options.stopWhen?.(last))) break;
      yield;
    }
  } finally {
    bar.finish();
  }
  steps.check();
  const state = last?.state ?? stateWithoutSteps(steps, args);
  const parts = columnsOf(terms);
  return {
    params: svi.getParams(state),
    losses: Float64Array.from(losses),
    state,
    refused: steps.refused,
    ...(parts && { terms: parts }),
  };
}

/** The parts of the loss in all steps, as one array for each name; null if the loss has no parts. */
function columnsOf(rows: readonly Record<string, number>[]): Record<string, Float64Array> | null {
  const names = Object.keys(rows[0] ?? {});
  if (names.length === 0) return null;
  return Object.fromEntries(names.map((name) => [name, Float64Array.from(rows, (row) => row[name] as number)]));
}

/** Any value but a promise, which nothing would wait for. If the promise is rejected, this is not another error. */
const plainValue: Kind = [(x) => !(x instanceof Promise && x.catch(() => {})), "a plain value"];

/** Run the whole loop without a pause. */
export function runLoop(svi: Stepper, key: Tensor, options: number | RunOptions, args: unknown[]): RunResult {
  const steps = loop(svi, key, options, args);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** The number of steps between two pauses. */
const STEPS_PER_PAUSE = 20;

/** Run the whole loop, and pause after every few steps so that the event loop can run. */
export async function runLoopAsync(
  svi: Stepper,
  key: Tensor,
  options: number | RunOptions,
  args: unknown[],
): Promise<RunResult> {
  const steps = loop(svi, key, options, args);
  for (let count = 1; ; count++) {
    const { done, value } = steps.next();
    if (done) return value;
    if (count % STEPS_PER_PAUSE === 0) await new Promise<void>((resolve) => setTimeout(resolve, 0));
  }
}
