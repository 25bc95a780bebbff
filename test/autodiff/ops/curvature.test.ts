/**
 * Second derivatives of piecewise functions: at a join, smooth functions have their true second derivative, kinks follow JAX, and where
 * the second derivative does not exist, the result is NaN. References are closed forms and 50 digits.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  abs,
  clip,
  grad,
  hessian,
  jit,
  logaddexp,
  logSoftmax,
  logsumexp,
  maximum,
  minimum,
  pow,
  relu,
  sigmoid,
  softmax,
  softplus,
  sqrt,
  square,
  stack,
  sum,
  type Tensor,
  tanh,
  tensor,
  where,
} from "../../../autodiff/index.js";

type F = (x: Tensor) => Tensor;
const slope = (f: F, x: number): number => grad(f)(x).item();
const curvature = (f: F, x: number): number => slope((y) => grad(f)(y), x);
function assertNear(actual: number, right: number, what: string, relative = 1e-14): void {
  const near = Object.is(actual, right) || Math.abs(actual - right) <= relative * Math.abs(right) + 1e-300;
  assert.ok(near, `${what}: ${actual}, not ${right}`);
}

test("smooth functions have their true second derivative where their pieces join", () => {
  for (const [what, f, x, right] of [
    ["logaddexp of equals", (a: Tensor) => logaddexp(a, 3), 3, 0.25],
    ["logaddexp of equals, the other side", (a: Tensor) => logaddexp(3, a), 3, 0.25],
    ["logaddexp of both", (a: Tensor) => logaddexp(a.mul(2), a), 0, 0.25],
    ["logaddexp of huge equals", (a: Tensor) => logaddexp(a, 1e300), 1e300, 0.25],
    ["softplus", softplus, 0, 0.25],
    ["logsumexp of equals", (a: Tensor) => logsumexp(stack([a, tensor(2), tensor(2)])), 2, 2 / 9],
    ["square root of a square plus one", (a: Tensor) => sqrt(square(a).add(1)), 0, 1],
    ["power 3 at 0", (a: Tensor) => pow(a, 3), 0, 0],
    ["power 2 at 0", (a: Tensor) => pow(a, 2), 0, 2],
    ["power 1 at 0", (a: Tensor) => pow(a, 1), 0, 0],
    ["power 0 at 0", (a: Tensor) => pow(a, 0), 0, 0],
  ] as [string, F, number, number][])
    assertNear(curvature(f, x), right, what);
});

test("derivatives of tanh and sigmoid keep their digits in the tails", () => {
  for (const [x, first, second] of [
    [3, 0.009866037165440191, -0.019634494363042436],
    [15, 3.7430491875353693e-13, -7.486098375069338e-13],
    [-19, 1.2556531168192118e-16, 2.5113062336384234e-16],
    [350, 3.9438706175039083e-304, -7.887741235007817e-304],
  ] as const) {
    assertNear(slope(tanh, x), first, `tanh'(${x})`);
    assertNear(curvature(tanh, x), second, `tanh''(${x})`);
  }
  assertNear(slope(sigmoid, 45), 2.8625185805493937e-20, "sigmoid'(45)");
  assertNear(curvature(sigmoid, 45), -2.8625185805493937e-20, "sigmoid''(45)");
});

test("derivatives at kinks follow JAX: 0 for abs and relu, shared at ties and at the limits of clip", () => {
  for (const [what, f, x, right] of [
    ["abs", abs, 0, 0],
    ["relu", relu, 0, 0],
    ["maximum", (a: Tensor) => maximum(a, 2), 2, 0.5],
    ["minimum", (a: Tensor) => minimum(2, a), 2, 0.5],
    ["clip inside", (a: Tensor) => clip(a, -1, 1), 0, 1],
    ["clip at its lower limit", (a: Tensor) => clip(a, -1, 1), -1, 0.5],
    ["clip at its upper limit", (a: Tensor) => clip(a, -1, 1), 1, 0.5],
    ["clip beyond", (a: Tensor) => clip(a, -1, 1), 1.5, 0],
    ["crossed limits", (a: Tensor) => clip(a, 1, -1), 0, 0],
    ["crossed limits, at the upper one", (a: Tensor) => clip(a, 1, -1), -1, 0],
    ["the lower of crossed limits", (a: Tensor) => clip(0, a, -1), 1, 0],
    ["the upper of crossed limits", (a: Tensor) => clip(0, 1, a), -1, 1],
    ["limits that are one number", (a: Tensor) => clip(a, 1, 1), 1, 0.25],
  ] as [string, F, number, number][]) {
    assertNear(slope(f, x), right, what);
    assertNear(curvature(f, x), 0, `${what}, second`);
  }
});

test("a second derivative through a root at 0 is NaN if it has no limit, and 0 in a branch that is not taken", () => {
  for (const f of [(x: Tensor) => sqrt(sum(square(x))), (x: Tensor) => pow(sum(square(x)), 0.5)])
    for (const row of hessian(f)([0, 0]).toArray() as number[][])
      assert.ok(row.every(Number.isNaN), "the Hessian of a norm at 0");
  assert.is(curvature(sqrt, 0), -Infinity);
  const guarded: F = (x) => where(x.greater(0), sqrt(x), 0);
  assert.equal([slope(guarded, 0), curvature(guarded, 0)], [0, 0]);
  assertNear(curvature(sqrt, 4), -1 / 32, "sqrt''");
  assertNear(
    slope((y) => grad((x: Tensor) => grad(sqrt)(x))(y), 4),
    3 / 256,
    "sqrt'''",
  );
  assertNear(
    slope((y) => grad((x: Tensor) => grad((z: Tensor) => pow(z, 2.5))(x))(y), 4),
    0.9375,
    "(x^2.5)'''",
  );
  assertNear(
    slope((b) => grad((x: Tensor) => pow(x, b))(tensor(2)), 3),
    12 * Math.log(2) + 4,
    "d/db of b x^(b-1)",
  );
});

test("softmax, logSoftmax and their gradients are right for logits of every size", () => {
  for (const size of [1, 1e5, 1e12, 1e300])
    for (const [sign, copies] of [
      [1, 1],
      [-1, 1],
      [1, 100],
    ] as const) {
      const logits = tensor([0, 0, -1].map((d) => sign * size + d));
      const x = logits.broadcastTo([copies, 3]).mul(1);
      const [a, b, c] = logits.toArray() as [number, number, number];
      const e = [1, Math.exp(b - a), Math.exp(c - a)];
      const total = e.reduce((s, v) => s + v);
      const last = (y: Tensor): number[] => y.at(copies - 1).toArray() as number[];
      const [p, logP] = [last(softmax(x)), last(logSoftmax(x))];
      const gradient = last(grad((y: Tensor) => logsumexp(y, 1).sum())(x));
      for (const [k, v] of e.entries()) {
        assertNear(p[k] as number, v / total, `softmax at ${a}`);
        assertNear(logP[k] as number, Math.log(v / total), `logSoftmax at ${a}`, 1e-13);
        assertNear(gradient[k] as number, v / total, `gradient of logsumexp at ${a}`);
      }
      const pull = last(grad((y: Tensor) => logSoftmax(y).slice(0, 1, { axis: 1 }).sum())(x));
      assert.ok(Math.abs(pull.reduce((s, v) => s + v)) < 1e-15);
    }
});

/** With 84 numbers each function is one op; with 840 it is several ops, which the compiler fuses. */
for (const middle of [4, 40])
  test(`softmax, logSoftmax and logsumexp of shape 7 by ${middle} by 3 are right along all axes, masked and compiled`, () => {
    const n = 21 * middle;
    const x = tensor(Array.from({ length: n }, (_, i) => ((i * 37) % 19) - 9)).reshape([7, middle, 3]);
    for (const axis of [0, 1, 2, -1]) {
      for (const f of [softmax, logSoftmax, (y: Tensor, a: number) => logsumexp(y, a)] as ((
        y: Tensor,
        a: number,
      ) => Tensor)[]) {
        const g = (y: Tensor) => f(y, axis);
        const gradient = grad((z: Tensor) => g(z).square().sum());
        const compiled = jit((y: Tensor) => [g(y), gradient(y)]);
        const eager = [g(x), gradient(x)].map((t) => t.toArray());
        for (let call = 0; call < 3; call++)
          assert.equal(
            compiled(x).map((t) => t.toArray()),
            eager,
          );
      }
      assert.ok(Math.abs(sum(softmax(x, axis)).item() - n / (x.shape.at(axis) as number)) < 1e-12 * n);
      // logsumexp of a logSoftmax is 0, and the gradient of logsumexp is the softmax.
      const back = logsumexp(logSoftmax(x, axis), axis, { keepDims: true });
      assert.ok(back.abs().max().item() < 1e-14);
      const gap = grad((y: Tensor) => logsumexp(y, axis).sum())(x).sub(softmax(x, axis));
      assert.ok(gap.abs().max().item() < 1e-15);
    }
    const apart = logsumexp(x, [0, 2]).toArray() as number[];
    const together = logsumexp(x.transpose([1, 0, 2]).reshape([middle, 21]), 1).toArray() as number[];
    for (const [i, y] of apart.entries()) assertNear(y, together[i] as number, "axes that are not adjacent");
    const whole = grad((y: Tensor) => logsumexp(y, [0, 2]).sum())(x);
    assertNear(whole.sum().item(), middle, "their gradient", 1e-12);
    assert.equal(logsumexp(x, [0, 2], { keepDims: true }).shape, [1, middle, 1]);
    assertNear(
      curvature((t) => logsumexp(x.mul(t), 1).sum(), 1),
      variances(x),
      "the second derivative",
      1e-11,
    );

    const masked = where(x.greater(3), -Infinity, x.mul(0));
    const shares = softmax(masked, 1);
    assert.ok(masked.equal(-Infinity).mul(shares).sum().item() === 0 && Math.abs(shares.sum().item() - 21) < 1e-12);
    const none = x.mul(0).sub(Infinity);
    assert.ok(logsumexp(none, 1).equal(-Infinity).min().item() === 1);
    assert.is(
      grad((y: Tensor) => logsumexp(y, 1).isFinite().sum().add(logsumexp(y, 0).sum()))(none)
        .abs()
        .max()
        .item(),
      0,
    );
  });

/** Σ of the variances of x along axis 1 under its softmax: d²/dt² of Σ logsumexp(t x) at 1. */
const variances = (x: Tensor): number => {
  const p = softmax(x, 1);
  return p.mul(x.square()).sum(1).sub(p.mul(x).sum(1).square()).sum().item();
};

test("softmax and logsumexp are right for groups of none, of one and of infinite numbers", () => {
  const masked = tensor([-Infinity, 1, -Infinity]);
  assert.equal(softmax(masked).toArray(), [0, 1, 0]);
  assert.equal(grad((y: Tensor) => logsumexp(y))(tensor([-Infinity, -Infinity])).toArray(), [0, 0]);
  assert.is(logsumexp(tensor([])).item(), -Infinity);
  assert.is(logsumexp(tensor([Infinity, 0])).item(), Infinity);
  assert.equal(softmax(tensor([[3], [-Infinity]]), 0).toArray(), [[1], [0]]);
});

test.run();
