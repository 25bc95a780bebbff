/**
 * Compiled results have the same bits as eager results, for every op of the op table and in cases where a compiled program could be wrong.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as pedigrad from "../../../autodiff/index.js";
import { grad, jit, PedigradError, random, type Tensor, tensor, valueAndGrad, vmap } from "../../../autodiff/index.js";
import { refusal } from "../../refusals.js";

/** The bits of a result, nested results included. */
function bits(x: unknown): unknown {
  if (x instanceof pedigrad.Tensor) {
    const numbers = x.toFloat64Array();
    return { shape: x.shape, words: [...new Uint32Array(numbers.buffer, 0, numbers.length * 2)] };
  }
  if (Array.isArray(x)) return x.map(bits);
  return typeof x === "object" && x !== null ? Object.fromEntries(Object.entries(x).map(([k, v]) => [k, bits(v)])) : x;
}

/** Calls f eagerly and compiled on several arguments, so that it is recorded, compiled and run again. */
function assertSame<A extends unknown[]>(f: (...args: A) => unknown, calls: A[]): void {
  const compiled = jit(f);
  for (const args of [...calls, ...calls, ...calls]) assert.equal(bits(compiled(...args)), bits(f(...args)));
}

/** The code of the library's error that f throws. */
const codeOf = (f: () => unknown): string | undefined => {
  try {
    f();
  } catch (error) {
    return error instanceof PedigradError ? error.code : "other";
  }
  return undefined;
};

const draws = (shape: readonly number[], count = 3) =>
  Array.from({ length: count }, (_, i) => random.normal(random.key(i), shape));

const table = Object.entries(pedigrad).filter(
  (entry): entry is [string, pedigrad.Unary] => typeof entry[1] === "function" && "op" in entry[1],
);
for (const [name, op] of table)
  test(`compiled ${name} and its gradient equal eager, from scalars to matrices, with broadcast operands`, () => {
    const f = op as unknown as (...xs: Tensor[]) => Tensor;
    const arity = (op.op.scalar as (...xs: number[]) => number).length;
    for (const shapes of [
      [[], [], []],
      [[3], [3], [3]],
      [[2, 3], [3], []],
      [
        [2, 1],
        [1, 3],
        [2, 3],
      ],
      [[300], [300], []],
    ]) {
      const positive = (seed: number, shape: number[]) => random.uniform(random.key(seed), shape, 0.1, 0.9);
      const args = [0, 1, 2].map((round) => shapes.slice(0, arity).map((shape, i) => positive(10 * round + i, shape)));
      assertSame((...xs: Tensor[]) => f(...xs), args);
      const gradient = (...xs: Tensor[]) => valueAndGrad((ys: Tensor[]) => f(...ys).sum())(xs);
      if (codeOf(() => gradient(...(args[0] as Tensor[]))) !== "no-derivative") assertSame(gradient, args);
    }
  });

test("compiled reductions of long arrays equal eager along any axes, adjacent or not", () => {
  const shape = [5, 4, 3, 6];
  const x = pedigrad.arange(360).reshape(shape);
  const subsets = Array.from({ length: 16 }, (_, bits) => [0, 1, 2, 3].filter((axis) => (bits >> axis) & 1));
  for (const axes of subsets) {
    // The element of the result to which element i of x is added. Whole numbers are summed without error.
    const target = (i: number): number =>
      shape.reduce((at, n, axis) => {
        const behind = shape.slice(axis + 1).reduce((size, m) => size * m, 1);
        return axes.includes(axis) ? at : at * n + (Math.floor(i / behind) % n);
      }, 0);
    const expected = new Float64Array(360 / axes.reduce((size, axis) => size * (shape[axis] as number), 1));
    for (let i = 0; i < 360; i++) expected[target(i)] = (expected[target(i)] as number) + 2 * i;
    const compiled = jit((y: Tensor) => [y.mul(2).sum(axes), y.mul(2).logsumexp(axes)] as const);
    for (let call = 0; call < 3; call++) assert.equal(compiled(x)[0].toFloat64Array(), expected, `axes ${axes}`);
    assert.equal(bits(compiled(x)[1]), bits(x.mul(2).logsumexp(axes)), `logsumexp, axes ${axes}`);
  }
});

test("SIMD code reduces a huge angle and a 0 in one pair without an endless loop", () => {
  const x = pedigrad
    .zeros([64])
    .add(tensor(Array.from({ length: 64 }, (_, i) => (i % 3 === 0 ? 0 : i % 3 === 1 ? 1e7 * i : -0))));
  for (const name of ["sin", "cos", "tan"] as const) assertSame((y: Tensor) => y[name](), [[x], [x.flip(0)]]);
});

