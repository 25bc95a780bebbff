/** grad and its relatives: trees as arguments and results, nesting, closures, constants, and derivatives beyond the gradient. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  grad,
  hessian,
  hvp,
  jacobian,
  jit,
  jvp,
  matmul,
  random,
  square,
  stack,
  stopGradient,
  type Tensor,
  tensor,
  valueAndGrad,
  vjp,
  vmap,
  zeros,
} from "../../../autodiff/index.js";

const close = (got: Tensor, want: Tensor | number | number[] | number[][], label = "") => {
  const expected = tensor(want);
  assert.equal([...got.shape], [...expected.shape], label);
  assert.ok(got.sub(expected).abs().sum().item() < 1e-12, `${label}: ${got}, ${expected}`);
};

test("a gradient and a batch of results have the type of the structure", () => {
  const slope: Tensor = grad((x: Tensor) => x.square())(3);
  const ofOp: Tensor = grad(square)(3);
  const both: { w: Tensor; b: Tensor[] } = grad((p: { w: Tensor; b: Tensor[] }) => p.w.mul(p.b[0] as Tensor))({
    w: 2,
    b: [tensor(5)],
  });
  const pairs: [Tensor, { n: Tensor }] = vmap((x: Tensor): [Tensor, { n: number }] => [x, { n: 1 }])([1, 2]);
  // @ts-expect-error a tensor is no text
  const wrong: string = grad((x: Tensor) => x.square())(3);
  close(slope, 6);
  close(ofOp, 6);
  close(both.b[0] as Tensor, 2);
  close(pairs[1].n, [1, 1]);
  assert.ok((wrong as unknown) instanceof Object);
});

test("the gradient has the structure of the first argument", () => {
  const f = (p: { w: Tensor; layers: [Tensor, { b: Tensor }]; n: Tensor }) =>
    p.w.square().sum().add(p.layers[0].mul(p.layers[1].b)).add(p.n);
  const g = grad(f)({ w: [1, 2], layers: [tensor(3), { b: 4 }], n: 5 });
  close(g.w, [2, 4]);
  close(g.layers[0], 4);
  close(g.layers[1].b, 3);
  close(g.n, 1);
  assert.equal(Object.keys(g), ["w", "layers", "n"]);
});

test("further arguments are constants, and valueAndGrad returns the value too", () => {
  const [y, g] = valueAndGrad((x: Tensor, scale: number, shift: Tensor) => x.mul(scale).add(shift).square())(
    2,
    3,
    tensor(1),
  );
  close(y, 49);
  close(g, 42);
});

test("gradients work for Maps and for records with any keys", () => {
  const g = grad((p: Map<string, Tensor>) => (p.get("a") as Tensor).mul(p.get("__proto__") as Tensor))(
    new Map([
      ["a", tensor(2)],
      ["__proto__", tensor(5)],
    ]),
  );
  close(g.get("a") as Tensor, 5);
  const record = JSON.parse('{"__proto__": 3}') as Record<string, number>;
  const named = grad((p: Record<string, Tensor>) => (Object.values(p)[0] as Tensor).square())(record);
  assert.equal(Object.keys(named), ["__proto__"]);
});

test("variables on which the result does not depend have gradient 0", () => {
  const g = grad((p: { used: Tensor; unused: Tensor; cut: Tensor }) => p.used.add(stopGradient(p.cut).mul(p.used)))({
    used: 2,
    unused: [1, 2],
    cut: 3,
  });
  close(g.used, 4);
  close(g.unused, [0, 0]);
  close(g.cut, 0);
});

test("gradients are right for a value that is used many times, and for a function that returns its argument", () => {
  close(
    grad((x: Tensor) => {
      const y = x.mul(x);
      return y.add(y).mul(y);
    })(2),
    8 * 2 ** 3,
  );
  close(grad((x: Tensor) => x)(3), 1);
});

test("nested gradients are right for closures over outer variables", () => {
  close(grad(grad(grad((x: Tensor) => x.square().square())))(2), 48);
  // d/dx of x · d/dy (x y²) at y = x  is  d/dx 2x³.
  close(grad((x: Tensor) => x.mul(grad((y: Tensor) => x.mul(y.square()))(x)))(3), 54);
  // Perturbation confusion: the inner derivative of x + y for y is 1, whatever x is.
  close(grad((x: Tensor) => x.mul(grad((y: Tensor) => x.add(y))(1)))(1), 1);
  close(
    grad((x: Tensor) => grad((y: Tensor) => x.mul(y).exp())(stopGradient(x)).mul(x))(0.5),
    0.5 * (2 + 0.25) * Math.exp(0.25) + 0,
  );
});

test("a value made inside a gradient is a constant outside it", () => {
  let leaked = tensor(0);
  const g = grad((x: Tensor) => {
    leaked = x.mul(3);
    return x.square();
  })(2);
  assert.is(g.node, null);
  close(grad((x: Tensor) => x.mul(leaked))(5), 6);
});

test("in a loop of inner gradients, each graph is visited once", () => {
  const descend = (x: Tensor): Tensor => {
    let y = x;
    for (let i = 0; i < 400; i++) y = y.sub(grad((z: Tensor) => z.square())(y).mul(0.01));
    return y;
  };
  const [y, g] = valueAndGrad(descend)(1);
  assert.ok(Math.abs(y.item() - 0.98 ** 400) < 1e-12);
  assert.ok(Math.abs(g.item() - 0.98 ** 400) < 1e-12);
});

test("after a throw in a gradient, the engine works as before", () => {
  assert.throws(() =>
    grad(() => {
      throw new Error("stop");
    })(1),
  );
  assert.is(tensor(1).add(1).node, null);
});

test("vjp takes several arguments, which may be numbers and arrays", () => {
  const [y, pull] = vjp((a: Tensor, b: Tensor) => a.mul(b), 2, [3, 4]);
  close(y, [6, 8]);
  const [ga, gb] = pull([1, 10]) as [Tensor, Tensor];
  close(ga, 43);
  close(gb, [2, 20]);
  close((pull([0, 1]) as [Tensor, Tensor])[0], 4, "pulled twice");
  close((vjp((a: Tensor) => a.square(), 3)[1](1) as [Tensor])[0], 6, "one number");
});

const at = tensor([0.3, -1.2, 0.8]);
const f = (x: Tensor): Tensor => stack([x.sin().sum(), x.square().mul([1, 2, 3]).sum().exp()]);
const scalar = (x: Tensor): Tensor => x.sin().mul(x.flip()).sum().add(x.prod());

test("jvp is the Jacobian times the tangent", () => {
  const v = tensor([1, -2, 0.5]);
  const [y, t] = jvp(f, [at], [v]);
  close(y, f(at));
  close(t, matmul(jacobian(f)(at), v));
  const [, mixed] = jvp((a: Tensor, b: { c: Tensor }) => a.mul(b.c), [2, { c: 5 }], [10, { c: 1 }]);
  close(mixed, 52);
  close(jvp((x: Tensor) => x.square(), [3], [1])[1], 6);
  const second = jvp((x: Tensor) => jvp((z: Tensor) => z.exp().mul(z), [x], [1])[1], [0.7], [1])[1];
  close(second, 2.7 * Math.exp(0.7));
  close(grad((x: Tensor) => jvp((z: Tensor) => z.exp().mul(z), [x], [1])[1])(0.7), 2.7 * Math.exp(0.7));
});

test("where a gradient is 0 because a mask hides an infinite value, so is the derivative along a direction", () => {
  const x = tensor([0, 2]);
  const masked: [(x: Tensor) => Tensor, number][] = [
    [(x) => x.log().mul([0, 1]), 0.5],
    [(x) => x.reciprocal().mul([0, 1]), -0.25],
    [(x) => x.log().exp().maximum(1), 1],
  ];
  for (const [f, slope] of masked) {
    assert.equal(Array.from(grad((y: Tensor) => f(y).sum())(x)).map(Number), [0, slope]);
    assert.equal(jvp(f, [x], [[1, 1]])[1].toArray(), [0, slope]);
  }
});

test("jvp and hvp refuse a direction of another structure", () => {
  assert.throws(() => jvp(f, [at], [[1, 2]]), /\[3\].*\[2\]/);
  assert.throws(() => hvp(scalar)(at, [1, 2]), /hvp/);
});

test("a Jacobian has the axes of the value, then the axes of the argument", () => {
  const x = random.normal(random.key(1), [2, 3]);
  const J = jacobian((y: Tensor) => y.square().sum(0))(x);
  assert.equal(J.shape, [3, 2, 3]);
  for (let k = 0; k < 3; k++)
    for (let i = 0; i < 2; i++)
      for (let j = 0; j < 3; j++) assert.is(J.at(k, i, j).item(), j === k ? 2 * x.at(i, j).item() : 0);
  const parts = jacobian((p: { a: Tensor; b: Tensor }) => p.a.mul(p.b))({ a: 2, b: [3, 4] });
  close(parts.a, [3, 4]);
  close(parts.b, [
    [2, 0],
    [0, 2],
  ]);
  close(jacobian((y: Tensor) => y.square())(3), 6);
});

test("gradients of overlapping slices and indices of one tensor add up, also under vmap and in second derivatives", () => {
  const weights = tensor([
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 9],
    [10, 11, 12],
  ]);
  const f = (x: Tensor): Tensor => {
    const cubes = x.mul(x).mul(x);
    let total = cubes.mul(weights).sum();
    for (let i = 0; i < 3; i++) total = total.add(cubes.slice(i, i + 2).sum());
    total = total.add(cubes.slice(0, 2, { axis: 1 }).sum());
    total = total
      .add(cubes.at(1).sum())
      .add(cubes.at(tensor(1)).sum())
      .add(cubes.at([0, 0, 3]).sum());
    total = total
      .add(cubes.at([2, 3], [0, 0]).sum())
      .add(cubes.at(2, tensor(1)))
      .add(cubes.at(tensor(2), 1));
    return total.add(cubes.take([2, 2], 1).sum()).add(cubes.at(-1, -1));
  };
  // How often each entry is added: its weight in the whole, and the slices and indices that contain it.
  const counts = [
    [1 + 1 + 1 + 2, 2 + 1 + 1 + 2, 3 + 1 + 2 + 2],
    [4 + 2 + 1 + 2, 5 + 2 + 1 + 2, 6 + 2 + 2 + 2],
    [7 + 2 + 1 + 1, 8 + 2 + 1 + 2, 9 + 2 + 2],
    [10 + 1 + 1 + 1 + 1, 11 + 1 + 1 + 1, 12 + 1 + 1 + 2 + 1],
  ];
  const x = random.normal(random.key(5), [4, 3]);
  close(grad(f)(x), x.square().mul(3).mul(counts));
  const diagonal = (y: Tensor) => grad((z: Tensor) => grad(f)(z).sum())(y);
  close(diagonal(x), x.mul(6).mul(counts));
  const xs = random.normal(random.key(6), [5, 4, 3]);
  close(vmap(grad(f))(xs), xs.square().mul(3).mul(counts));
});

test("the gradient of a tensor that is read in n places has n parts, not n tensors", () => {
  const reading = (n: number) =>
    jit((x: Tensor) =>
      grad((y: Tensor) => Array.from({ length: n }, (_, i) => y.at(tensor(i)).exp()).reduce((a, b) => a.add(b)))(x),
    );
  // Lines that load a number which an earlier function of the text has made are left out.
  const lines = (n: number): number =>
    reading(n)
      .source(zeros([n]))
      .split("\n")
      .filter((line) => !/= M\[\d+\];$/.test(line)).length;
  assert.ok(lines(400) < 4.1 * lines(100), `${lines(100)}, ${lines(400)} lines`);
  assert.not.match(reading(50).source(zeros([50])), /i < 50; i\+\+[\s\S]*i < 50; i\+\+/, "no sum of whole tensors");
});

test("second derivatives of products are right where factors are 0", () => {
  // Entry ij of the Hessian is the product of all factors except i and j; on the diagonal it is 0.
  for (const x of [
    [0, 2, 3],
    [0, 0, 3],
    [2, 0, 0, 5],
    [1.5, -2, 3, 0.5, 4],
  ]) {
    const want = x.map((_, i) =>
      x.map((__, j) => (i === j ? 0 : x.reduce((p, v, k) => (k === i || k === j ? p : p * v), 1))),
    );
    close(hessian((v: Tensor) => v.prod())(x), want, `hessian of the product of ${x}`);
  }
  const rows = tensor([
    [0, 2, 3],
    [4, 0, 0],
  ]);
  close(grad((v: Tensor) => v.prod(0).sum())(rows), [
    [4, 0, 0],
    [0, 2, 3],
  ]);
  close(grad((v: Tensor) => v.prod(1, { keepDims: true }).sum())(rows), [
    [6, 0, 0],
    [0, 0, 0],
  ]);
});

test("hessian, hvp and the loop over unit vectors agree", () => {
  const H = hessian(scalar)(at);
  assert.equal(H.shape, [3, 3]);
  close(H, H.transpose());
  const unit = (i: number) => tensor([0, 1, 2].map((j) => Number(i === j)));
  for (let i = 0; i < 3; i++) {
    close(hvp(scalar)(at, unit(i)), H.at(i));
    close(jvp(grad(scalar), [at], [unit(i)])[1], H.at(i), "forward over reverse");
  }
  const product = hvp((p: { a: Tensor; b: Tensor }) => p.a.square().mul(p.b))({ a: 2, b: 3 }, { a: 1, b: 10 });
  close(product.a, 6 + 40);
  close(product.b, 4);
});

test("grad and vjp compose with vmap", () => {
  const xs = random.normal(random.key(2), [4, 3]);
  const each = (h: (x: Tensor) => Tensor) => stack([...xs].map(h));
  close(
    vmap((x: Tensor) => hessian(scalar)(x))(xs),
    each((x) => hessian(scalar)(x)),
  );
  close(
    vmap((x: Tensor) => jvp(scalar, [x], [at])[1])(xs),
    each((x) => jvp(scalar, [x], [at])[1]),
  );
  close(
    vmap((x: Tensor) => jacobian(f)(x))(xs),
    each((x) => jacobian(f)(x)),
  );
  close(
    hessian((x: Tensor) => vmap(scalar)(xs.mul(x)).sum())(at),
    [...xs].map((x) => hessian((y: Tensor) => scalar(x.mul(y)))(at)).reduce((a, b) => a.add(b)),
  );
});

test.run();
