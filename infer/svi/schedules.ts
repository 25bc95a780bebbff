/** Learning rates as functions of the step (0 at the first update). They compute with ops, so that steps can be compiled. */

import { type Tensor, where } from "../../autodiff/index.js";
import { log } from "../../autodiff/kernels/formulas/scalarFormulas.js";
import * as kinds from "../../provenance/base/kinds.js";
import { isRecord } from "../../provenance/base/records.js";
import { type Kind, requireKind } from "../checks.js";

const areBoundaries = (x: unknown): boolean =>
  isRecord(x) && Object.entries(x).every(([at, by]) => Number(at) >= 0 && kinds.number[0](by));

const KINDS = {
  initial: kinds.number,
  end: kinds.number,
  alpha: kinds.number,
  decayRate: kinds.positive,
  decaySteps: kinds.positive,
  transitionSteps: kinds.positive,
  boundaries: [areBoundaries, "factors by step, such as { 100: 0.5 }"],
} satisfies Record<string, Kind>;

/** Refuse arguments of the wrong kind. */
function requireKinds(op: string, args: Partial<Record<keyof typeof KINDS, unknown>>): void {
  for (const [name, x] of Object.entries(args)) requireKind(op, name, x, KINDS[name as keyof typeof KINDS]);
}

/** Exponential decay: initial · decayRate^(step / transitionSteps). */
export function exponentialDecay(initial: number, transitionSteps: number, decayRate: number) {
  requireKinds("exponentialDecay", { initial, transitionSteps, decayRate });
  return (step: Tensor): Tensor =>
    step
      .mul(log(decayRate) / transitionSteps)
      .exp()
      .mul(initial);
}

/** Decay from `initial` to `initial · alpha` in `decaySteps` steps, along half a period of a cosine. */
export function cosineDecay(initial: number, decaySteps: number, alpha = 0) {
  requireKinds("cosineDecay", { initial, decaySteps, alpha });
  return (step: Tensor): Tensor => {
    const cosine = step
      .minimum(decaySteps)
      .mul(Math.PI / decaySteps)
      .cos()
      .add(1)
      .mul(0.5);
    return cosine
      .mul(1 - alpha)
      .add(alpha)
      .mul(initial);
  };
}

/** Change linearly from `initial` to `end` in `transitionSteps` steps. */
export function linearSchedule(initial: number, end: number, transitionSteps: number) {
  requireKinds("linearSchedule", { initial, end, transitionSteps });
  return (step: Tensor): Tensor =>
    step
      .minimum(transitionSteps)
      .mul((end - initial) / transitionSteps)
      .add(initial);
}

/** Start at `initial`, and multiply by a factor at each boundary: `piecewiseConstant(0.1, { 100: 0.5 })` halves the rate at step 100. */
export function piecewiseConstant(initial: number, boundaries: Record<number, number>) {
  requireKinds("piecewiseConstant", { initial, boundaries });
  return (step: Tensor): Tensor =>
    Object.entries(boundaries).reduce(
      (rate, [at, by]) => rate.mul(where(step.greaterEqual(Number(at)), by, 1)),
      step.mul(0).add(initial),
    );
}
