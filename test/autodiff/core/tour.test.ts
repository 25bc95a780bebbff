/**
 * The core in one sitting: what a tensor is, how its data lie, and that every tensor an op makes comes through one door. Then
 * tensor.test.ts: what goes in, what comes out, what is refused; copy.test.ts: strided data.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { apply, arange, grad, type Op, type Tensor, tensor } from "../../../autodiff/index.js";

test("a tensor is float64 numbers with a shape, and does not change", () => {
  const x = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  assert.equal([x.shape, x.size, x.length], [[2, 3], 6, 2]);
  const y = x.add(10);
  assert.equal(x.at(0).toArray(), [1, 2, 3], "x is what it was");
  assert.equal(y.toArray(), [
    [11, 12, 13],
    [14, 15, 16],
  ]);
});

test("a transpose, a slice, a broadcast are the same numbers seen through other strides", () => {
  const x = arange(6).reshape([2, 3]);
  assert.equal(x.transpose().toArray(), [
    [0, 3],
    [1, 4],
    [2, 5],
  ]);
  assert.equal(x.slice(1).broadcastTo([2, 3]).toArray(), [
    [3, 4, 5],
    [3, 4, 5],
  ]);
});

test("an op is a row of a table: shape, kernel, gradient, batching; apply runs it", () => {
  const double: Op = {
    name: "double",
    shape: (_, [x]) => (x as Tensor).shape,
    kernel: (_, out, [x]) => {
      for (let i = 0; i < out.size; i++) out.data[out.offset + i] = 2 * (x?.data[x.offset + i] as number);
    },
    vjp: () => (g) => g.mul(2),
    batch: (_, [x]) => apply(double, null, x as Tensor),
  };
  const f = (x: Tensor) => apply(double, null, x).sum();
  assert.is(f(tensor([1, 2])).item(), 6);
  assert.equal(grad(f)([1, 2]).toArray(), [2, 2]);
});

test.run();
