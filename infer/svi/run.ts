/** The loop of `svi.run`: steps until there are enough, with a progress bar, early stopping and an abort signal. */
import { PedigradError, type Tensor, type TensorLike } from "../../autodiff/index.js";
import * as kinds from "../../provenance/base/kinds.js";
import { type Kind, refuseOption, requireKey, requireOptions } from "../checks.js";
import { argumentsOf, type Batches } from "./batches.js";
import type { JitMode } from "./options.js";
import { progressBar } from "./progress.js";
import type { Stepper, SVIState } from "./state.js";
import { configured, type Step, Steps, startOf } from "./steps.js";

export interface RunOptions {
  /** How many steps; for `svi.steps` it may be Infinity. */
  numSteps: number;
  /** Draw a bar on the terminal (default where there is one), or hand its text to a function. */
  progressBar?: boolean | ((text: string) => void);
  /** Keep the previous state where a loss is not finite. */
  stableUpdate?: boolean;
  /**
   * Go on from here instead of `init`. The state has a key of its own: that of the call is not used. With `batches` it also knows how
   * many of them it has taken, so that a run in two parts is the unbroken one.
   */
  initState?: SVIState;
  /** Constrained initial values by name, as for `svi.init`. */
  initParams?: Record<string, TensorLike>;
  /** Called after every step. */
  onStep?: (step: Step) => void;
  /** Stop after the step for which it returns true. */
  stopWhen?: (step: Step) => boolean;
  /**
   * Stop before the next step once it is aborted. A synchronous run holds the event loop, and so sees only an abort that its own
   * callbacks make; use `runAsync` with timeouts, buttons and other events.
   */
  signal?: { readonly aborted: boolean };
  /**
   * One item a step, appended to the arguments: minibatches. Started again (a function: called again) when it ends; the run stops
   * when it has nothing, as a generator object has the second time: give the generator function itself.
   */
  batches?: Batches;
  /** Compile the steps of this run or not; what the SVI says by default. */
  jit?: JitMode;
  /** Take gradients by forward mode, as in the options of the SVI. */
  forwardModeDifferentiation?: boolean;
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
} satisfies Record<string, Kind>;

/** Those of `svi.steps`, whose caller sees to the rest. */
export type StepOptions = Omit<RunOptions, "progressBar" | "onStep" | "stopWhen">;

export interface RunResult {
  /** Constrained parameters by name. */
  readonly params: Record<string, Tensor>;
  /** The loss of every step that was taken. */
  readonly losses: Float64Array;
  readonly state: SVIState;
  /** How many steps `stableUpdate` refused. */
  readonly refused: number;
  /** The parts of the losses by name, where the estimator has several: wakeTheta and phi of ReweightedWakeSleep. */
  readonly terms?: Record<string, Float64Array>;
}

function checkOptions(op: string, key: unknown, given: number | Partial<RunOptions>): RunOptions {
  requireKey(op, key);
  const options = typeof given === "number" ? { numSteps: given } : given;
  requireOptions(op, options, OPTIONS);
  const { numSteps } = options;
  const isCount =
    (typeof numSteps === "number" && Number.isInteger(numSteps)) || (op === MAY_BE_ENDLESS && numSteps === Infinity);
  if (!(isCount && numSteps >= 1))
    refuseOption(
      op,
      "numSteps",
      `numSteps must be a positive integer${op === MAY_BE_ENDLESS ? " or Infinity" : ""}, got ${numSteps}.`,
    );
  return { ...options, numSteps };
}

/** The loop of one's own, which may go on for ever. */
const MAY_BE_ENDLESS = "svi.steps";

/** The steps of a run, one at a time. */
export function stepsOf(
  given: Stepper,
  key: Tensor,
  options: number | Partial<RunOptions>,
  args: unknown[],
  op = MAY_BE_ENDLESS,
): Generator<Step> {
  const checked = checkOptions(op, key, options);
  return new Steps(configured(given, checked), key, checked, op).walk(args);
}

/** The state of a run that took no step: that before the first one, on the first batch. */
function untouched(svi: Stepper, key: Tensor, options: RunOptions, args: unknown[], op: string): SVIState {
  if (options.initState !== undefined && svi.space.knows(options.initState)) return options.initState;
  const { done, value } = argumentsOf(args, options.batches, 0, op).next();
  if (!done) return startOf(svi, key, options, value);
  throw new PedigradError({
    code: "empty",
    op,
    param: "batches",
    message: `${op}: batches is empty. Give at least one.`,
  });
}

/** The whole loop, a step at a time; returns its result. */
function* loop(svi: Stepper, key: Tensor, given: number | RunOptions, args: unknown[]): Generator<void, RunResult> {
  const op = "svi.run";
  const options = checkOptions(op, key, given);
  const losses: number[] = [];
  const terms: Record<string, number>[] = [];
  const bar = progressBar(options.progressBar, options.numSteps);
  const steps = new Steps(configured(svi, options), key, options, op);
  let last: Step | null = null;
  let refused = 0;
  try {
    for (const step of steps.walk(args)) {
      if (step.wasRefused) refused++;
      last = step;
      losses.push(step.loss);
      terms.push(step.terms);
      bar.update(losses);
      options.onStep?.(step);
      if (options.stopWhen?.(step)) break;
      yield;
    }
  } finally {
    bar.finish();
  }
  steps.check();
  const state = (last as Step | null)?.state ?? untouched(svi, key, options, args, op);
  const parts = columnsOf(terms);
  return {
    params: svi.getParams(state),
    losses: Float64Array.from(losses),
    state,
    refused,
    ...(parts && { terms: parts }),
  };
}

/** The numbers of every step by name; null where there are none. */
function columnsOf(rows: readonly Record<string, number>[]): Record<string, Float64Array> | null {
  const names = Object.keys(rows[0] ?? {});
  if (names.length === 0) return null;
  return Object.fromEntries(names.map((name) => [name, Float64Array.from(rows, (row) => row[name] as number)]));
}

/** The whole loop at once. */
export function runLoop(svi: Stepper, key: Tensor, given: number | RunOptions, args: unknown[]): RunResult {
  const steps = loop(svi, key, given, args);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** How many steps run before the event loop gets its turn. */
const STRIDE = 20;

/** The whole loop, letting the page breathe every few steps. */
export async function runLoopAsync(
  svi: Stepper,
  key: Tensor,
  given: number | RunOptions,
  args: unknown[],
): Promise<RunResult> {
  const steps = loop(svi, key, given, args);
  for (let count = 1; ; count++) {
    const { done, value } = steps.next();
    if (done) return value;
    if (count % STRIDE === 0) await new Promise<void>((resolve) => setTimeout(resolve, 0));
  }
}
