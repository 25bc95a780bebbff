/**
 * A tour of the engine: tensors, derivatives, batches, compiled functions, random keys. The transforms take and return functions, and can
 * be nested.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { grad, jit, PedigradError, random, type Tensor, tensor, valueAndGrad, vmap } from "../../autodiff/index.js";

const near = (got: number, want: number): void => assert.ok(Math.abs(got - want) < 1e-14, `${got} is not ${want}`);

test("a tensor is an immutable array of numbers; ops are functions and methods, and broadcast", () => {
  const x = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  assert.equal(x.shape, [2, 3]);
  assert.equal(x.mul([10, 100, 1000]).sum(0).toArray(), [50, 700, 9000]);
  assert.equal(x.greater(3).toArray(), [
    [0, 0, 0],
    [1, 1, 1],
  ]);
});

test("grad returns a function, of which grad gives the second derivative", () => {
  const cube = (x: Tensor) => x.mul(x).mul(x);
  const slope = grad(cube);
  const curvature = grad((x: Tensor) => slope(x));
  assert.equal(
    [cube(tensor(2)), slope(2), curvature(2)].map((x) => x.item()),
    [8, 12, 12],
  );
});

test("parameters may be records and lists; their gradient has the same structure", () => {
  const loss = ({ w, b }: { w: Tensor; b: Tensor[] }) =>
    w
      .mul([1, 2])
      .sum()
      .add(b[0] as Tensor)
      .square();
  const [value, slopes] = valueAndGrad(loss)({ w: [1, 1], b: [tensor(2)] });
  assert.is(value.item(), 25);
  assert.equal(slopes.w.toArray(), [10, 20]);
  assert.is((slopes.b[0] as Tensor).item(), 10);
});

test("vmap turns a function of one example into a function of a batch", () => {
  const norm = (x: Tensor) => x.square().sum().sqrt();
  const rows = tensor([
    [3, 4],
    [5, 12],
  ]);
  assert.equal(vmap(norm)(rows).toArray(), [5, 13]);
  assert.equal(vmap(grad(norm))(rows).shape, [2, 2], "of a derivative, too");
});

test("jit records a function once, compiles it, and gives the same bits", () => {
  let runs = 0;
  const f = (x: Tensor) => {
    runs++;
    return x.sin().mul(x).sum();
  };
  const fast = jit(f);
  for (const x of [tensor([1, 2, 3]), tensor([4, 5, 6]), tensor([7, 8, 9])]) assert.is(fast(x).item(), f(x).item());
  assert.ok(runs - 3 < 3, "three eager runs, and fewer than three for three compiled calls");
});

test("random keys are values: the same key gives the same numbers, and split makes new keys", () => {
  const key = random.key(0);
  const [one, two] = random.split(key);
  assert.equal(random.normal(key, [3]).toArray(), random.normal(key, [3]).toArray());
  assert.not.equal(random.normal(one as Tensor, [3]).toArray(), random.normal(two as Tensor, [3]).toArray());
});

test("wrong input is refused with an error that has a code", () => {
  const refused = (body: () => unknown, code: string) =>
    assert.throws(body, (error: Error) => error instanceof PedigradError && error.code === code);
  refused(() => tensor([1, 2]).add([1, 2, 3]), "shape-mismatch");
  refused(() => grad((x: Tensor) => x)([1, 2]), "not-scalar");
});

test("the gradient of log(1 + exp(x)) is 1 / (1 + exp(-x))", () => {
  for (const x of [-3, 0, 2]) near(grad((t: Tensor) => t.softplus())(x).item(), 1 / (1 + Math.exp(-x)));
});

test.run();
