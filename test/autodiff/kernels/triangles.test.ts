/** Substitution and Cholesky factors in blocks give the bits of the plain kernels, for all sizes, triangles and batches. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { cholesky, eye, grad, jit, matmul, random, type Tensor, triangularSolve } from "../../../autodiff/index.js";

function assertSame(f: (...xs: Tensor[]) => Tensor, args: Tensor[], message: string): void {
  const compiled = jit(f);
  const eager = f(...args).toFloat64Array();
  for (let call = 0; call < 2; call++) {
    const y = compiled(...args).toFloat64Array();
    const at = eager.findIndex((x, i) => !Object.is(x, y[i]));
    assert.is(at, -1, `${message}: ${y[at]} at ${at}, eager ${eager[at]}`);
  }
}
const matrix = (seed: number, shape: number[]): Tensor => random.normal(random.key(seed), shape);
const regular = (seed: number, n: number, batch: number[] = []): Tensor =>
  matrix(seed, [...batch, n, n])
    .div(Math.sqrt(n))
    .add(eye(n).mul(2));

for (const n of [16, 31, 33, 64, 97])
  test(`blocked solutions of triangular systems of ${n} rows have the bits of the plain kernel`, () => {
    for (const columns of [1, 4, 5, 34])
      for (const lower of [true, false])
        for (const transpose of [true, false])
          assertSame(
            (a, b) => triangularSolve(a, b, { lower, transpose }),
            [regular(n, n), matrix(columns, [n, columns])],
            `${n} by ${columns}, ${lower ? "lower" : "upper"}${transpose ? ", transposed" : ""}`,
          );
  });

test("triangularSolve handles batches, broadcast matrices and right-hand sides that are views", () => {
  assertSame((a, b) => triangularSolve(a, b), [regular(1, 35, [3]), matrix(2, [3, 35, 6])], "a batch");
  assertSame((a, b) => triangularSolve(a, b), [regular(1, 35), matrix(2, [3, 35, 6])], "one matrix for a batch");
  assertSame((a, b) => triangularSolve(a, b.transpose()), [regular(1, 35), matrix(2, [6, 35])], "a transposed view");
  assertSame((a) => cholesky(matmul(a, a.transpose([0, 2, 1]))), [regular(3, 34, [2])], "factors of a batch");
});

for (const n of [16, 32, 33, 65, 98])
  test(`blocked Cholesky factors of ${n} rows have the bits of the plain kernel, also for matrices without a factor`, () => {
    const a = regular(n, n);
    const spd = matmul(a, a.transpose());
    assertSame((x) => cholesky(x), [spd], `${n}`);
    const last = eye(n).mul(1e-9).slice(-1).mul(-1e12);
    assertSame((x) => cholesky(x), [spd.sub(eye(n).mul(3))], `${n}, indefinite`);
    assertSame((x) => cholesky(x.add(last.transpose().matmul(last).neg())), [spd], `${n}, indefinite in its last row`);
    assertSame((x) => grad((y: Tensor) => cholesky(y).square().sum())(x), [spd], `${n}, gradient`);
    const factor = cholesky(spd);
    const rest = matmul(factor, factor.transpose()).sub(spd).abs().max().item();
    assert.ok(rest < 1e-13 * n, `L Lᵀ is off by ${rest}`);
  });

test.run();
