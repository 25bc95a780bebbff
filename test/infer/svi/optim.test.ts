/** Optimisers compared with the recurrences of their papers in plain numbers; and a user's own optimiser. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  adagrad,
  adam,
  adamw,
  applyUpdates,
  chain,
  clipByGlobalNorm,
  clipByValue,
  clippedAdam,
  cosineDecay,
  exponentialDecay,
  grad,
  linearSchedule,
  momentum,
  type Optimizer,
  perParam,
  piecewiseConstant,
  rmsprop,
  scaleBy,
  sgd,
  type Tensor,
  tensor,
} from "../../../index.js";

/** The positions of an optimiser that starts at 1 and takes five steps, where the gradient at x is 2x + sin(step). */
function path(optimizer: Optimizer): number[] {
  let x: Record<string, Tensor> = { x: tensor(1) };
  let state = optimizer.init(x);
  return [0, 1, 2, 3, 4].map((t) => {
    const grads = { x: (x.x as Tensor).mul(2).add(Math.sin(t)) };
    const [updates, next] = optimizer.update(grads, state, x);
    state = next;
    x = applyUpdates(x, updates);
    return (x.x as Tensor).item();
  });
}
/** The same positions computed by hand: `step(g, t, x)` is the update at step t (from 1). */
function byHand(step: (g: number, t: number, x: number) => number): number[] {
  let x = 1;
  return [0, 1, 2, 3, 4].map((t) => {
    x += step(2 * x + Math.sin(t), t + 1, x);
    return x;
  });
}
const assertPath = (optimizer: Optimizer, step: (g: number, t: number, x: number) => number): void => {
  const [got, want] = [path(optimizer), byHand(step)];
  got.forEach((x, i) => {
    assert.ok(Math.abs(x - (want[i] as number)) < 1e-14, `step ${i}: ${x} against ${want[i]}`);
  });
};
const adamStep = (rate: (t: number) => number, b1 = 0.9, b2 = 0.999, decay = 0) => {
  let [m, v] = [0, 0];
  return (g: number, t: number, x: number): number => {
    m = b1 * m + (1 - b1) * g;
    v = b2 * v + (1 - b2) * g * g;
    return -rate(t) * (m / (1 - b1 ** t) / (Math.sqrt(v / (1 - b2 ** t)) + 1e-8) + decay * x);
  };
};
const clip = (g: number, limit: number) => Math.max(-limit, Math.min(limit, g));

test("sgd, momentum, adagrad and rmsprop follow their recurrences", () => {
  assertPath(sgd(0.1), (g) => -0.1 * g);
  let velocity = 0;
  assertPath(momentum(0.1, 0.8), (g) => {
    velocity = 0.8 * velocity + g;
    return -0.1 * velocity;
  });
  let total = 0;
  assertPath(adagrad(0.1), (g) => {
    total += g * g;
    return (-0.1 * g) / (Math.sqrt(total) + 1e-10);
  });
  let average = 0;
  assertPath(rmsprop(0.1), (g) => {
    average = 0.9 * average + 0.1 * g * g;
    return (-0.1 * g) / (Math.sqrt(average) + 1e-8);
  });
});

test("adam, adamw and clippedAdam follow their recurrences", () => {
  assertPath(
    adam(0.1, { b1: 0.93 }),
    adamStep(() => 0.1, 0.93),
  );
  assertPath(
    adamw(0.1, { weightDecay: 0.01 }),
    adamStep(() => 0.1, 0.9, 0.999, 0.01),
  );
  // As in Pyro, the rate decays before the step.
  const inner = adamStep((t) => 0.1 * 0.9 ** t);
  assertPath(clippedAdam(0.1, { clipNorm: 0.5, lrd: 0.9 }), (g, t, x) => inner(clip(g, 0.5), t, x));
});

test("steps have gradients, with respect to gradients and states alike", () => {
  for (const optimizer of [adam(0.1), rmsprop(0.1), adagrad(0.1), momentum(0.1)]) {
    const afterTwoSteps = (start: Tensor): Tensor => {
      let x: Record<string, Tensor> = { x: start };
      let state = optimizer.init(x);
      for (let t = 0; t < 2; t++) {
        const [updates, next] = optimizer.update({ x: (x.x as Tensor).square().add(t) }, state, x);
        state = next;
        x = applyUpdates(x, updates);
      }
      return x.x as Tensor;
    };
    const [at, h] = [0.7, 1e-5];
    const slope = (afterTwoSteps(tensor(at + h)).item() - afterTwoSteps(tensor(at - h)).item()) / (2 * h);
    assert.ok(
      Math.abs(grad(afterTwoSteps)(at).item() - slope) < 1e-9 * Math.abs(slope),
      `${grad(afterTwoSteps)(at)} against ${slope}`,
    );
  }
});

test("chain, clipByValue, clipByGlobalNorm and scaleBy change updates as documented", () => {
  assertPath(chain(clipByValue(0.3), scaleBy(2), sgd(0.1)), (g) => -0.1 * 2 * clip(g, 0.3));
  const grads = { a: tensor([3, 0]), b: tensor(4) };
  const [clipped] = clipByGlobalNorm(1).update(grads, {}, grads);
  assert.ok(Math.abs((clipped.a as Tensor).square().sum().add(clipped.b.square()).item() - 1) < 1e-14);
  const [kept] = clipByGlobalNorm(10).update(grads, {}, grads);
  assert.equal(kept.a.toArray(), [3, 0]);
});

test("parameters, gradients and averages are matched by name, whatever the order of the names", () => {
  const [params, grads] = [
    { a: tensor(1), b: [tensor(2), tensor(3)] },
    { b: [tensor(20), tensor(30)], a: tensor(10) },
  ];
  const optimizer = momentum(1, 0.5);
  const [, state] = optimizer.update(grads, optimizer.init(params), params);
  const [updates] = optimizer.update({ a: tensor(1), b: [tensor(2), tensor(3)] }, state, params);
  assert.equal([updates.a, ...updates.b].map(Number), [-6, -12, -18]);
});

test("schedules have the documented learning rates", () => {
  const schedules: [(step: Tensor) => Tensor, (t: number) => number][] = [
    [exponentialDecay(0.1, 2, 0.5), (t) => 0.1 * 0.5 ** (t / 2)],
    [cosineDecay(0.1, 4, 0.1), (t) => 0.1 * (0.9 * 0.5 * (1 + Math.cos((Math.PI * Math.min(t, 4)) / 4)) + 0.1)],
    [linearSchedule(0.1, 0.5, 3), (t) => 0.1 + (0.4 * Math.min(t, 3)) / 3],
    [piecewiseConstant(0.1, { 2: 0.5, 4: 0.1 }), (t) => 0.1 * (t >= 2 ? 0.5 : 1) * (t >= 4 ? 0.1 : 1)],
  ];
  for (const [schedule, rate] of schedules) assertPath(sgd(schedule), (g, t) => -rate(t - 1) * g);
});

test("perParam uses a separate optimiser for each parameter", () => {
  const optimizer = perParam((name) => sgd(name === "slow" ? 0.1 : 1));
  const params = { slow: tensor(1), fast: tensor(1) };
  const [updates] = optimizer.update(params, optimizer.init(params), params);
  assert.equal([updates.slow.item(), updates.fast.item()], [-0.1, -1]);
});

test("a user's schedule may return a number", () => {
  assertPath(
    sgd(() => 0.3),
    (g) => -0.3 * g,
  );
  assertPath(
    adam((t) => (t.item() < 2 ? 0.1 : 0.05)),
    adamStep((t) => (t <= 2 ? 0.1 : 0.05)),
  );
});

test.run();
