/** Random draws as ops: numbers from JAX through the public functions, shapes, batches of keys, vmap, implicit gradients. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  betainc,
  gammainc,
  grad,
  jit,
  type Nested,
  PedigradError,
  random,
  stack,
  type Tensor,
  tensor,
  vmap,
} from "../../../../autodiff/index.js";
import { categoricalDraw, Stream } from "../../../../autodiff/kernels/random/index.js";

type Pair = [number, number];
const golden = JSON.parse(readFileSync(new URL("../../../golden/threefry.json", import.meta.url), "utf8")) as {
  keys: { seed: number; key: Pair }[];
  splits: { key: Pair; n: number; keys: number[] }[];
  folds: { key: Pair; data: number; folded: Pair }[];
  bits32: { key: Pair; bits: number[] }[];
  uniforms: { key: Pair; values: number[] }[];
};
const flat = (x: Tensor): number[] => [...x.toFloat64Array()];

test("key, split, foldIn, bits and uniform give the same numbers as JAX", () => {
  for (const { seed, key } of golden.keys) assert.equal(random.key(seed).toArray(), key);
  for (const { key, n, keys } of golden.splits) {
    assert.equal(random.split(key, n).shape, [n, 2]);
    assert.equal(flat(random.split(key, n)), keys);
  }
  for (const { key, data, folded } of golden.folds) assert.equal(random.foldIn(key, data).toArray(), folded);
  for (const { key, bits } of golden.bits32) assert.equal(flat(random.bits(key, [bits.length])), bits);
  for (const { key, values } of golden.uniforms) assert.equal(flat(random.uniform(key, [values.length])), values);
});

type Sampler = (key: Tensor, ...parameters: Tensor[]) => Tensor;
/** Every sampler with parameters for one draw; vectors are parameters along an event axis. */
const samplers: [name: string, draw: Sampler, parameters: Nested[]][] = [
  ["split", (key) => random.split(key, 3), []],
  ["foldIn", (key, data) => random.foldIn(key, data), [7]],
  ["bits", (key) => random.bits(key, [2]), []],
  ["uniform", (key) => random.uniform(key, [2, 3]), []],
  ["uniform between", (key, low) => random.uniform(key, [2], low, 9), [-4]],
  ["normal", (key) => random.normal(key), []],
  ["exponential", (key) => random.exponential(key, [2]), []],
  ["gumbel", (key) => random.gumbel(key, [2]), []],
  ["laplace", (key) => random.laplace(key, [2]), []],
  ["logistic", (key) => random.logistic(key, [2]), []],
  ["cauchy", (key) => random.cauchy(key, [2]), []],
  ["bernoulli", (key, p) => random.bernoulli(key, p, [5]), [0.4]],
  ["geometric", (key, p) => random.geometric(key, p), [0.2]],
  ["poisson", (key, rate) => random.poisson(key, rate), [13.5]],
  ["binomial", (key, n, p) => random.binomial(key, n, p, [3]), [40, 0.3]],
  ["randint", (key, low, high) => random.randint(key, [3], low, high), [-2, 100]],
  ["categorical", (key, logits) => random.categorical(key, logits, [4]), [[0.1, 1, -1]]],
  ["permutation", (key) => random.permutation(key, 5), []],
  ["permutation of rows", (key, x) => random.permutation(key, x), [[3, 1, 4]]],
  ["gamma", (key, a) => random.gamma(key, a), [0.7]],
  ["logGamma", (key, a) => random.logGamma(key, a, [2]), [0.01]],
  ["beta", (key, a, b) => random.beta(key, a, b), [0.5, 3]],
  ["dirichlet", (key, a) => random.dirichlet(key, a, [2]), [[0.5, 3, 1]]],
  ["vonMises", (key, k) => random.vonMises(key, k), [2.5]],
];

