/** The loop of `svi.run`: steps until there are enough, with a progress bar, early stopping and a hand on the brake. */
import { PedigradError, type Tensor, type TensorLike } from "../autodiff/index.js";
import { progressBar } from "./progress.js";
import type { SVI, SVIState } from "./svi.js";

/** One step of a run: its number (from 0), its loss, the state after it. */
export interface Step {
  readonly step: number;
  readonly loss: number;
  readonly state: SVIState;
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
  signal?: AbortSignal;
}
const OPTIONS = ["numSteps", "progressBar", "stableUpdate", "initState", "initParams", "onStep", "stopWhen", "signal"];

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

/** The steps of a run, one at a time. */
export function* stepsOf(svi: SVI, key: Tensor, given: number | Partial<RunOptions>, args: unknown[]): Generator<Step> {
  const { numSteps, initState, initParams, stableUpdate, signal } = checkOptions(given);
  let state = initState ?? svi.init({ key, ...(initParams && { initParams }) }, ...args);
  for (let step = 0; step < numSteps && !signal?.aborted; step++) {
    const before = state;
    const [next, loss] = stableUpdate ? svi.stableUpdate(state, ...args) : svi.update(state, ...args);
    if (Number.isNaN(loss) && !stableUpdate) throw nanLoss(svi, before, step, args);
    state = next;
    yield { step, loss, state };
  }
}

/** The whole loop. */
export function runLoop(svi: SVI, key: Tensor, given: number | RunOptions, args: unknown[]): RunResult {
  const options = checkOptions(given);
  const losses: number[] = [];
  const bar = progressBar(options.progressBar, options.numSteps);
  let state =
    options.initState ?? svi.init({ key, ...(options.initParams && { initParams: options.initParams }) }, ...args);
  let refused = 0;
  try {
    for (const step of stepsOf(svi, key, { ...options, initState: state }, args)) {
      if (step.state.params === state.params) refused++;
      state = step.state;
      losses.push(step.loss);
      bar.update(losses);
      options.onStep?.(step);
      if (options.stopWhen?.(step)) break;
    }
  } finally {
    bar.finish();
  }
  return { params: svi.getParams(state), losses: Float64Array.from(losses), state, refused };
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