test("compiled random draws and their gradients equal eager", () => {
  const f = (key: Tensor, a: Tensor) =>
    valueAndGrad((x: Tensor) =>
      random
        .gamma(key, x, [4])
        .sum()
        .add(random.normal(random.foldIn(key, 1), [4]).mul(x).sum()),
    )(a);
  assertSame(
    f,
    [0, 1, 2].map((i) => [random.key(i), tensor(0.5 + i)] as [Tensor, Tensor]),
  );
  assertSame(
    (key: Tensor) => vmap((k: Tensor) => random.beta(k, 2, 3))(random.split(key, 5)),
    [[random.key(1)], [random.key(2)]],
  );
});

test("compiled second derivatives and nested transformations equal eager", () => {
  const f = (x: Tensor) => grad((y: Tensor) => grad((z: Tensor) => z.tanh().square().sum())(y).sum())(x);
  assertSame(
    f,
    draws([3]).map((x) => [x]),
  );
  assertSame(
    (x: Tensor) => vmap((row: Tensor) => grad((r: Tensor) => r.softmax().square().sum())(row))(x),
    draws([4, 3]).map((x) => [x]),
  );
});

test("a result that the caller keeps is not overwritten by the next call", () => {
  const f = jit((x: Tensor) => ({ y: x.mul(2), z: x.sum() }));
  const results = draws([5], 8).map((x) => ({ x, ...f(x) }));
  for (const { x, y, z } of results) {
    assert.equal(bits(y), bits(x.mul(2)));
    assert.equal(bits(z), bits(x.sum()));
  }
});

test("each shape and each static argument has its own program", () => {
  const f = jit((x: Tensor, by: number, how: { name: string }) =>
    how.name === "sum" ? x.mul(by).sum() : x.mul(by).max(),
  );
  for (let round = 0; round < 3; round++)
    for (const [n, by, name] of [
      [2, 1, "sum"],
      [3, 1, "sum"],
      [3, 2, "sum"],
      [3, 2, "max"],
    ] as const) {
      const x = tensor(Array.from({ length: n }, (_, i) => i + round));
      const eager = name === "sum" ? x.mul(by).sum() : x.mul(by).max();
      assert.is(f(x, by, { name }).item(), eager.item());
    }
});

test("static arrays are compared to the last bit, also for NaN, infinities and -0", () => {
  const f = jit((xs: readonly number[]) => tensor(xs).reciprocal().sum());
  for (const xs of [[1, Infinity], [1, -Infinity], [1, Number.NaN], [0], [-0], [1, 0], [1, -0]])
    for (let round = 0; round < 3; round++)
      assert.ok(Object.is(f(xs).item(), tensor(xs).reciprocal().sum().item()), `${xs}`);
});

test("lists, records, Maps, bigints and numbers are different arguments, also if they are empty", () => {
  const kind = (x: unknown): number =>
    Array.isArray(x) ? 1 : x instanceof Map ? 2 : typeof x === "bigint" ? 3 : typeof x === "object" ? 4 : 5;
  const f = jit((what: unknown, x: Tensor) => x.mul(kind(what)).add("items" in Object(what) ? 10 : 0));
  const x = tensor([1, 2]);
  for (const what of [[x], { 0: x }, new Map([[0, x]]), [], {}, new Map(), { items: [] }, 1n, 1])
    for (let round = 0; round < 3; round++)
      assert.is(f(what, x).at(0).item(), kind(what) + ("items" in Object(what) ? 10 : 0));
});

test("a Date is compared by its time and a Set by its items, so each change makes another program", () => {
  const date = new Date(1);
  const set = new Set<unknown>([1, { k: 2 }]);
  const times = jit((x: Tensor, r: { date: Date; set: Set<unknown> }) => x.mul(r.date.getTime() * r.set.size));
  const sizes = Array.from({ length: 6 }, (_, call) => {
    if (call === 2) date.setTime(10);
    if (call === 4) set.add(new Set([3]));
    return times(tensor(1), { date, set }).item();
  });
  assert.equal(sizes, [2, 2, 20, 20, 30, 30]);
  const cyclic = new Set<unknown>();
  cyclic.add(cyclic);
  assert.is(refusal(() => jit((s: unknown) => tensor(s ? 1 : 2))(cyclic)).code, "cyclic");
});

test("every call returns a new Map of results", () => {
  const f = jit((x: Tensor) => ({ all: new Map([["twice", x.mul(2)]]) }));
  for (let i = 0; i < 6; i++) assert.is(f(tensor(i)).all.get("twice")?.item(), 2 * i);
});

test("a list with holes comes back with all its places", () => {
  // biome-ignore lint/suspicious/noSparseArray: the hole is the subject
  const f = jit((x: Tensor) => [x, , x.mul(2)]);
  for (let call = 1; call < 4; call++)
    assert.equal(
      f(tensor(call))
        .map((y) => y?.item())
        .join(),
      `${call},,${2 * call}`,
    );
});

