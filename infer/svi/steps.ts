/**
 * The steps of a run, one at a time. The first steps are eager. Once the program is compiled, the state stays in the
 * memory of the compiled program from step to step, and is copied only if the loop body reads the `state` of a step.
 */
import { PedigradError, type Tensor, tensor } from "../../autodiff/index.js";
import { validation, withValidation } from "../../distributions/core/validation.js";
import { refuse } from "../../provenance/base/error.js";
import { refuseOption } from "../checks.js";
import { argumentsOf } from "./batches.js";
import { errorInStep, findNonFiniteSites, nonFiniteLossError, warnOfRefusedSteps } from "./nonFinite.js";
import type { RunOptions } from "./run.js";
import {
  checkBeforeSaving,
  hasFiniteParams,
  type ResidentSteps,
  requireState,
  type StepOutcome,
  type Stepper,
  type SVIState,
  termsOf,
} from "./state.js";

/** One step of a run: its number (from 0), its loss, and the state after it. */
export interface Step {
  readonly step: number;
  readonly loss: number;
  /** The state after the step. It must be read in the loop body, before the next step overwrites it; later reads are refused. */
  readonly state: SVIState;
  /** Whether `stableUpdate` kept the state from before the step. */
  readonly wasRefused: boolean;
  /** The parts of the loss by name, if the estimator's loss has several parts. */
  readonly terms: Record<string, number>;
}

/** A step of a run. Its state is copied when the loop body first reads it. */
class RunStep implements Step {
  readonly loss: number;
  readonly terms: Record<string, number>;
  readonly wasRefused: boolean;
  readonly #run: Steps;
  #state: SVIState | null = null;

  constructor(
    run: Steps,
    readonly step: number,
    { loss, terms, wasRefused }: StepOutcome,
  ) {
    this.loss = loss;
    this.terms = terms;
    this.wasRefused = wasRefused;
    this.#run = run;
  }

  get state(): SVIState {
    this.#state ??= this.#run.stateAfter(this.step);
    return this.#state;
  }
}

/** The number of minibatches that were taken before the state was returned. */
function batchesTakenBy(op: string, state: SVIState | undefined): number {
  const count = Number(state?.batchesTaken ?? 0);
  if (Number.isInteger(count) && count >= 0) return count;
  return refuseOption(op, "initState", `batchesTaken of initState must be a non-negative integer, got ${count}.`);
}

/** The state before the first step. */
export function initialState(svi: Stepper, key: Tensor, options: RunOptions, args: unknown[]): SVIState {
  const { initState, initParams, stableUpdate = false } = options;
  // With stableUpdate, steps run without validation, and so does the dry run of `init`.
  const init = (keyOrOptions: Parameters<Stepper["init"]>[0]) =>
    withValidation(!stableUpdate && validation, () => svi.init(keyOrOptions, ...args));
  if (initState === undefined) return init({ key, initParams });
  requireState("svi.run", initState, svi.optimizer);
  if (!svi.space.coversParams(initState)) init(key);
  svi.space.checkState("svi.run", initState);
  const { batchesTaken: _, ...state } = initState;
  return state;
}

export class Steps {
  /** How many steps `stableUpdate` refused. */
  refused = 0;
  /** The number of the step that is being taken or was taken last. */
  #step = -1;
  /** The last state that is outside the memory of the compiled program. If `#resident` is null, this is the state after the last step. */
  #state: SVIState | null = null;
  #resident: ResidentSteps | null = null;
  /** The names of the parts of the loss. */
  #termNames: readonly string[] = [];
  /** The arguments of the last step. */
  #args: unknown[] = [];
  #isChecked = false;
  /** The number of minibatches that were taken before this run. */
  #skipped = 0;

  constructor(
    readonly svi: Stepper,
    readonly key: Tensor,
    readonly options: RunOptions,
    readonly op: string,
  ) {}

