/** First and second derivatives of every op against finite differences: scalars, vectors, matrices, broadcast operands. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  type Binary,
  betaImplicitGradA,
  betaImplicitGradB,
  gammaImplicitGrad,
  type Tensor,
  type Ternary,
  tensor,
  vonMisesImplicitGrad,
} from "../../../autodiff/index.js";
import { assertDerivatives } from "../ops/differences.js";
import { arrays, operand, scalars } from "../ops/opTable.js";

const shapes: Record<string, readonly (readonly number[])[]> = {
  scalar: [[], [], []],
  vector: [[4], [4], [4]],
  matrix: [
    [2, 3],
    [2, 3],
    [2, 3],
  ],
  broadcast: [[3], [2, 1], []],
};

for (const { name, f, ranges, smooth } of scalars) {
  if (!smooth) continue;
  test(name, () => {
    for (const [kind, own] of Object.entries(shapes)) {
      const xs = ranges.map((range, i) => operand(own[i] as number[], range, 3 + i));
      assertDerivatives(
        f,
        xs,
        ranges.map((range) => range.whole !== true),
        `${name} of ${kind}`,
      );
    }
  });
}

for (const { name, f, operands, smooth } of arrays) {
  if (!smooth) continue;
  test(name, () => {
    const xs = operands.map(({ shape, range }, i) => operand(shape, range, 20 + i));
    assertDerivatives(
      f,
      xs,
      operands.map(({ range }) => range.whole !== true),
      name,
    );
  });
}

test("derivatives of quantiles with respect to their parameters are right, and further derivatives are refused", () => {
  const rows: [Binary | Ternary, number[]][] = [
    [gammaImplicitGrad, [2.3, 1.7]],
    [gammaImplicitGrad, [40, 44]],
    [betaImplicitGradA, [2.3, 0.9, 0.4]],
    [betaImplicitGradB, [2.3, 0.9, 0.4]],
    [betaImplicitGradA, [15, 14, 0.6]],
    [betaImplicitGradB, [15, 14, 0.6]],
    [vonMisesImplicitGrad, [2, 1.2]],
    [vonMisesImplicitGrad, [2, -0.3]],
  ];
  for (const [f, xs] of rows) {
    const op = f as (...ys: Tensor[]) => Tensor;
    const point = xs.map((x) => tensor(x));
    const all = xs.map(() => true);
    assertDerivatives(op, point, all, `${f.op.name}(${xs})`, 1);
    assert.throws(() => assertDerivatives(op, point, all, f.op.name), /no further derivative of this op is known/);
  }
});

// The distribution function 1/2 + ∫_0^θ exp(κ cos s) ds / (2π I_0(κ)), by Simpson's rule. It stays fixed when the quantile follows κ.
test("derivatives of von Mises quantiles with respect to κ agree with numerical integration", () => {
  const F = (k: number, angle: number): number => {
    const n = 2000;
    const f = (s: number) => Math.exp(k * (Math.cos(s) - 1));
    let sum = f(0) + f(angle);
    for (let i = 1; i < n; i++) sum += (i % 2 === 1 ? 4 : 2) * f((angle * i) / n);
    return (sum * angle) / (3 * n) / (2 * Math.PI * tensor(k).i0e().item());
  };
  for (const k of [0.01, 0.7, 3, 50, 900])
    for (const z of [0.01, -0.5, 1, -1.4, 3]) {
      const angle = z / Math.max(1, Math.sqrt(k));
      const [h, t] = [1e-4 * k, 1e-4 / Math.max(1, Math.sqrt(k))];
      const dk = (F(k + h, angle) - F(k - h, angle)) / (2 * h);
      const dx = (F(k, angle + t) - F(k, angle - t)) / (2 * t);
      const got = vonMisesImplicitGrad(k, angle).item();
      assert.ok(Math.abs(got / (-dk / dx) - 1) < 1e-6, `κ ${k}, θ ${angle}: ${got}, ${-dk / dx}`);
    }
});

test("derivatives are right for strided operands", () => {
  const f = (x: Tensor, y: Tensor): Tensor => x.transpose().mul(y.flip(1)).add(y.slice(0, 1)).exp();
  const xs = [operand([4, 3], { low: -1, high: 1 }, 1), operand([3, 4], { low: -1, high: 1 }, 2)];
  assertDerivatives(f, xs, [true, true], "transposed, flipped and sliced");
});

test("a function of a constant has gradient 0", () => {
  assertDerivatives(() => tensor([1, 2]), [tensor([3, 4])], [true], "constant");
});

test.run();
