/** Optimisers: gradient descent, alone and with memories of earlier gradients. */
import {
  mapTree,
  mulZeroWins,
  pow,
  sub,
  type Tensor,
  type TensorLike,
  type Ternary,
  type Tree,
  tensor,
  ternary,
} from "../../autodiff/index.js";
import { zipTrees } from "../../autodiff/transforms/tree.js";
import { type Kind, refuseOption, requireOptions, show } from "../checks.js";
import { chain, clipByValue, type Optimizer } from "./chain.js";

/** A learning rate: a number, or a function of the step count (0 at the first update). */
export type Schedule = number | ((step: Tensor) => TensorLike);

const rateAt = (rate: Schedule, step: Tensor): Tensor => tensor(typeof rate === "number" ? rate : rate(step));

/** The sum of parameters and updates. */
export const applyUpdates = <P extends Tree>(params: P, updates: Tree): P =>
  zipTrees((p, u) => p.add(u), params, updates);

/** b·average + (1 - b)·x: a decaying average after one more number x. */
const decayingAverage: Ternary = /* @__PURE__ */ ternary(
  "decayingAverage",
  (average, x, b) => b * average + (1 - b) * x,
  // The rate b is an option, so it has no gradient.
  [(g, _, __, ___, b) => mulZeroWins(g, b), (g, _, __, ___, b) => mulZeroWins(g, sub(1, b)), null],
);

const zerosLike = (params: Tree): Tree => mapTree(params, (leaf) => (leaf as Tensor).mul(0));

/** Numbers from 0 to `end`, without `end`. */
const below = (end: number): Kind => [(x) => typeof x === "number" && x >= 0 && x < end, `in [0, ${end})`];
const fraction = /* @__PURE__ */ below(1);
const nonnegative = /* @__PURE__ */ below(Infinity);

function checkOptions(op: string, rate: Schedule, options: object, allowed: Readonly<Record<string, Kind>>): void {
  if (typeof rate !== "function" && !nonnegative[0](rate))
    refuseOption(op, "stepSize", `the learning rate must be a finite number >= 0 or a schedule, got ${show(rate)}.`);
  requireOptions(op, options, allowed);
}

/** Stochastic gradient descent: the update is -rate times the gradient. */
export function sgd(rate: Schedule, ...extraArgs: never[]): Optimizer {
  if (extraArgs.length > 0)
    refuseOption(
      "sgd",
      "options",
      `the learning rate is the only argument, got ${show(extraArgs[0])} as well. Use momentum(rate, mass).`,
    );
  checkOptions("sgd", rate, {}, {});
  return {
    init: () => ({ step: tensor(0) }),
    update: (grads, { step }) => {
      const minusRate = rateAt(rate, step).neg();
      return [zipTrees((g) => g.mul(minusRate), grads), { step: step.add(1) }];
    },
  };
}

/**
 * Gradient descent that remembers one number for each element in its state, under the name `memory`. `remember` computes this number from
 * the gradient and the old number, and `update` computes the update from the gradient, the new number and minus the learning rate.
 */
const descent = (
  rate: Schedule,
  memory: string,
  remember: (grad: Tensor, old: Tensor) => Tensor,
  update: (grad: Tensor, remembered: Tensor, minusRate: Tensor) => Tensor,
): Optimizer => ({
  init: (params) => ({ step: tensor(0), [memory]: zerosLike(params) }),
  update: (grads, { step, [memory]: old }) => {
    const remembered = zipTrees(remember, grads, old);
    const minusRate = rateAt(rate, step).neg();
    const updates = zipTrees((g, x) => update(g, x, minusRate), grads, remembered);
    return [updates, { step: step.add(1), [memory]: remembered }];
  },
});

/** The update -rate·gradient / (√squares + eps) of each element. */
const dividedByRoot =
  (eps: number) =>
  (grad: Tensor, squares: Tensor, minusRate: Tensor): Tensor =>
    grad.mul(minusRate).div(squares.sqrt().add(eps));

/** Gradient descent with momentum: velocity = mass·velocity + gradient, and the update is -rate times the velocity. */
export function momentum(rate: Schedule, mass = 0.9): Optimizer {
  checkOptions("momentum", rate, { mass }, { mass: fraction });
  return descent(
    rate,
    "velocity",
    (g, old) => old.mul(mass).add(g),
    (_, velocity, minusRate) => velocity.mul(minusRate),
  );
}

