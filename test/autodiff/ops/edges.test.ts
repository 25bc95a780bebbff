/** Values and gradients at edge cases for which NumPy, C and JAX have conventions: zeros, infinities, NaN, subnormal numbers, ties. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as P from "../../../autodiff/index.js";
import { grad, type Tensor, tensor } from "../../../autodiff/index.js";
import { scalars } from "./opTable.js";

type Fn = (...xs: Tensor[]) => Tensor;
const [INF, NAN, TINY] = [Infinity, Number.NaN, 5e-324];
/** op, operands, value, gradient for each operand (null: not asserted). */
type Row = [name: string, xs: number[], value: number, ...gradients: (number | null)[]];

const rows: Row[] = [
  ["add", [INF, -INF], NAN, 1, 1],
  ["sub", [INF, INF], NAN, 1, -1],
  ["mul", [0, INF], NAN, INF, 0],
  ["mul", [0, -0], -0, -0, 0],
  ["mul", [TINY, 0.5], 0, 0.5, TINY],
  ["mulZeroWins", [0, INF], 0],
  ["mulZeroWins", [0, NAN], 0],
  ["mulZeroWins", [1, INF], INF],
  ["div", [1, 0], INF, INF, -INF],
  ["div", [0, 0], NAN, INF, null],
  ["div", [1, INF], 0, 0, -0],
  ["div", [TINY, 2], 0, 0.5, -0],
  ["neg", [0], -0, -1],
  ["abs", [0], 0, 0],
  ["abs", [-0], 0, -0],
  ["abs", [-INF], INF, -1],
  ["abs", [NAN], NAN, NAN],
  ["sign", [NAN], NAN],
  ["sign", [-0], -0],
  ["sign", [-TINY], -1],
  ["sqrt", [0], 0, INF],
  ["sqrt", [-1], NAN, NAN],
  ["sqrt", [INF], INF, 0],
  ["square", [INF], INF, INF],
  ["reciprocal", [-0], -INF, -INF],
  ["pow", [0, 0], 1, 0, 0],
  ["pow", [0, 2], 0, 0, 0],
  ["pow", [0, 1], 0, 1, 0],
  ["pow", [0, 0.5], 0, INF, 0],
  ["pow", [0, -1], INF, -INF, null],
  ["pow", [-2, 3], -8, 12, null],
  ["pow", [-8, 1 / 3], NAN, NAN, NAN],
  ["pow", [1, NAN], 1, NAN, 0],
  ["pow", [1, INF], 1, null, 0],
  ["pow", [NAN, 0], 1, 0, NAN],
  ["pow", [-1, -INF], 1, null, null],
  ["pow", [INF, -1], 0, 0, null],
  ["exp", [-INF], 0, 0],
  ["exp", [710], INF, INF],
  ["exp", [-745], TINY, TINY],
  ["expm1", [-INF], -1, 0],
  ["expm1", [TINY], TINY, 1],
  ["expm1", [1e-20], 1e-20, 1],
  ["log", [0], -INF, INF],
  ["log", [-1], NAN, -1],
  ["log", [INF], INF, 0],
  ["log", [TINY], -744.4400719213812, INF],
  ["log1p", [-1], -INF, INF],
  ["log1p", [1e-20], 1e-20, 1],
  ["xlogy", [0, 0], 0, -INF, 0],
  ["xlogy", [0, -1], 0, NAN, 0],
  ["xlogy", [1, 0], -INF, -INF, INF],
  ["xlog1py", [0, -1], 0, -INF, 0],
  ["logaddexp", [-INF, -INF], -INF, 0.5, 0.5],
  ["logaddexp", [-INF, 3], 3, 0, 1],
  ["logaddexp", [INF, 3], INF, 1, 0],
  ["logaddexp", [1e3, 1e3], 1000.6931471805599, 0.5, 0.5],
  ["log1mexp", [0], -INF, -INF],
  ["log1mexp", [-INF], 0, 0],
  ["sin", [-0], -0, 1],
  ["sin", [INF], NAN, NAN],
  ["cos", [0], 1, 0],
  ["cos", [-INF], NAN, NAN],
  ["tan", [-0], -0, 1],
  ["tan", [INF], NAN, NAN],
  ["atan", [INF], Math.PI / 2, 0],
  ["atan", [-0], -0, 1],
  ["tanh", [INF], 1, 0],
  ["tanh", [TINY], TINY, 1],
  ["sigmoid", [-INF], 0, 0],
  ["sigmoid", [INF], 1, 0],
  ["logSigmoid", [-1e4], -1e4, 1],
  ["logSigmoid", [-INF], -INF, 1],
  ["softplus", [-INF], 0, 0],
  ["softplus", [1e4], 1e4, 1],
  ["softplus", [INF], INF, 1],
  ["relu", [0], 0, 0],
  ["relu", [NAN], NAN, 0],
  ["maximum", [2, 2], 2, 0.5, 0.5],
  ["maximum", [NAN, 1], NAN, null, null],
  ["maximum", [-INF, -INF], -INF, 0.5, 0.5],
  ["minimum", [-1, -1], -1, 0.5, 0.5],
  ["minimum", [1, NAN], NAN, null, null],
  ["clip", [5, 0, 1], 1, 0, 0, 1],
  ["clip", [1, 0, 1], 1, 0.5, 0, 0.5],
  ["clip", [0.5, 1, 0], 0, 0, 0, 1],
  ["clip", [0, 1, 0], 0, 0, 0, 1],
  ["clip", [-INF, 0, 1], 0, 0, 1, 0],
  ["where", [1, 2, NAN], 2, 0, 1, 0],
  ["where", [0, NAN, 3], 3, 0, 0, 1],
  ["where", [NAN, 2, 3], 2, 0, 1, 0],
  ["equal", [NAN, NAN], 0],
  ["notEqual", [NAN, NAN], 1],
  ["equal", [0, -0], 1],
  ["less", [NAN, 1], 0],
  ["lessEqual", [NAN, 1], 0],
  ["lessEqual", [0, -0], 1],
  ["greater", [NAN, 1], 0],
  ["greater", [0, -0], 0],
  ["greaterEqual", [INF, INF], 1],
  ["logicalNot", [NAN], 0],
  ["logicalAnd", [NAN, 1], 1],
  ["logicalAnd", [NAN, -0], 0],
  ["logicalOr", [NAN, 0], 1],
  ["logicalOr", [0, -0], 0],
  ["isFinite", [-INF], 0],
  ["isFinite", [NAN], 0],
  ["isFinite", [TINY], 1],
  ["isNaN", [NAN], 1],
  ["floor", [-0.5], -1],
  ["ceil", [-0.5], -0],
  ["round", [0.5], 0],
  ["round", [1.5], 2],
  ["round", [2.5], 2],
  ["round", [-1.5], -2],
  ["round", [0.49999999999999994], 0],
  ["round", [2 ** 52 + 1], 2 ** 52 + 1],
  ["round", [INF], INF],
  ["lgamma", [0], INF, null],
  ["lgamma", [INF], INF, INF],
  ["digamma", [0], -INF],
  ["trigamma", [0], INF],
  ["trigamma", [INF], 0, 0],
  ["logBeta", [0, 1], INF, -INF, null],
  ["logBeta", [-INF, 1], NAN, NAN, NAN],
  ["logBeta", [-1e300, 9.5], NAN, NAN, null],
  ["erf", [INF], 1, 0],
  ["erfc", [INF], 0, 0],
  ["erfcx", [INF], 0, 0],
  ["erfcx", [-INF], INF, -INF],
  ["erfinv", [1], INF, INF],
  ["ndtri", [0], -INF, INF],
  ["logNdtr", [-INF], -INF, INF],
  ["ndtr", [INF], 1, 0],
  ["gammainc", [1, 0], 0, 0, 1],
  ["gammainc", [0.5, 0], 0, 0, INF],
  ["gammainc", [1, INF], 1, 0, 0],
  ["gammaincc", [1, 0], 1, 0, -1],
  ["gammaincc", [2, 0], 1, 0, 0],
  ["gammaincc", [1, INF], 0, 0, 0],
  ["gammaincinv", [1, 0], 0, 0, 1],
  ["gammaincinv", [1, 1], INF],
  ["betainc", [1, 3, 0], 0, 0, 0, 3],
  ["betainc", [0.5, 1, 0], 0, 0, 0, INF],
  ["betainc", [2, 1, 1], 1, 0, 0, 2],
  ["betaincinv", [1, 4, 0], 0, 0, 0, 0.25],
  ["betaincinv", [2, 1, 1], 1, 0, 0, 0.5],
  ["i0e", [0], 1, 0],
  ["i1e", [0], 0, 0.5],
  ["logI0", [0], 0, 0],
];

