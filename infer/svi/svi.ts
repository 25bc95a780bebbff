/**
 * Stochastic variational inference as a pure function of its state: parameters, optimiser, mutable state and key go in, the
 * next ones come out. There is no global parameter store. Hoffman et al. 2013; the interface is NumPyro's.
 */
import { sameShape } from "../../autodiff/core/shape.js";
import {
  emptyRecord,
  jit,
  mapTree,
  PedigradError,
  random,
  type Tensor,
  type Tree,
  valueAndGrad,
  zeros,
} from "../../autodiff/index.js";
import { withValidation } from "../../distributions/index.js";
import { isRecord, mergeRecords } from "../../provenance/base/records.js";
import { outsideRuns } from "../../provenance/index.js";
import { requireOptions } from "../checks.js";
import type { Elbo } from "../elbo/elbo.js";
import type { Outcome } from "../elbo/particles/pair.js";
import { type Model, withHandler } from "../program/messages.js";
import { requireOutside } from "../program/trace.js";
import type { WithBatches } from "./batches.js";
import { valueAndForwardGrad } from "./forwardMode.js";
import { initialise } from "./initialise.js";
import { type Optimizer, zipTrees } from "./optim.js";
import { type InitOptions, initOptions, type JitMode, requireParts, SVI_OPTIONS, type SVIOptions } from "./options.js";
import { onlyKnownParams, ParamSpace } from "./paramSpace.js";
import { type RunOptions, type RunResult, runLoop, runLoopAsync, type StepOptions, stepsOf } from "./run.js";
import {
  type Advance,
  keptIfUnsound,
  keysAfter,
  type ResidentSteps,
  requireState,
  requireStateShape,
  residentSteps,
  type Stepper,
  type StepResult,
  type SVIState,
  withOuterSets,
} from "./state.js";
import type { Step } from "./steps.js";

// biome-ignore lint/suspicious/noExplicitAny: without a typed model any arguments will do
export class SVI<A extends unknown[] = any[]> implements Stepper {
  #space = new ParamSpace();
  readonly #compiled = jit((state: SVIState, ...args: unknown[]) => this.#step(state, args));
  #jit: JitMode;
  /** The optimiser's state of the last step, which needs no check. */
  #latest: Tree | null = null;

  constructor(
    model: (...args: A) => unknown,
    guide: Model,
    optimizer: Optimizer,
    elbo: Elbo,
    options?: SVIOptions & { staticArgs?: never },
  );
  /** With `staticArgs`, which complete the arguments, these are not checked against the model's. */
  constructor(model: Model, guide: Model, optimizer: Optimizer, elbo: Elbo, options: SVIOptions);
  constructor(
    readonly model: Model,
    readonly guide: Model,
    readonly optimizer: Optimizer,
    readonly elbo: Elbo,
    readonly options: SVIOptions = {},
  ) {
    requireParts(model, guide, optimizer, elbo, options);
    this.#jit = options.jit ?? "auto";
  }