/** AdaGrad (Duchi et al. 2011): the rate of each element is divided by the root of the sum of its squared gradients. */
export function adagrad(rate: Schedule, options: { eps?: number | undefined } = {}): Optimizer {
  checkOptions("adagrad", rate, options, { eps: nonnegative });
  const { eps = 1e-10 } = options;
  return descent(rate, "total", (g, old) => old.add(g.square()), dividedByRoot(eps));
}

/**
 * RMSProp (Tieleman and Hinton 2012): the rate of each element is divided by the root of a decaying average of its squared gradients.
 */
export function rmsprop(
  rate: Schedule,
  options: { decay?: number | undefined; eps?: number | undefined } = {},
): Optimizer {
  checkOptions("rmsprop", rate, options, { decay: fraction, eps: nonnegative });
  const { decay = 0.9, eps = 1e-8 } = options;
  return descent(rate, "average", (g, old) => decayingAverage(old, g.square(), decay), dividedByRoot(eps));
}

export interface AdamOptions {
  /** The decay rate of the average gradient; 0.9 by default. */
  b1?: number | undefined;
  /** The decay rate of the average squared gradient; 0.999 by default. */
  b2?: number | undefined;
  /** A constant added to the root of the average squared gradient; 1e-8 by default. */
  eps?: number | undefined;
}
const ADAM: Readonly<Record<string, Kind>> = { b1: fraction, b2: fraction, eps: nonnegative };

/**
 * Adam (Kingma and Ba 2015, algorithm 1). With the decaying averages m of the gradients and v of their squares after t steps, the update is
 *
 *     -rate m / (1 - b1^t) / (√(v / (1 - b2^t)) + eps).
 *
 * The factors 1 / (1 - b1^t) and 1 / (1 - b2^t) are computed once for all parameters, since a division takes several times as long as a
 * product.
 */
export function adam(rate: Schedule, options: AdamOptions = {}): Optimizer {
  checkOptions("adam", rate, options, ADAM);
  const { b1 = 0.9, b2 = 0.999, eps = 1e-8 } = options;
  return {
    init: (params) => ({ step: tensor(0), mean: zerosLike(params), square: zerosLike(params) }),
    update: (grads, state) => {
      const step = state.step.add(1);
      const mean = zipTrees((g, m) => decayingAverage(m, g, b1), grads, state.mean);
      const square = zipTrees((g, v) => decayingAverage(v, g.square(), b2), grads, state.square);
      const correction = (b: number): Tensor => sub(1, pow(b, step));
      const [by, perSquare] = [rateAt(rate, state.step).div(correction(b1)).neg(), correction(b2).reciprocal()];
      const updates = zipTrees((m, v) => m.mul(by).div(v.mul(perSquare).sqrt().add(eps)), mean, square);
      return [updates, { step, mean, square }];
    },
  };
}

/** AdamW (Loshchilov and Hutter 2019): Adam with decoupled weight decay, which is not part of the gradient. */
export function adamw(rate: Schedule, options: AdamOptions & { weightDecay?: number } = {}): Optimizer {
  checkOptions("adamw", rate, options, { ...ADAM, weightDecay: nonnegative });
  const { weightDecay = 1e-4, ...adamOptions } = options;
  const inner = adam(rate, adamOptions);
  return {
    init: inner.init,
    update: (grads, state, params) => {
      const r = rateAt(rate, state.step);
      const [updates, next] = inner.update(grads, state, params);
      return [zipTrees((u, p) => u.sub(p.mul(r).mul(weightDecay)), updates, params), next];
    },
  };
}

/**
 * Pyro's ClippedAdam: Adam with every element of the gradient clipped to [-clipNorm, clipNorm]. The learning rate is
 * multiplied by `lrd` before each step, including the first.
 */
export function clippedAdam(
  rate: Schedule,
  options: AdamOptions & { clipNorm?: number; lrd?: number } = {},
): Optimizer {
  checkOptions("clippedAdam", rate, options, { ...ADAM, clipNorm: nonnegative, lrd: nonnegative });
  const { clipNorm = 10, lrd = 1, ...adamOptions } = options;
  const decayed = (step: Tensor): Tensor => rateAt(rate, step).mul(tensor(lrd).pow(step.add(1)));
  return chain(clipByValue(clipNorm), adam(lrd === 1 ? rate : decayed, adamOptions));
}
