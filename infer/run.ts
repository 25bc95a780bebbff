/** The loop of `svi.run`: steps until there are enough, with a progress bar, early stopping and a hand on the brake. */
import { PedigradError, type Tensor, type TensorLike } from "../autodiff/index.js";
import { progressBar } from "./progress.js";
import type { JitMode, SVI, SVIState } from "./svi.js";

/** One step of a run: its number (from 0), its loss, the state after it. */
export interface Step {
  readonly step: number;
  readonly loss: number;
  readonly state: SVIState;
  /** Whether `stableUpdate` kept the state of the step before. */
  readonly wasRefused: boolean;
}

export interface RunOptions {
  numSteps: number;
  /** Draw a bar on the terminal (default where there is one), or hand its text to a function. */
  progressBar?: boolean | ((text: string) => void);
  /** Keep the previous state where a loss is not finite. */
  stableUpdate?: boolean;
  /** Go on from here instead of `init`. */
  initState?: SVIState;
  initParams?: Record<string, TensorLike>;
  onStep?: (step: Step) => void;
  /** Stop after the step for which it returns true. */
  stopWhen?: (step: Step) => boolean;
  /** Stop before the next step once it is aborted. */
  signal?: AbortSignal;
  /** One item a step, appended to the arguments: minibatches. Started again when it ends; the run stops when it has nothing. */
  batches?: Iterable<unknown>;
  /** Compile the steps of this run or not; what the SVI says by default. */
  jit?: JitMode;
  forwardModeDifferentiation?: boolean;
}
const OPTIONS = [
  "numSteps",
  "progressBar",
  "stableUpdate",
  "initState",
  "initParams",
  "onStep",
  "stopWhen",
  "signal",
  "batches",
  "jit",
  "forwardModeDifferentiation",
];

export interface RunResult {
  /** Constrained parameters by name. */
  readonly params: Record<string, Tensor>;
  /** The loss of every step that was taken. */
  readonly losses: Float64Array;
  readonly state: SVIState;
  /** How many steps `stableUpdate` refused. */
  readonly refused: number;
}

function checkOptions(given: number | Partial<RunOptions>): RunOptions {
  const options = typeof given === "number" ? { numSteps: given } : given;
  const { numSteps } = options;
  if (!(typeof numSteps === "number" && Number.isInteger(numSteps) && numSteps >= 1))
    throw new PedigradError({
      code: "bad-option",
      op: "run",
      param: "numSteps",
      message: `svi.run: numSteps must be a positive integer, got ${numSteps}.`,
    });
  for (const key of Object.keys(options))
    if (!OPTIONS.includes(key))
      throw new PedigradError({
        code: "unknown-option",
        op: "run",
        param: key,
        message: `svi.run: unknown option "${key}". Expected one of ${OPTIONS.join(", ")}.`,
      });
  return { ...options, numSteps };
}

/** The arguments of every step. */
function* argumentsOf(args: unknown[], batches: Iterable<unknown> | undefined): Generator<unknown[]> {
  if (batches === undefined) for (;;) yield args;
  for (;;) {
    let isEmpty = true;
    for (const batch of batches) {
      isEmpty = false;
      yield [...args, batch];
    }
    if (isEmpty) return;
  }
}

/** The steps of a run, one at a time. */
export function* stepsOf(
  given: SVI,
  key: Tensor,
  options: number | Partial<RunOptions>,
  args: unknown[],
): Generator<Step> {
  const { numSteps, initState, initParams, stableUpdate, signal, batches, jit, forwardModeDifferentiation } =
    checkOptions(options);
  const svi = given.with({
    ...(jit !== undefined && { jit }),
    ...(forwardModeDifferentiation && { forwardModeDifferentiation }),
  });
  let state = initState;
  let step = 0;
  for (const all of argumentsOf(args, batches)) {
    if (step >= numSteps || signal?.aborted) return;
    const before: SVIState = state ?? svi.init({ key, ...(initParams && { initParams }) }, ...all);
    const [next, loss] = stableUpdate ? svi.stableUpdate(before, ...all) : svi.update(before, ...all);
    if (Number.isNaN(loss) && !stableUpdate) throw nanLoss(svi, before, step, all);
    state = next;
    yield { step: step++, loss, state, wasRefused: next.params === before.params };
  }
}

/** The whole loop, a step at a time; returns its result. */
function* loop(svi: SVI, key: Tensor, given: number | RunOptions, args: unknown[]): Generator<void, RunResult> {
  const options = checkOptions(given);
  const losses: number[] = [];
  const bar = progressBar(options.progressBar, options.numSteps);
  let state = options.initState;
  let refused = 0;
  try {
    for (const step of stepsOf(svi, key, options, args)) {
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
  state ??= svi.init({ key, ...(options.initParams && { initParams: options.initParams }) }, ...args);
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

/** The error for a loss that is not a number: which site made it, from which value and parameters. */
function nanLoss(svi: SVI, state: SVIState, step: number, args: unknown[]): PedigradError {
  const culprits = Object.entries(svi.perSite(state, ...args)).filter(([, loss]) => Number.isNaN(loss.item()));
  const params = Object.entries(svi.getParams(state)).map(([name, value]) => `${name} = ${value}`);
  const site = culprits[0]?.[0];
  return new PedigradError({
    code: "nan-loss",
    site,
    message: `svi.run: the loss of step ${step} is NaN${site ? `, made by site ${culprits.map(([name]) => `"${name}"`).join(", ")}` : ""}. The parameters were ${params.join(", ") || "none"}. Lower the learning rate, look at the data for NaN, or run with { stableUpdate: true }.`,
  });
}