const alike = (got: number, want: number): boolean =>
  Object.is(got, want) || got === want || Math.abs(got - want) <= 1e-15 * Math.abs(want);

for (const [name, xs, value, ...gradients] of rows)
  test(`${name}(${xs.map((x) => (Object.is(x, -0) ? "-0" : x)).join(", ")})`, () => {
    const f = (P as unknown as Record<string, Fn>)[name] as Fn;
    // As scalars and as arrays, for which the library runs different code.
    for (const shape of [[], [2]]) {
      const ts = xs.map((x) => tensor(x).broadcastTo(shape).add(tensor(0).broadcastTo(shape)).mul(1));
      const operands = xs.map((x, i) => (Object.is(x, -0) ? tensor(shape.length ? [-0, -0] : -0) : (ts[i] as Tensor)));
      const got = f(...operands).toFloat64Array()[0] as number;
      assert.ok(alike(got, value), `value ${got}, expected ${value}`);
      gradients.forEach((want, i) => {
        if (want === null) return;
        const slope = grad((x: Tensor) => f(...operands.map((other, j) => (j === i ? x : other))).sum())(operands[i]);
        const first = slope.toFloat64Array()[0] as number;
        assert.ok(alike(first, want), `gradient ${i}: ${first}, expected ${want}`);
      });
    }
  });

