/** A tour of ops: the rows of a table, and a user's own op. opTable.ts lists every op, and the tests beside this file run over it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { grad, jit, type Tensor, tensor, unary, vmap } from "../../../autodiff/index.js";
import { scalars } from "./opTable.js";

test("an op is a function and a method", () => {
  const x = tensor([1, 2]);
  assert.equal(
    x.add(1).log().toArray(),
    [Math.log(2), Math.log(3)].map((y) => tensor(y).item()),
  );
  assert.ok(scalars.length > 60, "this many of them are elementwise");
});

// x³, with its derivative written in ops: the name, the function of numbers, the rule for its operand.
const cube = unary("cube", (a) => a * a * a, [(g, _, a) => g.mul(a.square()).mul(3)]);

test("a user's own op broadcasts, has two derivatives, and runs under vmap and jit", () => {
  assert.equal(cube([1, 2, 3]).toArray(), [1, 8, 27]);
  const slope = (x: Tensor) => grad((t: Tensor) => cube(t).sum())(x);
  assert.equal(slope(tensor([1, 2])).toArray(), [3, 12]);
  assert.equal(grad((x: Tensor) => slope(x).sum())([1, 2]).toArray(), [6, 12]);
  assert.equal(vmap(cube)([[1], [2]]).toArray(), [[1], [8]]);
  const fast = jit((x: Tensor) => cube(x).sum());
  for (const x of [tensor([1, 2]), tensor([3, 4]), tensor([5, 6])]) assert.is(fast(x).item(), cube(x).sum().item());
});

test("indices, reductions, shapes and matrices follow NumPy's names", () => {
  const x = tensor([
    [1, 2],
    [3, 4],
  ]);
  assert.equal(x.at(-1).toArray(), [3, 4]);
  assert.equal(x.sum(0, { keepDims: true }).shape, [1, 2]);
  assert.equal(x.matmul(x).toArray(), [
    [7, 10],
    [15, 22],
  ]);
});

test.run();