test("vmap over keys, parameters or both gives the same bits as a loop", () => {
  const keys = random.split(random.key(5), 4);
  for (const [name, draw, parameters] of samplers) {
    const one = parameters.map((p) => tensor(p as number));
    // Whole-number steps keep counts whole; 0.001 keeps probabilities below 1.
    const step = name === "randint" ? [1, 1] : name === "foldIn" || name === "binomial" ? [1, 0.001] : [0.001, 0.001];
    const many = one.map((p, j) => stack([0, 1, 2, 3].map((i) => p.add(i * (step[j] as number)))));
    const loop = (own: (i: number) => Tensor) => flat(stack([0, 1, 2, 3].map(own)));
    assert.equal(
      flat(vmap((key: Tensor) => draw(key, ...one))(keys)),
      loop((i) => draw(keys.at(i), ...one)),
      `${name}: keys`,
    );
    assert.equal(
      flat(vmap((key: Tensor, ...own: Tensor[]) => draw(key, ...own))(keys, ...many)),
      loop((i) => draw(keys.at(i), ...many.map((p) => p.at(i)))),
      `${name}: keys and parameters`,
    );
    if (many.length > 0)
      assert.equal(
        flat(vmap((...own: Tensor[]) => draw(keys.at(1), ...own))(...many)),
        loop((i) => draw(keys.at(1), ...many.map((p) => p.at(i)))),
        `${name}: parameters`,
      );
    const nested = vmap(vmap((key: Tensor) => draw(key, ...one)))(keys.reshape([2, 2, 2]));
    assert.equal(
      flat(nested),
      loop((i) => draw(keys.at(i), ...one)),
      `${name}: nested`,
    );
  }
});

test("the axes of a batch of keys come before the shape of a draw", () => {
  const keys = random.split(random.key(1), 6).reshape([2, 3, 2]);
  const batched = random.normal(keys, [4]);
  assert.equal(batched.shape, [2, 3, 4]);
  assert.equal(batched.at(1, 2).toArray(), random.normal(keys.at(1, 2), [4]).toArray());
  assert.equal(random.dirichlet(keys, [1, 2, 3]).shape, [2, 3, 3]);
  assert.equal(random.categorical(keys, [[1, 2, 3]], [5, 1]).shape, [2, 3, 5, 1]);
});

test("categorical draws from many logits equal single draws, also for impossible classes and NaN", () => {
  const [key, stream] = [random.key(3), new Stream()];
  const [k0, k1] = flat(key) as Pair;
  const logits = random.normal(key, [40, 3]).mul(3).toFloat64Array();
  logits.set([-Infinity, -Infinity, -Infinity, 1, NaN, 2, 0, Infinity, 1, -Infinity, 5, -Infinity], 6);
  const wanted = Array.from({ length: 40 }, (_, i) => categoricalDraw(stream.at(k0, k1, i), logits, 3 * i, 3));
  const table = tensor(logits).reshape([40, 3]);
  assert.equal(random.categorical(key, table).toArray(), wanted);
  assert.equal(wanted.slice(2, 6).map(Number.isNaN), [true, true, true, false]);
  assert.equal(jit((x: Tensor) => random.categorical(key, x))(table).toArray(), wanted);
});

