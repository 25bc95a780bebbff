/** A tour of transforms: they take a function and return a function, and nest in any order. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { grad, hessian, jacobian, jit, jvp, type Tensor, tensor, vjp, vmap } from "../../../autodiff/index.js";

const f = (x: Tensor) => x.square().mul([1, 2]).sum();

test("grad and hessian give the derivatives of x₀² + 2 x₁²", () => {
  assert.equal(grad(f)([3, 5]).toArray(), [6, 20]);
  assert.equal(hessian(f)([3, 5]).toArray(), [
    [2, 0],
    [0, 4],
  ]);
});

test("vjp and jvp of a linear map are products with its matrix", () => {
  const A = tensor([
    [1, 2],
    [3, 4],
  ]);
  const linear = (x: Tensor) => A.matmul(x);
  const [, pull] = vjp(linear, [1, 1]);
  assert.equal((pull([1, 0])[0] as Tensor).toArray(), [1, 2]);
  assert.equal(jvp(linear, [tensor([1, 1])], [tensor([1, 0])])[1].toArray(), [1, 3]);
  assert.equal(jacobian(linear)([1, 1]).toArray(), A.toArray());
});

test("transforms nest: the gradient for every example of a batch, compiled", () => {
  const each = vmap(grad(f));
  const xs = tensor([
    [1, 1],
    [2, 3],
  ]);
  const want = [
    [2, 4],
    [4, 12],
  ];
  assert.equal(each(xs).toArray(), want);
  const fast = jit(each);
  for (let i = 0; i < 3; i++) assert.equal(fast(xs).toArray(), want);
});

test("the source of a compiled function is readable", () => {
  assert.match(jit(f).source(tensor([1, 2])), /function|=>|const/);
});

test.run();