  /** The state before the first step: initial values from guide and model (the guide's win), and one dry run of the loss. */
  init(keyOrOptions: Tensor | InitOptions, ...args: A): SVIState {
    requireOutside("svi.init");
    const { key, initParams = {} } = initOptions(keyOrOptions);
    const [initKey, next] = [random.foldIn(key, 0), random.foldIn(key, 1)];
    const { values, constraints, mutables } = outsideRuns(() =>
      initialise(initKey, this.model, this.guide, this.#allArgs(args), initParams),
    );
    this.#space.learn(constraints);
    const params = this.#space.unconstrain(values);
    const dry = this.#outcome(params, mutables, initKey, args);
    return {
      params,
      optimState: this.optimizer.init(params),
      mutableState: mapTree(dry.mutableState, (after, name) => beforeAnyStep(mutables[name], after as Tensor)),
      key: next,
      constraints: this.#space.names,
    };
  }

  /** One step: `[the next state, the loss]`. The state given is not changed. */
  update(state: SVIState, ...args: A): [SVIState, number] {
    const { state: next, loss } = this.advance(state, args);
    return [next, loss];
  }

  /** One step as `run` takes it, with the parts of the loss; `isStable` as in `stableUpdate`. */
  advance(state: SVIState, args: unknown[], isStable = false): Advance {
    requireOutside("svi.update");
    // What a check would refuse comes out as NaN or infinite, and is left out like any other such step.
    if (isStable) return withValidation(false, () => keptIfUnsound(state, this.advance(state, args)));
    if (state?.optimState !== this.#latest) {
      requireState("svi.update", state, this.optimizer);
      this.#space.require("svi.update", state);
    }
    const [next, loss, terms] = this.#fastStep(state, args);
    this.#latest = next.optimState;
    return { state: next, loss: loss.item(), terms: mapTree(terms, (term) => (term as Tensor).item()) };
  }

  #fastStep(state: SVIState, args: unknown[]): StepResult {
    if (this.#jit === false) return this.#step(state, args);
    try {
      return this.#compiled(state, ...args);
    } catch (error) {
      if (this.#jit === true || !(error instanceof PedigradError && error.code === "read-in-jit")) throw error;
      this.#jit = false;
      const what =
        error.site === undefined
          ? "a value it was given, through which no gradient passes"
          : `what it sampled at {${error.site}}`;
      console.warn(
        `pedigrad: steps run eagerly, because the program reads ${what} (${error.op}). Set jit: false to say so, or jit: true to make it an error.`,
      );
      return this.#step(state, args);
    }
  }

  /** Further steps from what `advance` has just left, for the loops of `run`; null where the state cannot stay in memory. */
  resident({ state, terms }: Advance): ResidentSteps | null {
    const steps = this.#jit === false ? null : this.#compiled.resident(state);
    return (
      steps &&
      residentSteps(steps, Object.keys(terms), ({ optimState }) => {
        this.#latest = optimState;
      })
    );
  }

  /** Refuse, as a step would, where the program is not the one any more that steps like this one have run compiled. */
  check(state: SVIState, args: unknown[]): void {
    if (this.#jit !== false) this.#compiled.check(state, ...args);
  }

  /** The same inference with other options. */
  with(options: SVIOptions): SVI<A> {
    requireOptions("svi.with", options, SVI_OPTIONS);
    if (Object.keys(options).length === 0) return this;
    const copy = new SVI<A>(this.model, this.guide, this.optimizer, this.elbo, { ...this.options, ...options });
    copy.#space = this.#space;
    return copy;
  }

  /** One step as tensors, never compiled. */
  step(state: SVIState, ...args: A): [SVIState, Tensor] {
    requireOutside("svi.step");
    const [next, loss] = this.#step(state, args);
    return [next, loss];
  }

  #step(state: SVIState, args: unknown[]): StepResult {
    const { next, own } = keysAfter(state);
    const lossAt = (params: Record<string, Tensor>): [Tensor, Outcome] => {
      const outcome = this.#outcome(params, state.mutableState, own, args);
      return [outcome.loss, outcome];
    };
    const [[loss, { mutableState, terms = emptyRecord() }], grads] = this.options.forwardModeDifferentiation
      ? valueAndForwardGrad(lossAt)(state.params)
      : valueAndGrad(lossAt, { hasAux: true })(state.params);
    const [updates, optimState] = outsideRuns(() => this.optimizer.update(grads, state.optimState, state.params));
    const params = zipTrees((p, u) => p.add(u), state.params, updates);
    const kept = mapTree(mutableState, (value) => (value as Tensor).withoutNode());
    const { constraints } = state;
    const after = {
      params,
      optimState,
      mutableState: mergeRecords(state.mutableState, kept),
      key: next,
      ...(constraints !== undefined && { constraints }),
    };
    const parts = mapTree(terms, (term) => (term as Tensor).withoutNode());
    return withOuterSets([after, loss, parts], [state, args]);
  }

  /** A step that keeps parameters, optimiser and mutable state as they were where loss or parameters would not be finite. */
  stableUpdate(state: SVIState, ...args: A): [SVIState, number] {
    const { state: next, loss } = this.advance(state, args, true);
    return [next, loss];
  }

  /** The loss of the same draw that `update(state)` would make. */
  evaluate(state: SVIState, ...args: A): number {
    requireOutside("svi.evaluate");
    requireStateShape("svi.evaluate", state);
    return this.#outcome(state.params, state.mutableState, keysAfter(state).own, args).loss.item();
  }

  /** The same loss by site. */
  perSite(state: SVIState, ...args: A): Record<string, Tensor> {
    requireStateShape("svi.perSite", state);
    const values = mergeRecords(this.getParams(state), state.mutableState);
    return this.elbo.perSite(keysAfter(state).own, values, this.model, this.guide, ...this.#allArgs(args));
  }

  /** The sites whose cost is not finite in that loss, with their values. */
  unsoundSites(state: SVIState, ...args: unknown[]): Map<string, Tensor> {
    const values = mergeRecords(this.getParams(state), state.mutableState);
    const { model, guide } = this;
    return this.elbo.unsoundSites({ key: keysAfter(state).own, values, model, guide, args: this.#allArgs(args) });
  }

  /** Refuse a state whose parameters had other constraints. */
  requireOwn(op: string, state: SVIState): void {
    this.#space.require(op, state);
  }

  /** Whether the constraints of these parameters are known, which `init` learns from the programs. */
  knows(state: SVIState): boolean {
    return this.#space.knows(state.params);
  }

  /** Constrained parameters by name. */
  getParams(state: SVIState): Record<string, Tensor> {
    requireStateShape("svi.getParams", state);
    return this.#space.constrain(state.params);
  }

  /** numSteps steps from `init`, or from `initState`: final constrained parameters, all losses, the state to go on from. */
  run(key: Tensor, steps: RunOptions & WithBatches, ...args: Partial<A>): RunResult;
  run(key: Tensor, steps: number | RunOptions, ...args: A): RunResult;
  run(key: Tensor, steps: number | RunOptions, ...args: unknown[]): RunResult {
    return runLoop(this, key, steps, args);
  }

  /** `run` as a promise, which lets a page stay responsive. */
  runAsync(key: Tensor, steps: RunOptions & WithBatches, ...args: Partial<A>): Promise<RunResult>;
  runAsync(key: Tensor, steps: number | RunOptions, ...args: A): Promise<RunResult>;
  runAsync(key: Tensor, steps: number | RunOptions, ...args: unknown[]): Promise<RunResult> {
    return runLoopAsync(this, key, steps, args);
  }

  /** The steps of `run` as an iterable, for loops of one's own. */
  steps(key: Tensor, options: StepOptions & WithBatches, ...args: Partial<A>): Iterable<Step>;
  steps(key: Tensor, options: number | StepOptions, ...args: A): Iterable<Step>;
  steps(key: Tensor, options: number | StepOptions, ...args: unknown[]): Iterable<Step> {
    return stepsOf(this, key, options, args);
  }

  #outcome(
    params: Record<string, Tensor>,
    mutableState: Record<string, Tensor>,
    key: Tensor,
    args: unknown[],
  ): Outcome {
    const values = mergeRecords(mutableState, this.#space.constrain(params));
    const { elbo, model, guide } = this;
    return withHandler(onlyKnownParams, () =>
      elbo.lossWithMutableState(key, values, model, guide, ...this.#allArgs(args)),
    );
  }

  #allArgs(args: unknown[]): unknown[] {
    const { staticArgs } = this.options;
    if (staticArgs === undefined) return args;
    const last = args.at(-1);
    return isRecord(last) ? [...args.slice(0, -1), { ...last, ...staticArgs }] : [...args, staticArgs];
  }
}

/** A mutable before the first step: as declared, in the shape that a step leaves it in. Averages of baselines start at 0. */
const beforeAnyStep = (declared: Tensor | undefined, after: Tensor): Tensor =>
  declared === undefined ? zeros(after.shape) : sameShape(declared.shape, after.shape) ? declared : after;

export type { InitOptions, JitMode, SVIOptions } from "./options.js";