test("compiled draws have the same bits as eager draws, however many there are", () => {
  const bits = (x: Tensor): number[] => [...new Uint32Array(x.toFloat64Array().slice().buffer)];
  const ofEach = (draw: (key: Tensor) => Tensor) => (keys: Tensor) => vmap(draw)(keys);
  const assertSame = (f: (...args: Tensor[]) => Tensor, args: Tensor[], message: string): void => {
    const compiled = jit(f);
    for (let call = 0; call < 2; call++) assert.equal(bits(compiled(...args)), bits(f(...args)), message);
  };
  for (const n of [1, 4, 5, 6, 7, 8, 9, 50, 67])
    for (const seed of [0, -12345]) {
      const key = random.key(seed);
      const keys = random.split(key, n);
      const tables = [random.normal(key, [n, 40]), random.normal(key, [n + 30, 3]).mul(4)];
      assertSame((k) => random.split(k, n), [key], `split ${n}`);
      assertSame((k) => random.uniform(k, [n, 9]), [key], `uniform ${n}`);
      assertSame((k) => random.normal(k, [n, 7]), [key], `normal ${n}`);
      for (const logits of tables) assertSame((k, l) => random.categorical(k, l), [key, logits], `classes ${n}`);
      assertSame(
        ofEach((k) => random.foldIn(random.foldIn(k, 2 ** 32 - 1), 3)),
        [keys],
        `foldIn of ${n} keys`,
      );
      assertSame(
        ofEach((k) => random.normal(k)),
        [keys],
        `normal of ${n} keys`,
      );
    }
  const fold = jit((keys: Tensor, n: Tensor) => random.foldIn(keys, n));
  const keys = random.split(random.key(0), 20);
  assert.is(fold(keys, tensor(5)).at(19, 0).item(), random.foldIn(keys.at(19), 5).at(0).item());
  assert.throws(() => fold(keys, tensor(0.5)), /whole number/);
});

test("shapes that are not arrays, fractional bounds and permutations of a scalar are refused with an explanation", () => {
  const key = random.key(0);
  const refused = (f: () => unknown, message: RegExp) =>
    assert.throws(f, (error: Error) => error instanceof PedigradError && message.test(error.message), String(message));
  refused(
    () => random.normal(key, 3 as never),
    /random\.normal: the shape must be an array of sizes, such as \[3\] or \[\], got 3/,
  );
  refused(
    () => random.uniform(key, [2], { minval: 1, maxval: 2 } as never),
    /random\.uniform: minval must be a number, got a record\. Give the bounds by position: uniform\(key, shape, minval, maxval\)\./,
  );
  refused(() => random.randint(key, [2], 0.5, 3.5), /random\.randint: minval must be a whole number, got 0\.5/);
  refused(() => random.randint(key, [2], 0, [3, NaN]), /maxval must be a whole number, got NaN/);
  refused(() => random.permutation(key, tensor(4)), /expected a number, or a tensor with at least one axis/);
  assert.ok(Number.isNaN(random.gamma(key, 0).item()));
});

test("the shape of a draw is by default the shape that the parameters broadcast to, and parameters must fit a given shape", () => {
  const key = random.key(0);
  assert.equal(random.beta(key, [1, 2], [[1], [2], [3]]).shape, [3, 2]);
  assert.equal(random.categorical(key, [[1, 2, 3]]).shape, [1]);
  assert.equal(random.gamma(key, 2, [0]).shape, [0]);
  const refused = (code: string, f: () => unknown) =>
    assert.throws(f, (e: unknown) => e instanceof PedigradError && e.code === code && e.message.includes("random."));
  refused("shape-mismatch", () => random.gamma(key, [1, 2, 3], [2, 1]));
  refused("shape-mismatch", () => random.dirichlet(key, 1));
  refused("bad-key", () => random.normal(0));
  refused("bad-key", () => random.normal([1, 2, 3]));
});

