/** The state of an inference: all that one step hands to the next. */
import { elementsOf } from "../../autodiff/core/copy.js";
import { isContainer, mapTree, PedigradError, random, type Tensor, type Tree } from "../../autodiff/index.js";
import { show } from "../checks.js";
import type { Optimizer } from "./optim.js";
import type { InitOptions, SVIOptions } from "./options.js";

export interface SVIState {
  /** Unconstrained parameters by name. */
  readonly params: Record<string, Tensor>;
  readonly optimState: Tree;
  /** Baselines' averages and what `mutable` declared, by name. */
  readonly mutableState: Record<string, Tensor>;
  readonly key: Tensor;
  /** The names of the constraints by parameter, as text: a state under other constraints means other numbers. */
  readonly constraints?: string;
  /** How many minibatches the run has taken that left this state: where `run({ initState, batches })` goes on. */
  readonly batchesTaken?: Tensor;
}

/** A step as numbers. */
export interface Advance {
  readonly state: SVIState;
  readonly loss: number;
  readonly terms: Record<string, number>;
}

/** The part of SVI that the loops of run.ts and the errors of unsound.ts use. */
export interface Stepper {
  init(keyOrOptions: Tensor | InitOptions, ...args: unknown[]): SVIState;
  advance(state: SVIState, args: unknown[], isStable?: boolean): Advance;
  with(options: SVIOptions): Stepper;
  knows(state: SVIState): boolean;
  requireOwn(op: string, state: SVIState): void;
  getParams(state: SVIState): Record<string, Tensor>;
  unsoundSites(state: SVIState, ...args: unknown[]): Map<string, Tensor>;
}

const refusal = (op: string, param: string, message: string): PedigradError =>
  new PedigradError({ code: "bad-state", op, param, message: `${op}: ${message}` });

/** Refuse what is not a state of SVI. */
export function requireStateShape(op: string, state: SVIState): void {
  if (
    isContainer(state) &&
    isContainer(state.params) &&
    state.optimState !== undefined &&
    isContainer(state.mutableState)
  )
    return;
  const isResult = isContainer(state) && "state" in state;
  throw refusal(
    op,
    "state",
    `the first argument must be a state, as svi.init returns, got ${show(state)}.${isResult ? " Give its .state." : ""}`,
  );
}

/** Refuse what is not a state of SVI, and a state that another optimiser has made. */
export function requireState(op: string, state: SVIState, optimizer: Optimizer): void {
  requireStateShape(op, state);
  const [found, expected] = [state.optimState, optimizer.init(state.params)].map((tree) => pathsOf(tree).join(", "));
  if (found !== expected)
    throw refusal(
      op,
      "optimState",
      `this state belongs to another optimiser: it has ${found || "nothing"}, this one keeps ${expected || "nothing"}. Use the optimiser that made it, or start from its params: svi.init({ key, initParams }).`,
    );
}

/** The names of all leaves, sorted. */
function pathsOf(tree: Tree): string[] {
  const paths: string[] = [];
  mapTree(tree, (_, path) => paths.push(path));
  return paths.sort();
}

/** Whether every parameter is still a number. */
export const hasFiniteParams = ({ params }: SVIState): boolean =>
  Object.values(params).every((p) => elementsOf(p).every(Number.isFinite));

/** The key of the next state, and that of the step to it. */
export function keysAfter({ key }: SVIState): { next: Tensor; own: Tensor } {
  const [next, own] = [...random.split(key)] as [Tensor, Tensor];
  return { next, own };
}

/** The step, with the state before it where loss or parameters are not finite. */
export function keptIfUnsound(state: SVIState, { state: next, loss, terms }: Advance): Advance {
  const isSound = Number.isFinite(loss) && hasFiniteParams(next);
  return { state: isSound ? next : { ...state, key: next.key }, loss, terms };
}
