/** Learning rates as functions of the step (0 at the first update). They compute with ops, so that steps can be compiled. */

import { type Tensor, where } from "../../autodiff/index.js";
import { log } from "../../autodiff/kernels/formulas/scalarFormulas.js";
import * as kinds from "../../provenance/base/kinds.js";
import { isRecord } from "../../provenance/base/records.js";
import { type Kind, requireKind } from "../checks.js";

/** Refuse numbers of the wrong kind. */
function requireNumbers(op: string, numbers: Record<string, readonly [x: unknown, kind: Kind]>): void {
  for (const [name, [x, kind]] of Object.entries(numbers)) requireKind(op, name, x, kind);
}

/** Exponential decay: initial · decayRate^(step / transitionSteps). */
export function exponentialDecay(initial: number, transitionSteps: number, decayRate: number) {
  requireNumbers("exponentialDecay", {
    initial: [initial, kinds.number],
    transitionSteps: [transitionSteps, kinds.positive],
    decayRate: [decayRate, kinds.positive],
  });
  return (step: Tensor): Tensor =>
    step
      .mul(log(decayRate) / transitionSteps)
      .exp()
      .mul(initial);
}

/** Decay from `initial` to `initial · alpha` in `decaySteps` steps, along half a period of a cosine. */
export function cosineDecay(initial: number, decaySteps: number, alpha = 0) {
  requireNumbers("cosineDecay", {
    initial: [initial, kinds.number],
    decaySteps: [decaySteps, kinds.positive],
    alpha: [alpha, kinds.number],
  });
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
  requireNumbers("linearSchedule", {
    initial: [initial, kinds.number],
    end: [end, kinds.number],
    transitionSteps: [transitionSteps, kinds.positive],
  });
  return (step: Tensor): Tensor =>
    step
      .minimum(transitionSteps)
      .mul((end - initial) / transitionSteps)
      .add(initial);
}

const areBoundaries = (x: unknown): boolean =>
  isRecord(x) && Object.entries(x).every(([at, by]) => Number(at) >= 0 && kinds.number[0](by));

/** Start at `initial`, and multiply by a factor at each boundary: `piecewiseConstant(0.1, { 100: 0.5 })` halves the rate at step 100. */
export function piecewiseConstant(initial: number, boundaries: Record<number, number>) {
  requireNumbers("piecewiseConstant", {
    initial: [initial, kinds.number],
    boundaries: [boundaries, [areBoundaries, "factors by step, such as { 100: 0.5 }"]],
  });
  return (step: Tensor): Tensor =>
    Object.entries(boundaries).reduce(
      (rate, [at, by]) => rate.mul(where(step.greaterEqual(Number(at)), by, 1)),
      step.mul(0).add(initial),
    );
}