  *walk(args: unknown[]): Generator<Step> {
    const { numSteps, signal, batches, initState } = this.options;
    this.#skipped = batchesTakenBy(this.op, initState);
    const argumentLists = batches === undefined ? null : argumentsOf(args, batches, this.#skipped, this.op);
    let numTaken = 0;
    try {
      for (let step = 0; step < numSteps && !signal?.aborted; step++) {
        const { done, value } = argumentLists?.next() ?? { done: false, value: args };
        if (done) return;
        this.#step = step;
        const outcome = this.#next(step, value);
        numTaken++;
        if (outcome.wasRefused) this.refused++;
        if (step === numSteps - 1) this.check();
        yield new RunStep(this, step, outcome);
      }
    } finally {
      argumentLists?.return(undefined);
      if (this.refused > numTaken / 2) {
        const sites = findNonFiniteSites(this.svi, this.#current() as SVIState, this.#args).keys();
        warnOfRefusedSteps(this.op, this.refused, numTaken, [...sites]);
      }
    }
  }

  /**
   * Refuse the run if the program has changed since its last step was compiled. Compiled steps do not check values, so refuse the final
   * state, too, if the next step would be refused.
   */
  check(): void {
    const [state, args, step] = [this.#current(), this.#args, this.#step + 1];
    if (state !== null && !this.#isChecked) {
      this.svi.check(state, args);
      if (!this.options.stableUpdate) {
        const loss = inStep(this.svi, state, step, args, () => this.svi.evaluate(state, ...args));
        if (!Number.isFinite(loss)) throw nonFiniteLossError(this.svi, state, step, loss, args);
      }
    }
    this.#isChecked = true;
  }

  #next(step: number, args: unknown[]): StepOutcome {
    const { stableUpdate = false } = this.options;
    this.#args = args;
    this.#isChecked = false;
    const fromMemory = this.#nextInMemory(step, args);
    if (fromMemory !== null) return fromMemory;
    const before = this.#current() ?? initialState(this.svi, this.key, this.options, args);
    const { svi } = this;
    const { state, loss, terms } = inStep(svi, before, step, args, () =>
      stableUpdate ? svi.stableAdvance(before, args) : svi.advance(before, args),
    );
    if (!Number.isFinite(loss) && !stableUpdate) throw nonFiniteLossError(this.svi, before, step, loss, args);
    this.#state = state;
    this.#resident = stableUpdate ? null : this.svi.resident(state);
    this.#termNames = Object.keys(terms);
    return { loss, terms, wasRefused: state.params === before.params };
  }

  /** A step from the state in compiled memory; null if there is no such state, or if the step has to be eager. */
  #nextInMemory(step: number, args: unknown[]): StepOutcome | null {
    const resident = this.#resident;
    if (resident === null) return null;
    try {
      if (!resident.next(args, 0, () => Number.isFinite(resident.number(0)))) return null;
    } catch (error) {
      if (!(error instanceof PedigradError)) throw error;
      // If the program reads a value, take this step eagerly.
      if (error.code === "read-in-jit") return null;
      throw errorInStep(step, error, () => new Map());
    }
    const loss = resident.number(0);
    if (!Number.isFinite(loss)) throw nonFiniteLossError(this.svi, resident.resultBefore()[0], step, loss, args);
    return { loss, terms: termsOf(this.#termNames, (_, k) => resident.number(k + 1)), wasRefused: false };
  }

  /** The state after the last step; null before the first. */
  #current(): SVIState | null {
    if (this.#resident !== null) [this.#state] = this.#resident.result();
    return this.#state;
  }

  /** The state after `step`, which must be the last step taken, with the data that a run needs to continue from it. */
  stateAfter(step: number): SVIState {
    if (step !== this.#step)
      refuse(
        "stale-state",
        "svi.steps",
        `the state of step ${step} was not read before the loop moved on, so it is gone. Read step.state inside the loop body.`,
      );
    const [current, args] = [this.#current() as SVIState, this.#args];
    const batchesTaken = tensor(this.#skipped + step + 1);
    const state = this.options.batches === undefined ? current : { ...current, batchesTaken };
    checkBeforeSaving(state, () => this.svi.check(current, args));
    return state;
  }
}

/**
 * Run `body`, and add the number of the step to errors. If a parameter was not finite before the step, throw the error
 * for a loss that is not finite.
 */
function inStep<T>(svi: Stepper, before: SVIState, step: number, args: unknown[], body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!hasFiniteParams(before)) throw nonFiniteLossError(svi, before, step, Number.NaN, args, error);
    if (!(error instanceof PedigradError)) throw error;
    throw errorInStep(step, error, () => findNonFiniteSites(svi, before, args));
  }
}