test("every op of the op table has a row", () => {
  const without = scalars.filter(({ name }) => !rows.some(([op]) => op === name)).map(({ name }) => name);
  const what = "what it makes of 0, infinities or NaN, as NumPy, SciPy or C do";
  assert.equal(without, [], `add a row to "rows" of test/autodiff/ops/edges.test.ts for ${without}: ${what}`);
});

test("a branch that is not taken has gradient 0, even if its value is infinite or NaN", () => {
  for (const x of [0, -1]) {
    const f = (y: Tensor): Tensor => P.where(y.greater(0), y.sqrt(), 0);
    assert.is(grad(f)(x).item(), 0);
    assert.is(grad(grad(f))(x).item(), 0);
    assert.is(grad((y: Tensor) => P.where(y.greater(0), y.log().div(y), y))(x).item(), 1);
  }
  const norm = (x: Tensor): Tensor => x.square().sum().sqrt();
  assert.equal(grad((x: Tensor) => P.where(norm(x).greater(0), norm(x), 0))([0, 0]).toArray(), [0, 0]);
});

test("reductions share gradients between ties and are right for infinities", () => {
  assert.equal(grad((x: Tensor) => x.max())([3, 1, 3]).toArray(), [0.5, 0, 0.5]);
  assert.equal(
    grad((x: Tensor) => x.min(0).sum())([
      [1, 2],
      [1, 1],
    ]).toArray(),
    [
      [0.5, 0],
      [0.5, 1],
    ],
  );
  assert.ok(Number.isNaN(tensor([1, NAN, 3]).max().item()));
  assert.is(tensor([1, NAN, 3]).argmax().item(), 1);
  assert.is(tensor([3, 3]).argmax().item(), 0);
  assert.is(P.logsumexp([-INF, -INF]).item(), -INF);
  assert.equal(grad((x: Tensor) => x.logsumexp())([-INF, -INF]).toArray(), [0, 0]);
  assert.is(P.logsumexp([INF, 1]).item(), INF);
  // As in JAX, the gradient is NaN at an element that is Infinity.
  for (const n of [3, 70]) {
    const x = new Array(n).fill(0).fill(INF, 1, 2);
    assert.ok(
      Number.isNaN(
        grad((x: Tensor) => x.logsumexp())(x)
          .at(1)
          .item(),
      ),
      `${n} numbers`,
    );
    assert.is(
      grad((x: Tensor) => P.where(0, x.logsumexp(), 0))(x)
        .abs()
        .sum()
        .item(),
      0,
    );
    assert.is(
      grad((x: Tensor) => x.logsumexp())(new Array(n).fill(-INF))
        .abs()
        .sum()
        .item(),
      0,
    );
  }
  assert.is(P.logsumexp([1e308, 1e308]).item(), 1e308);
  assert.equal(grad((x: Tensor) => x.prod())([2, 0, 4]).toArray(), [0, 8, 0]);
  assert.equal(grad((x: Tensor) => x.prod())([0, 0, 4]).toArray(), [0, 0, 0]);
  assert.equal(P.softmax([-INF, 0]).toArray(), [0, 1]);
  assert.is(P.sum(P.zeros([0])).item(), 0);
  assert.is(P.prod(P.zeros([0])).item(), 1);
  assert.is(P.logsumexp(P.zeros([0])).item(), -INF);
  assert.equal(P.sum(P.zeros([0, 3]), 0).toArray(), [0, 0, 0]);
  assert.equal(P.max(P.zeros([0, 3]), 1).toArray(), []);
});

test("ops handle axes of size 0 and 1", () => {
  const empty = P.zeros([0, 2]);
  assert.equal(P.matmul(P.zeros([2, 0]), empty).toArray(), [
    [0, 0],
    [0, 0],
  ]);
  assert.equal(P.exp(empty).shape, [0, 2]);
  assert.equal(P.add(P.zeros([3, 1]), P.zeros([0])).shape, [3, 0]);
  assert.equal(P.concatenate([empty, [[1, 2]]]).toArray(), [[1, 2]]);
  assert.equal(grad((x: Tensor) => x.square().sum())(empty).shape, [0, 2]);
  assert.equal(P.cumsum(empty).shape, [0, 2]);
  assert.equal(P.take([1, 2], tensor([]), 0).shape, [0]);
  assert.equal(P.transpose(empty).shape, [2, 0]);
  assert.equal(P.add(P.ones([1, 3, 1]), P.ones([2, 1, 1])).shape, [2, 3, 1]);
});

test.run();
