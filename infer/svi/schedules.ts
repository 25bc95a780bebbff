/** Learning rates as functions of the step, in ops. */

import { type Tensor, where } from "../../autodiff/index.js";
import { log } from "../../autodiff/kernels/formulas/scalarFormulas.js";

/** initial · decayRate^(step / transitionSteps). */
export const exponentialDecay =
  (initial: number, transitionSteps: number, decayRate: number) =>
  (step: Tensor): Tensor =>
    step
      .mul(log(decayRate) / transitionSteps)
      .exp()
      .mul(initial);

/** From `initial` to `initial · alpha` along half a cosine. */
export const cosineDecay =
  (initial: number, decaySteps: number, alpha = 0) =>
  (step: Tensor): Tensor => {
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

/** From `initial` to `end` in a straight line over `transitionSteps` steps. */
export const linearSchedule =
  (initial: number, end: number, transitionSteps: number) =>
  (step: Tensor): Tensor =>
    step
      .minimum(transitionSteps)
      .mul((end - initial) / transitionSteps)
      .add(initial);

/** `initial`, multiplied at each boundary by its factor: `piecewiseConstant(0.1, { 100: 0.5 })`. */
export const piecewiseConstant =
  (initial: number, boundaries: Record<number, number>) =>
  (step: Tensor): Tensor =>
    Object.entries(boundaries).reduce(
      (rate, [at, by]) => rate.mul(where(step.greaterEqual(Number(at)), by, 1)),
      step.mul(0).add(initial),
    );