test("control flow that depends on a value is refused, with advice", () => {
  for (const read of [
    (x: Tensor) => x.item() > 0,
    (x: Tensor) => x.toArray(),
    (x: Tensor) => (x as unknown as number) > 0,
    (x: Tensor) => x.data,
  ])
    assert.is(
      codeOf(() => jit((x: Tensor) => (read(x) ? x : x.neg()))(tensor(1))),
      "read-in-jit",
    );
  // A value that does not depend on the inputs may be read.
  assert.is(jit((x: Tensor) => (tensor(2).item() > 1 ? x.mul(3) : x))(tensor(1)).item(), 3);
});

test("a changed closure is detected at the second call or at a later comparison", () => {
  let factor = 1;
  const early = jit((x: Tensor) => x.mul(factor));
  early(tensor(1));
  factor = 2;
  assert.is(
    codeOf(() => early(tensor(1))),
    "jit-changed",
  );
  factor = 1;
  const late = jit((x: Tensor) => x.mul(factor));
  for (let i = 0; i < 3; i++) late(tensor(1));
  factor = 3;
  assert.is(
    codeOf(() => late(tensor(1))),
    "jit-changed",
  );
});

test("programs of 50,000 ops compile", () => {
  const chain = (n: number) => (x: Tensor) => {
    let y = x;
    for (let i = 0; i < n; i++) y = y.mul(1.0001).add(1e-6 * (i % 7));
    return y;
  };
  const long = jit(chain(25_000));
  for (let i = 0; i < 3; i++) assert.is(long(tensor(i)).item(), chain(25_000)(tensor(i)).item());
});

test("the second input of a view op, which only the gradient needs, is not computed", () => {
  const firstOp: pedigrad.Op = {
    name: "first",
    shape: (_, [x]) => (x as Tensor).shape,
    view: (_, x) => x,
    kernel: () => {},
    vjp: (input) => (input === 1 ? (g) => g : null),
    batch: (_, inputs) => pedigrad.apply(firstOp, null, ...inputs),
  };
  const f = (x: Tensor) => valueAndGrad((y: Tensor) => pedigrad.apply(firstOp, null, y.sum(), y.cumsum().sum()))(x);
  assertSame(f, [[tensor([1, 2, 3])], [tensor([4, -5, 6])]]);
  assert.match(jit((x: Tensor) => x.cumsum()).source(tensor([1, 2, 3])), /cumsum/);
  assert.not.match(jit((x: Tensor) => f(x)[0]).source(tensor([1, 2, 3])), /cumsum/);
});

test("in a long list of indices, negative indices count from the end and invalid indices are refused, compiled too", () => {
  const numbers = Float64Array.from({ length: 101 }, (_, i) => (i % 7) - 3);
  const f = (x: Tensor, index: Tensor) => grad((y: Tensor) => y.at(index).square().sum())(x);
  const x = tensor([1, -2, 3, 5]);
  assertSame(f, [
    [x, tensor(numbers)],
    [x.mul(2), tensor(numbers.slice().reverse())],
  ]);
  const wanted = [0, 0, 0, 0];
  for (const i of numbers) wanted[(i + 4) % 4] = (wanted[(i + 4) % 4] as number) + 1;
  assert.equal(
    f(x, tensor(numbers)).toArray(),
    [2, -4, 6, 10].map((slope, i) => slope * (wanted[i] as number)),
  );
  const compiled = jit(f);
  compiled(x, tensor(numbers));
  for (const wrong of [4, -5, 0.5, Number.NaN, Infinity])
    for (const place of [0, 1, 100]) {
      const index = numbers.slice();
      index[place] = wrong;
      for (const run of [f, compiled])
        assert.throws(
          () => run(x, tensor(index)),
          new RegExp(`at: index ${wrong} is out of range for an axis of size 4`),
        );
    }
});

test("a call uses a returned record as the caller has changed it", () => {
  const step = ({ p, n }: { p: { w: Tensor; b: Tensor[] }; n: number }) => ({
    p: { w: p.w.mul(2), b: p.b.map((x) => x.add(n)) },
    n,
  });
  const pairs = jit((s: Parameters<typeof step>[0]) => [step(s), s.p.w.sum()] as const);
  const whole = jit(step);
  for (const run of [whole, (s: Parameters<typeof step>[0]) => pairs(s)[0]]) {
    let state = { p: { w: tensor([1, 2]), b: [tensor(0)] }, n: 1 };
    for (let i = 0; i < 6; i++) state = run(state);
    assert.equal(state.p.w.toArray(), [64, 128]);
    state.p.w = tensor([1, 1]);
    state = run(state);
    assert.equal(state.p.w.toArray(), [2, 2], "a leaf");
    state = run(state);
    state.p.b[0] = tensor(10);
    assert.is(run(state).p.b[0]?.item(), 11, "a leaf in a list");
    state = run(state);
    state.p = { w: tensor([5, 5]), b: [tensor(1)] };
    assert.equal(run(state).p.w.toArray(), [10, 10], "a record in it");
    state = run(run(state));
    state.n = 3;
    const before = state.p.b[0]?.item() as number;
    assert.is(run(state).p.b[0]?.item(), before + 3, "a static number");
  }
});

test.run();
