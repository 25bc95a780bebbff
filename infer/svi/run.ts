/** The loop of `svi.run`: steps until there are enough, with a progress bar, early stopping and a hand on the brake. */
import { textOf } from "../../autodiff/core/tensor.js";
import { PedigradError, type Tensor, type TensorLike } from "../../autodiff/index.js";
import { type Kind, kinds, refuseOption, requireKey, requireOptions } from "../checks.js";
import { progressBar } from "./progress.js";
import { hasFiniteParams, type SVIState } from "./state.js";
import type { JitMode, SVI } from "./svi.js";

/** One step of a run: its number (from 0), its loss, the state after it. */
export interface Step {
  readonly step: number;
  readonly loss: number;
  readonly state: SVIState;
  /** Whether `stableUpdate` kept the state of the step before. */
  readonly wasRefused: boolean;
}

export interface RunOptions {
  /** How many steps; for `svi.steps` it may be Infinity. */
  numSteps: number;
  /** Draw a bar on the terminal (default where there is one), or hand its text to a function. */
  progressBar?: boolean | ((text: string) => void);
  /** Keep the previous state where a loss is not finite. */
  stableUpdate?: boolean;
  /** Go on from here instead of `init`. The state has a key of its own: that of the call is not used. */
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
  signal?: AbortSignal;
  /**
   * One item a step, appended to the arguments: minibatches. Started again (a function: called again) when it ends; the run stops
   * when it has nothing, as a generator object has the second time: give the generator function itself.
   */
  batches?: Iterable<unknown> | (() => Iterable<unknown>);
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

export interface RunResult {
  /** Constrained parameters by name. */
  readonly params: Record<string, Tensor>;
  /** The loss of every step that was taken. */
  readonly losses: Float64Array;
  readonly state: SVIState;
  /** How many steps `stableUpdate` refused. */
  readonly refused: number;
}

function checkOptions(op: string, key: unknown, given: number | Partial<RunOptions>): RunOptions {
  requireKey(op, key);
  const options = typeof given === "number" ? { numSteps: given } : given;
  requireOptions(op, options, OPTIONS);
  const { numSteps } = options;
  const isCount =
    (typeof numSteps === "number" && Number.isInteger(numSteps)) || (op === ENDLESS && numSteps === Infinity);
  if (!(isCount && numSteps >= 1))
    refuseOption(
      op,
      "numSteps",
      `numSteps must be a positive integer${op === ENDLESS ? " or Infinity" : ""}, got ${numSteps}.`,
    );
  return { ...options, numSteps };
}

/** The loop of one's own, which may go on for ever. */
const ENDLESS = "svi.steps";

/** The arguments of every step. */
function* argumentsOf(args: unknown[], batches: RunOptions["batches"], op: string): Generator<unknown[]> {
  if (batches === undefined) for (;;) yield args;
  for (let taken = 0; ; ) {
    const before = taken;
    for (const batch of typeof batches === "function" ? batches() : batches) {
      taken++;
      yield [...args, batch];
    }
    if (taken > before) continue;
    if (taken > 0)
      console.warn(
        `pedigrad: ${op} ends after ${taken} steps: batches can be gone through only once. Give an array, or the generator function itself.`,
      );
    return;
  }
}

/** The state before the first step. */
function startOf(svi: SVI, key: Tensor, { initState, initParams }: RunOptions, args: unknown[]): SVIState {
  if (initState === undefined) return svi.init({ key, ...(initParams && { initParams }) }, ...args);
  if (!svi.knows(initState)) svi.init(key, ...args);
  svi.requireOwn("svi.run", initState);
  return initState;
}

/** The steps of a run, one at a time. */
export function stepsOf(
  given: SVI,
  key: Tensor,
  options: number | Partial<RunOptions>,
  args: unknown[],
  op = ENDLESS,
): Generator<Step> {
  return walk(given, key, checkOptions(op, key, options), args, op);
}

function* walk(given: SVI, key: Tensor, options: RunOptions, args: unknown[], op: string): Generator<Step> {
  const { numSteps, stableUpdate, signal, batches, jit, forwardModeDifferentiation } = options;
  const svi = given.with({
    ...(jit !== undefined && { jit }),
    ...(forwardModeDifferentiation && { forwardModeDifferentiation }),
  });
  let state: SVIState | null = null;
  const supply = argumentsOf(args, batches, op);
  try {
    for (let step = 0; step < numSteps && !signal?.aborted; step++) {
      const { done, value: all } = supply.next();
      if (done) return;
      const before: SVIState = state ?? startOf(svi, key, options, all);
      const [next, loss] = advance(svi, before, step, all, stableUpdate);
      if (!Number.isFinite(loss) && !stableUpdate) throw unsoundLoss(svi, before, step, loss, all);
      state = next;
      yield { step, loss, state, wasRefused: next.params === before.params };
    }
  } finally {
    supply.return(undefined);
  }
}

/** The state of a run that took no step: that before the first one, on the first batch. */
function untouched(svi: SVI, key: Tensor, options: RunOptions, args: unknown[], op: string): SVIState {
  if (options.initState !== undefined && svi.knows(options.initState)) return options.initState;
  const { done, value } = argumentsOf(args, options.batches, op).next();
  if (!done) return startOf(svi, key, options, value);
  throw new PedigradError({
    code: "empty",
    op,
    param: "batches",
    message: `${op}: batches is empty. Give at least one.`,
  });
}

/** One step; where parameters that are no numbers any more make it throw, the error is that of a loss that is none. */
function advance(svi: SVI, before: SVIState, step: number, args: unknown[], stable = false): [SVIState, number] {
  try {
    return stable ? svi.stableUpdate(before, ...args) : svi.update(before, ...args);
  } catch (error) {
    if (hasFiniteParams(before)) throw error;
    throw unsoundLoss(svi, before, step, Number.NaN, args);
  }
}

/** The whole loop, a step at a time; returns its result. */
function* loop(svi: SVI, key: Tensor, given: number | RunOptions, args: unknown[]): Generator<void, RunResult> {
  const op = "svi.run";
  const options = checkOptions(op, key, given);
  const losses: number[] = [];
  const bar = progressBar(options.progressBar, options.numSteps);
  let state: SVIState | null = null;
  let refused = 0;
  try {
    for (const step of stepsOf(svi, key, options, args, op)) {
      if (step.wasRefused) refused++;
      state = step.state;
      losses.push(step.loss);
      bar.update(losses);
      options.onStep?.(step);
      if (options.stopWhen?.(step)) break;
      yield;
    }
  } finally {
    bar.finish();
  }
  state ??= untouched(svi, key, options, args, op);
  return { params: svi.getParams(state), losses: Float64Array.from(losses), state, refused };
}

/** The whole loop at once. */
export function runLoop(svi: SVI, key: Tensor, given: number | RunOptions, args: unknown[]): RunResult {
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
  svi: SVI,
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

/** The error for a loss that is not finite: which site made it, from which value and parameters. */
function unsoundLoss(svi: SVI, state: SVIState, step: number, loss: number, args: unknown[]): PedigradError {
  const culprits = svi.unsoundSites(state, ...args);
  const sites = [...culprits].map(([name, value]) => `"${name}" (value ${brief(value)})`).join(", ");
  const params = Object.entries(svi.getParams(state)).map(([name, value]) => `${name} = ${brief(value)}`);
  const reason = Number.isNaN(loss)
    ? "Lower the learning rate, or look at the data for NaN"
    : "A density is 0 or infinite there: look at the data, or keep the guide where the model is possible";
  return new PedigradError({
    code: Number.isNaN(loss) ? "nan-loss" : "infinite-loss",
    site: culprits.keys().next().value,
    message: `svi.run: the loss of step ${step} is ${loss}${sites && `, made by site ${sites}`}. The parameters were ${params.join(", ") || "none"}. ${reason}; { stableUpdate: true } skips such steps.`,
  });
}

const brief = (x: Tensor): string => textOf(x).replace("Tensor[] ", "").slice(0, 80);
