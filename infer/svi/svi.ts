/**
 * Stochastic variational inference (Hoffman et al. 2013) with the interface of NumPyro. A step is a pure function from a state (parameters,
 * optimiser state, mutable state and key) to the next state. There is no global parameter store.
 */
import { emptyRecord, mapTree, type Tensor, type Tree } from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { splitInTwo } from "../../autodiff/ops/random/wordOps.js";
import { valueAndForwardGrad } from "../../autodiff/transforms/derivatives.js";
import { valueAndGradFor } from "../../autodiff/transforms/grad.js";
import { withValidation } from "../../distributions/index.js";
import { outsideRuns, withOuterSets } from "../../provenance/ambient.js";
import { isRecord, mergeRecords } from "../../provenance/base/records.js";
import type { Elbo } from "../elbo/elbo.js";
import type { Outcome, Task } from "../elbo/particles/pair.js";
import { type Model, withHandler } from "../program/messages.js";
import { requireOutside } from "../program/trace.js";
import type { BatchesOrAllArguments } from "./batches.js";
import type { Optimizer } from "./chain.js";
import { CompiledStep } from "./compiledStep.js";
import { initialise, initialMutables, requireNothingKept } from "./initialise.js";
import { warnOfLoss } from "./nonFinite.js";
import { applyUpdates } from "./optim.js";
import { changedOptions, type InitOptions, initOptions, requireParts, type SVIOptions } from "./options.js";
import { knownParamsHandler, ParamSpace } from "./paramSpace.js";
import { type RunOptions, type RunResult, runLoop, runLoopAsync, type StepOptions, stepsOf } from "./run.js";
import {
  type Advance,
  keepStateIfNonFinite,
  type ResidentSteps,
  requireState,
  requireStateShape,
  type Stepper,
  type StepResult,
  type SVIState,
  termsOf,
} from "./state.js";
import type { Step } from "./steps.js";

/**
 * Fits the parameters of a model and a guide by stochastic variational inference.
 *
 * @example
 * const model = (x) => sample("x", new Normal(sample("z", new Normal(0, 1)), 1), { obs: x });
 * const guide = () => sample("z", new Normal(param("loc", 0), param("scale", 1, { constraint: constraints.positive })));
 * const svi = new SVI(model, guide, adam(exponentialDecay(0.1, 200, 0.1)), new TraceELBO());
 * svi.run(random.key(0), 500, 2).params.loc.item() // 1.0
 */
export class SVI<
  // biome-ignore lint/suspicious/noExplicitAny: without a typed model any arguments will do
  A extends unknown[] = any[],
