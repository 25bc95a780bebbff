/** The state of an inference: all that one step returns and the next step needs. */
import { elementsOf } from "../../autodiff/core/reads.js";
import { isContainer, mapTree, Tensor, type Tree } from "../../autodiff/index.js";
import type { Resident } from "../../autodiff/transforms/jit/resident.js";
import { refuseOption, show } from "../checks.js";
import type { Averages } from "../elbo/particles/pair.js";
import type { Optimizer } from "./chain.js";
import type { InitOptions, SVIOptions } from "./options.js";
import type { ParamSpace } from "./paramSpace.js";

export interface SVIState {
  /** Unconstrained parameters by name. */
  readonly params: Record<string, Tensor>;
  readonly optimState: Tree;
  /** The values that `mutable` declared, by name. */
  readonly mutableState: Record<string, Tensor>;
  /** The state of the baselines, by site, such as a decaying average of costs. Absent if no baseline has a state. */
  readonly averages?: Averages;
  readonly key: Tensor;
  /** The name of each parameter's constraint, as text, since equal `params` mean different values under different constraints. */
  readonly constraints?: string;
  /** The number of minibatches that the run took before it returned this state; `run({ initState, batches })` continues from there. */
  readonly batchesTaken?: Tensor;
}

/** The loss of a step, its parts by name, and whether `stableUpdate` kept the state from before the step. */
export interface StepOutcome {
  readonly loss: number;
  readonly terms: Record<string, number>;
  readonly wasRefused: boolean;
}

/** The result of a step: the next state, with the loss and its parts as plain numbers (`StepResult` has them as tensors). */
export interface Advance {
  readonly state: SVIState;
  readonly loss: number;
  readonly terms: Record<string, number>;
}

/** The result of a step: the next state, and the loss and its parts as tensors. */
export type StepResult = [SVIState, Tensor, Record<string, Tensor>];

/** Steps whose state stays in the memory of the compiled program. */
export type ResidentSteps = Resident<StepResult>;

const NO_TERMS: Record<string, number> = /* @__PURE__ */ Object.freeze({});

/** The parts of a loss by name; the part `names[k]` is `numberOf(names[k], k)`. */
export const termsOf = (
  names: readonly string[],
  numberOf: (name: string, k: number) => number,
): Record<string, number> =>
  names.length === 0 ? NO_TERMS : Object.fromEntries(names.map((name, k) => [name, numberOf(name, k)]));

/** The part of SVI that the loops of run.ts and the errors of nonFinite.ts use. */
export interface Stepper {
  init(keyOrOptions: Tensor | InitOptions, ...args: unknown[]): SVIState;
  /** One step from a state that `init` or an earlier step returned, or that `requireState` accepted. */
  advance(state: SVIState, args: unknown[]): Advance;
  stableAdvance(state: SVIState, args: unknown[]): Advance;
  /**
   * The steps after the last `advance`, which returned `state`, with their state in the memory of the compiled program;
   * null if the state cannot stay there.
   */
  resident(state: SVIState): ResidentSteps | null;
  /** The loss of the next step, with all checks of values. */
  evaluate(state: SVIState, ...args: unknown[]): number;
  /** Refuse the program if it has changed since it was compiled for a state and arguments like these. */
  check(state: SVIState, args: unknown[]): void;
  with(options: SVIOptions): Stepper;
  readonly optimizer: Optimizer;
  readonly space: ParamSpace;
  getParams(state: SVIState): Record<string, Tensor>;
  nonFiniteSites(state: SVIState, ...args: unknown[]): Map<string, Tensor>;
}

export const refuseState = (op: string, param: string, message: string): never =>
  refuseOption(op, param, message, undefined, "bad-state");

/** Refuse an argument that is not a state of SVI. */
export function requireStateShape(op: string, state: SVIState): void {
  const isResult = isContainer(state) && "state" in state;
  if (!isContainer(state) || !isContainer(state.params) || state.optimState === undefined)
    refuseState(
      op,
      "state",
      `the first argument must be a state, as svi.init returns, got ${show(state)}.${isResult ? " Pass its .state." : ""}`,
    );
  const { params, mutableState, averages = {}, key, batchesTaken = key } = state;
  mapTree({ params, mutableState, averages, key, batchesTaken }, (leaf, path) => {
    if (!(leaf instanceof Tensor))
      refuseState(op, path, `${path} must be a tensor, got ${show(leaf)}. To keep a state as text, use saveState.`);
  });
}

/** Refuse an argument that is not a state of SVI, or that was made with another optimiser. */
export function requireState(op: string, state: SVIState, optimizer: Optimizer): void {
  requireStateShape(op, state);
  const [actual, expected] = [state.optimState, optimizer.init(state.params)].map((tree) => pathsOf(tree).join(", "));
  if (actual !== expected)
    refuseState(
      op,
      "optimState",
      `this state was made by another optimiser: its optimState has ${actual || "nothing"}, but this optimiser needs ${expected || "nothing"}. Use the optimiser that made the state, or start from the state's params, as initParams.`,
    );
}

/** The paths of all leaves of a tree, sorted, with the shapes of arrays. */
function pathsOf(tree: Tree): string[] {
  const paths: string[] = [];
  mapTree(tree, (leaf, path) => paths.push(`${path}: ${leaf instanceof Tensor ? `[${leaf.shape}]` : show(leaf)}`));
  return paths.sort();
}

/** Whether all parameters are finite. */
export const hasFiniteParams = ({ params }: SVIState): boolean =>
  Object.values(params).every((p) => elementsOf(p).every(Number.isFinite));

/**
 * The result of a step, if its loss and parameters are finite. Otherwise the next state is `state`, the state before the
 * step, with a new key.
 */
export function keepStateIfNonFinite(state: SVIState, { state: next, loss, terms }: Advance): Advance {
  const isKept = Number.isFinite(loss) && hasFiniteParams(next);
  return { state: isKept ? next : { ...state, key: next.key }, loss, terms };
}

const saveChecks = /* @__PURE__ */ new WeakMap<SVIState, () => void>();
/** Register a check that runs before this state is saved. */
export function checkBeforeSaving(state: SVIState, check: () => void): void {
  saveChecks.set(state, check);
}

/** The steps of one SVI (compiledStep.ts). `checkLast` runs the check of the last step, if `state` is the state after this step. */
interface CheckedSteps {
  checkLast(state: SVIState): void;
}
/** The steps of the SVI that took the last step of all. A weak reference, so that this variable does not keep the SVI in memory. */
let lastStepped: WeakRef<CheckedSteps> | null = null;
export const noteLastStep = (steps: WeakRef<CheckedSteps>): void => {
  lastStepped = steps;
};

/** Run the check of a state that is about to be saved. */
export function runSaveCheck(state: SVIState): void {
  saveChecks.get(state)?.();
  lastStepped?.deref()?.checkLast(state);
}