// F(x(p); p) stays fixed, so the gradient is the derivative of the quantile function, here by central differences of its inverse, F.
test("gradients of gamma and beta draws are the derivatives of their quantiles", () => {
  const F = (name: "gammainc" | "betainc", a: number, b: number, x = 0): number =>
    (name === "gammainc" ? gammainc(a, b) : betainc(a, b, x)).item();
  const h = 1e-5;
  for (const a of [0.05, 0.6, 1, 3.7, 250]) {
    const [x, slope] = [
      random.gamma(random.key(3), a).item(),
      grad((s: Tensor) => random.gamma(random.key(3), s))(a).item(),
    ];
    const dFda = (F("gammainc", a + h * a, x) - F("gammainc", a - h * a, x)) / (2 * h * a);
    const dFdx = (F("gammainc", a, x * (1 + h)) - F("gammainc", a, x * (1 - h))) / (2 * h * x);
    assert.ok(Math.abs(slope / (-dFda / dFdx) - 1) < 1e-5, `gamma(${a}): ${slope}, ${-dFda / dFdx}`);
    const logSlope = grad((s: Tensor) => random.logGamma(random.key(3), s))(a).item();
    const logX = random.logGamma(random.key(3), a).item();
    if (logX > -50) assert.ok(Math.abs(logSlope / (slope / x) - 1) < 1e-9, `logGamma(${a}): ${logSlope}, ${slope / x}`);
  }
  for (const [a, b] of [
    [0.5, 3],
    [2, 2],
    [15, 14],
  ] as Pair[]) {
    const draw = (s: Tensor, t: Tensor) => random.beta(random.key(4), s, t);
    const x = draw(tensor(a), tensor(b)).item();
    const dFdx = (F("betainc", a, b, x + h * x) - F("betainc", a, b, x - h * x)) / (2 * h * x);
    const bySlope = [
      -(F("betainc", a + h, b, x) - F("betainc", a - h, b, x)) / (2 * h) / dFdx,
      -(F("betainc", a, b + h, x) - F("betainc", a, b - h, x)) / (2 * h) / dFdx,
    ];
    const slopes = [grad((s: Tensor) => draw(s, tensor(b)))(a), grad((t: Tensor) => draw(tensor(a), t))(b)];
    slopes.forEach((slope, i) => {
      assert.ok(Math.abs(slope.item() / (bySlope[i] as number) - 1) < 1e-5, `beta(${a}, ${b}) by parameter ${i}`);
    });
  }
});

// P(a, x) -> x^a / Γ(a + 1), so log x = (log u + lgamma(a + 1)) / a where x is tiny.
test("a log-gamma draw keeps its gradient, even if the gamma draw underflows", () => {
  const [a, h] = [1e-3, 1e-8];
  const key = random.key(11);
  const logX = random.logGamma(key, a).item();
  assert.ok(logX < -50, `${logX}`);
  const logU =
    a * logX -
    tensor(a + 1)
      .lgamma()
      .item();
  const quantile = (s: number) =>
    (logU +
      tensor(s + 1)
        .lgamma()
        .item()) /
    s;
  const slope = grad((s: Tensor) => random.logGamma(key, s))(a).item();
  assert.ok(Math.abs(slope / ((quantile(a + h) - quantile(a - h)) / (2 * h)) - 1) < 1e-6, `${slope}`);
});

// E x_i² = a_i (a_i + 1) / (A (A + 1)) with A = Σ a. The mean of the gradients of Σ c_i x_i² must be the gradient of its expectation.
test("the mean of Dirichlet gradients is the gradient of the moments", () => {
  const n = 20000;
  const c = [1, -2, 3];
  const moment = (a: Tensor) =>
    a
      .mul(a.add(1))
      .mul(c)
      .sum()
      .div(a.sum().mul(a.sum().add(1)));
  for (const a of [
    [0.05, 0.4, 0.02],
    [3, 0.8, 1.5],
  ]) {
    const exact = grad(moment)(a).toArray() as number[];
    const draws = vmap((key: Tensor) => grad((s: Tensor) => random.dirichlet(key, s).square().mul(c).sum())(a))(
      random.split(random.key(8), n),
    );
    const mean = draws.mean(0).toArray() as number[];
    const deviation = draws.sub(mean).square().mean(0).sqrt().toArray() as number[];
    mean.forEach((m, i) => {
      const error = (deviation[i] as number) / Math.sqrt(n);
      assert.ok(Math.abs(m - (exact[i] as number)) < 4.5 * error, `a ${a}: ${m} against ${exact[i]}, error ${error}`);
    });
  }
  assert.equal(grad((s: Tensor) => random.dirichlet(random.key(2), s).sum())([2]).toArray(), [0], "one class");
});

test.run();