> implements Stepper
{
  #space = new ParamSpace();
  readonly #compiled: CompiledStep;
  /** The optimiser's state after the last step. A state that contains this object was made by this SVI and is not checked again. */
  #latest: Tree | null = null;

  constructor(
    model: (...args: A) => unknown,
    guide: Model,
    optimizer: Optimizer,
    elbo: Elbo,
    options?: SVIOptions & { staticArgs?: never },
  );
  /** With `staticArgs`, TypeScript does not compare the arguments of `run`, `update`, … with the parameters of the model. */
  constructor(model: Model, guide: Model, optimizer: Optimizer, elbo: Elbo, options: SVIOptions);
  constructor(
    readonly model: Model,
    readonly guide: Model,
    readonly optimizer: Optimizer,
    readonly elbo: Elbo,
    readonly options: SVIOptions = {},
  ) {
    requireParts(model, guide, optimizer, elbo, options);
    this.#compiled = new CompiledStep((state, args) => this.#eagerStep(state, args), options.jit ?? "auto");
  }

  /** The state before the first step, with the initial values of all parameters (the guide's take precedence over the model's). */
  init(keyOrOptions: Tensor | InitOptions, ...args: A): SVIState {
    requireOutside("svi.init");
    const { key, initParams = {} } = initOptions(keyOrOptions);
    const [initKey, next] = [random.foldIn(key, 0), random.foldIn(key, 1)];
    const { values, constraints, mutables } = outsideRuns(() =>
      initialise(initKey, this, this.#allArgs(args), initParams),
    );
    this.#space.setConstraints(constraints, Object.keys(mutables));
    const params = this.#space.unconstrain(values);
    const dryRun = this.#outcome(this.#task({ params, mutableState: mutables }, initKey, args));
    requireNothingKept(dryRun, values);
    const state = { params, optimState: this.optimizer.init(params), ...initialMutables(dryRun, mutables) };
    return { ...state, key: next, constraints: this.#space.text };
  }

  /** One step: `[the next state, the loss]`. The given state is not changed. A loss that is not finite gives a warning. */
  update(state: SVIState, ...args: A): [SVIState, number] {
    this.#requireState(state);
    const [next, lossTensor] = this.#advance(state, args);
    const loss = lossTensor.item();
    if (!Number.isFinite(loss)) warnOfLoss(this, state, loss, args);
    return [next, loss];
  }

  /** One step, like `update`, with the parts of the loss. The state is not checked. */
  advance(state: SVIState, args: unknown[]): Advance {
    const [next, loss, terms] = this.#advance(state, args);
    const termNumbers = termsOf(Object.keys(terms), (name) => (terms[name] as Tensor).item());
    return { state: next, loss: loss.item(), terms: termNumbers };
  }

  #advance(state: SVIState, args: unknown[]): StepResult {
    requireOutside("svi.update");
    const result = this.#compiled.isOn ? this.#compiled.step(state, args) : this.#eagerStep(state, args);
    this.#latest = result[0].optimState;
    return result;
  }

  #requireState(state: SVIState): void {
    if (state?.optimState === this.#latest) return;
    requireState("svi.update", state, this.optimizer);
    this.#space.checkState("svi.update", state);
  }

  /** One step, like `stableUpdate`, with the parts of the loss. The state is not checked. */
  stableAdvance(state: SVIState, args: unknown[]): Advance {
    // Without validation, an invalid value makes the loss NaN or infinite, so that this step is refused too.
    return withValidation(false, () => keepStateIfNonFinite(state, this.advance(state, args)));
  }

  /** The steps after the last `advance`, with their state in the memory of the compiled program; null if that is not possible. */
  resident(state: SVIState): ResidentSteps | null {
    return this.#compiled.resident(state);
  }

  /** Refuse the program if it has changed since it was compiled for a state and arguments like these. */
  check(state: SVIState, args: unknown[]): void {
    this.#compiled.check(state, args);
  }

  /** The same inference with other options. */
  with(options: SVIOptions): SVI<A> {
    const changed = changedOptions(this.options, options);
    if (changed === this.options) return this;
    const copy = new SVI<A>(this.model, this.guide, this.optimizer, this.elbo, changed);
    copy.#space = this.#space;
    return copy;
  }

  /** One eager step: `[the next state, the loss as a tensor]`. */
  step(state: SVIState, ...args: A): [SVIState, Tensor] {
    requireOutside("svi.step");
    return this.#eagerStep(state, args).slice(0, 2) as [SVIState, Tensor];
  }

  #eagerStep(state: SVIState, args: unknown[]): StepResult {
    const [nextKey, drawKey] = splitInTwo(state.key);
    const lossAt = (params: Record<string, Tensor>): [Tensor, Outcome] => {
      const outcome = this.#outcome(this.#task({ ...state, params }, drawKey, args));
      return [outcome.loss, outcome];
    };
    const [[loss, { mutableState, averages = {}, terms = emptyRecord() }], grads] = this.options
      .forwardModeDifferentiation
      ? valueAndForwardGrad(lossAt)(state.params)
      : (valueAndGradFor("svi.update", lossAt, true)(state.params) as [[Tensor, Outcome], Tree]);
    const [updates, optimState] = outsideRuns(() => this.optimizer.update(grads, state.optimState, state.params));
    const allAverages = mergeRecords(state.averages ?? {}, mapTree(averages, withoutGraph));
    const after = {
      params: applyUpdates(state.params, updates),
      optimState,
      mutableState: mergeRecords(state.mutableState, mapTree(mutableState, withoutGraph)),
      ...(Object.keys(allAverages).length > 0 && { averages: allAverages }),
      key: nextKey,
      ...(state.constraints !== undefined && { constraints: state.constraints }),
    };
    return withOuterSets([after, loss, mapTree(terms, withoutGraph)], [state, args]);
  }

  /** Like `update`, but if the loss or a parameter would not be finite, only the key of the state changes. */
  stableUpdate(state: SVIState, ...args: A): [SVIState, number] {
    this.#requireState(state);
    const { state: next, loss } = this.stableAdvance(state, args);
    return [next, loss];
  }

  /** The loss at the draws that `update(state)` would make. */
  evaluate(state: SVIState, ...args: A): number {
    requireOutside("svi.evaluate");
    return this.#outcome(this.#nextTask("svi.evaluate", state, args)).loss.item();
  }

  /** The negative cost of each site, at the same draws as `evaluate`. */
  perSite(state: SVIState, ...args: A): Record<string, Tensor> {
    const { key, values, model, guide, args: allArgs } = this.#nextTask("svi.perSite", state, args);
    return this.elbo.perSite(key, values, model, guide, ...allArgs);
  }

  /** The values of the sites whose cost is not finite in the loss of `evaluate`, by name. */
  nonFiniteSites(state: SVIState, ...args: unknown[]): Map<string, Tensor> {
    return this.elbo.nonFiniteSites(this.#nextTask("svi.nonFiniteSites", state, args));
  }

  /** The constraints of the parameters, which `init` finds. */
  get space(): ParamSpace {
    return this.#space;
  }

  /** Constrained parameters by name. */
  getParams(state: SVIState): Record<string, Tensor> {
    requireStateShape("svi.getParams", state);
    this.#compiled.checkLast(state);
    return this.#space.paramsOf("svi.getParams", state);
  }

  /** Take `numSteps` steps from `init` or `initState`. The result has the final constrained parameters, all losses, and the last state. */
  run(key: Tensor, steps: BatchesOrAllArguments<RunOptions>, ...args: Partial<A>): RunResult;
  run(key: Tensor, steps: number | RunOptions, ...args: A): RunResult;
  run(key: Tensor, steps: number | RunOptions, ...args: unknown[]): RunResult {
    return runLoop(this, key, steps, args);
  }

  /** Like `run`, but returns a promise, and pauses often so that a page stays responsive. */
  runAsync(key: Tensor, steps: BatchesOrAllArguments<RunOptions>, ...args: Partial<A>): Promise<RunResult>;
  runAsync(key: Tensor, steps: number | RunOptions, ...args: A): Promise<RunResult>;
  runAsync(key: Tensor, steps: number | RunOptions, ...args: unknown[]): Promise<RunResult> {
    return runLoopAsync(this, key, steps, args);
  }

  /** The steps of `run` as an iterable, for a loop of your own. */
  steps(key: Tensor, options: BatchesOrAllArguments<StepOptions>, ...args: Partial<A>): Iterable<Step>;
  steps(key: Tensor, options: number | StepOptions, ...args: A): Iterable<Step>;
  steps(key: Tensor, options: number | StepOptions, ...args: unknown[]): Iterable<Step> {
    return stepsOf(this, key, options, args);
  }

  /** The task of the step that `update(state)` would take. */
  #nextTask(op: string, state: SVIState, args: unknown[]): Task {
    requireStateShape(op, state);
    this.#space.checkState(op, state);
    return this.#task(state, splitInTwo(state.key)[1], args);
  }

  #task({ params, mutableState, averages }: LossInputs, key: Tensor, args: unknown[]): Task {
    const values = mergeRecords(mutableState, this.#space.constrain(params));
    const { model, guide } = this;
    return { key, values, ...(averages && { averages }), model, guide, args: this.#allArgs(args) };
  }

  #outcome(task: Task): Outcome {
    return withHandler(knownParamsHandler, () => this.elbo.estimate(task));
  }

  #allArgs(args: unknown[]): unknown[] {
    const { staticArgs } = this.options;
    if (staticArgs === undefined) return args;
    const last = args.at(-1);
    return isRecord(last) ? [...args.slice(0, -1), { ...last, ...staticArgs }] : [...args, staticArgs];
  }
}

const withoutGraph = (value: unknown): Tensor => (value as Tensor).withoutNode();

/** The part of a state on which the loss of a step depends. */
type LossInputs = Pick<SVIState, "params" | "mutableState" | "averages">;

export type { InitOptions, JitMode, SVIOptions } from "./options.js";
