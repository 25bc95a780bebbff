/** Misuse of tensors: an error that names the value and what was expected, or the right answer. */
import { execFileSync } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  grad,
  logsumexp,
  random,
  sqrt,
  type Tensor,
  take,
  tensor,
  valueAndGrad,
  where,
  zeros,
} from "../../autodiff/index.js";
import { refuses } from "../refusals.js";

test("grad refuses a function whose result is not a scalar", () => {
  refuses(() => grad((x: Tensor) => x.mul(2))(tensor([1, 2])), /scalar, got a tensor of shape \[2\].*\.sum\(\)/);
});

test("an error about a ragged array names the place", () => {
  refuses(() => tensor([[1, 2], [3]]), /\[1\].*length 1.*2/);
});

test("sums of no elements have their limits, and mean, max, min and argmax refuse empty data", () => {
  assert.is(zeros([0]).sum().item(), 0);
  assert.is(logsumexp(zeros([0])).item(), -Infinity);
  for (const name of ["mean", "max", "min", "argmax"] as const) refuses(() => zeros([0])[name](), /empty.*\[0\]/);
});

test("impossible sizes are refused before anything is allocated", () => {
  for (const shape of [[1e6, 1e6], [2 ** 31, 2 ** 31], [-1], [2.5], [Number.NaN]]) refuses(() => zeros(shape), /zeros/);
});

test("a gradient that is computed twice is the same", () => {
  const f = (x: Tensor): Tensor => x.square().sum();
  const first = grad(f)(tensor([1, 2]));
  assert.equal(grad(f)(tensor([1, 2])).toArray(), first.toArray());
});

test("the gradient of a graph 200,000 nodes deep does not overflow the stack", () => {
  const [y, slope] = valueAndGrad((x: Tensor) => {
    let value = x;
    for (let i = 0; i < 200_000; i++) value = value.add(0.1);
    return value;
  })(tensor(1));
  assert.ok(Math.abs(y.item() - 20001) < 1e-5);
  assert.is(slope.item(), 1);
});

test("axes and indices out of range are refused", () => {
  const x = zeros([2, 3]);
  for (const axis of [2, -3, 1.5, Number.NaN]) refuses(() => x.sum(axis), /sum.*axis/);
  for (const index of [5, 1.5, Number.NaN]) refuses(() => x.at(index), /at|take/);
  refuses(() => take(zeros([3]), [0, 3]), /take.*3/);
});

test("the branch that where does not take has gradient 0, even if its own gradient is infinite", () => {
  for (const at of [0, -1]) {
    const slope = grad((x: Tensor) => where(x.greater(0), sqrt(x), 0))(tensor(at));
    assert.is(slope.item(), 0);
  }
  assert.equal(grad((x: Tensor) => logsumexp(x))(tensor([-Infinity, -Infinity])).toArray(), [0, 0]);
});

test("a draw depends only on its key, in every process, and not on earlier draws or Math.random", () => {
  const here = random.normal(random.key(3), [4]).toArray();
  const { random: original } = Math;
  Math.random = () => {
    throw new Error("Math.random");
  };
  try {
    random.gamma(random.key(9), 2, [10]);
    assert.equal(random.normal(random.key(3), [4]).toArray(), here);
  } finally {
    Math.random = original;
  }
  const script = `import { random } from ${JSON.stringify(new URL("../../autodiff/index.js", import.meta.url).href)}; console.log(JSON.stringify(random.normal(random.key(3), [4]).toArray()));`;
  const there = execFileSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
    encoding: "utf8",
  });
  assert.equal(JSON.parse(there), here);
});

test.run();
