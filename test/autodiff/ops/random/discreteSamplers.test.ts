/** Every discrete sampler compared with exact probabilities, on both sides of each change of method. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as random from "../../../../autodiff/kernels/random/index.js";
import {
  assertBins,
  assertFits,
  assertMasses,
  assertNormal,
  equiprobable,
  family,
  N,
  stream,
} from "./goodnessOfFit.js";

/** Masses of k near the mode from the ratio of neighbours p(k + 1) / p(k), normalised to one. */
function massesByRatio(ratio: (k: number) => number, mode: number, low: number, high: number): [number, number][] {
  const masses = new Map([[mode, 1]]);
  for (let k = mode; k < high; k++) masses.set(k + 1, (masses.get(k) as number) * ratio(k));
  for (let k = mode; k > low; k--) masses.set(k - 1, (masses.get(k) as number) / ratio(k - 1));
  const total = [...masses.values()].reduce((a, b) => a + b);
  return [...masses].sort(([a], [b]) => a - b).map(([k, p]) => [k, p / total]);
}

type Draw = (p: Record<string, number> & { probs: number[] & number }) => number;
const discrete: Record<string, Draw> = {
  Poisson: ({ rate }) => random.poissonDraw(stream, rate as number),
  Binomial: ({ total_count, probs }) => random.binomialDraw(stream, total_count as number, probs),
  Geometric: ({ probs }) => random.geometricDraw(stream, probs),
  Categorical: ({ probs }) =>
    random.categoricalDraw(stream, Float64Array.from(probs as number[], Math.log), 0, probs.length),
};

for (const [name, draw] of Object.entries(discrete))
  test(`${name} draws have the exact probabilities`, () => {
    for (const { params, pmf } of family(name).gofPmf ?? [])
      assertMasses(() => draw(params as never), pmf, `${name} ${JSON.stringify(params)}`);
  });

test("Poisson draws have the exact probabilities on both sides of the change of method, and for large rates", () => {
  for (const rate of [0.01, 0.5, 9.99, 10, 10.01, 31.4, 900]) {
    const spread = 10 + 9 * Math.sqrt(rate);
    const low = Math.max(0, Math.floor(rate - spread));
    const masses = massesByRatio((k) => rate / (k + 1), Math.floor(rate), low, Math.ceil(rate + spread));
    assertMasses(() => random.poissonDraw(stream, rate), masses, `Poisson(${rate})`);
  }
  for (const rate of [1e9, 1e14])
    assertNormal(() => (random.poissonDraw(stream, rate) - rate) / Math.sqrt(rate), `Poisson(${rate})`);
  assert.is(random.poissonDraw(stream.at(7, 1, 0), 0), 0);
});

test("binomial draws have the exact probabilities on both sides of the change of method, and for large counts", () => {
  const cases = [
    [1, 0.4],
    [5, 0.999],
    [19, 0.5],
    [20, 0.5],
    [21, 0.5],
    [50, 0.9],
    [1000, 0.0099],
    [1000, 0.0101],
    [4000, 0.35],
    [1e9, 3e-9],
    [1e12, 5e-11],
  ];
  for (const [n, p] of cases as [number, number][]) {
    const mode = Math.floor((n + 1) * p);
    const spread = 10 + 9 * Math.sqrt(n * p * (1 - p));
    const low = Math.max(0, Math.floor(mode - spread));
    const ratio = (k: number) => ((n - k) / (k + 1)) * (p / (1 - p));
    const masses = massesByRatio(ratio, mode, low, Math.min(n, Math.ceil(mode + spread)));
    assertMasses(() => random.binomialDraw(stream, n, p), masses, `Binomial(${n}, ${p})`);
  }
  const n = 1e14;
  assertNormal(() => (random.binomialDraw(stream, n, 0.3) - 0.3 * n) / Math.sqrt(0.21 * n), "Binomial(1e14, 0.3)");
  for (const edge of [0, 1]) assert.is(random.binomialDraw(stream.at(7, 1, 0), 12, edge), 12 * edge);
});

test("geometric draws are right for rare and for certain successes", () => {
  const p = 1e-6; // floor(E / -log(1 - p)) of an exponential E: bins at the quantiles of the geometric law itself
  const edges = Array.from({ length: 19 }, (_, i) => Math.floor(Math.log1p(-(i + 1) / 20) / Math.log1p(-p)));
  const cdf = edges.map((k) => -Math.expm1((k + 1) * Math.log1p(-p)));
  assertBins(() => random.geometricDraw(stream, p), edges, cdf, "Geometric(1e-6)");
  assert.is(random.geometricDraw(stream.at(7, 1, 0), 1), 0);
});

test("Bernoulli and categorical draws have exact frequencies, and impossible classes are never drawn", () => {
  for (const p of [0.125, 0.7])
    assertMasses(
      () => random.bernoulliDraw(stream, p),
      [
        [0, 1 - p],
        [1, p],
      ] as [number, number][],
      `Bernoulli(${p})`,
    );
  for (const p of [0, 1]) for (let i = 0; i < 1000; i++) assert.is(random.bernoulliDraw(stream.at(7, 1, i), p), p);
  const logits = Float64Array.of(9, -Infinity, 1000, -Infinity, 1000 + Math.log(2), 1000 + Math.log(5), -Infinity);
  assertMasses(
    () => random.categoricalDraw(stream, logits, 1, 6),
    [
      [1, 1 / 8],
      [3, 2 / 8],
      [4, 5 / 8],
    ],
    "Categorical",
  );
  assert.ok(Number.isNaN(random.categoricalDraw(stream.at(0, 0, 0), logits, 1, 1)));
});

test("randint has no bias, even if the range does not divide 2^53", () => {
  assertMasses(
    () => random.randintDraw(stream, -3, 4),
    Array.from({ length: 7 }, (_, i) => [i - 3, 1 / 7]),
    "randint(-3, 4)",
  );
  const range = 3 * 2 ** 51;
  const edges = Array.from({ length: 11 }, (_, i) => ((i + 1) / 12) * range - 1);
  assertBins(() => random.randintDraw(stream, 0, range), edges, equiprobable(edges), "randint(0, 3 2^51)");
  assert.is(random.randintDraw(stream, 5, 6), 5);
});

test("permutation draws every order of four equally often, and every index once", () => {
  const out = new Float64Array(1001);
  const counts = new Map<string, number>();
  for (let k = 0; k < N; k++) {
    random.fillPermutation(out, 0, 4, 11, k);
    const order = out.subarray(0, 4).join();
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.is(counts.size, 24);
  assertFits([...counts.values()], new Array<number>(24).fill(1 / 24), "permutation(4)");
  random.fillPermutation(out, 1, 1000, 11, 0);
  assert.equal(
    [...out.subarray(1).sort()],
    Array.from({ length: 1000 }, (_, i) => i),
  );
});

test("subsample draws every subset in every order equally often, and no index twice, whatever was drawn before", () => {
  const draw = (n: number, count: number, key: number): number[] => {
    const out = new Float64Array(count + 1).fill(NaN);
    random.fillSubsample(out, 1, count, 11, key, [{ data: Float64Array.of(NaN, n), offset: 1 }]);
    return [...out.subarray(1)];
  };
  const counts = new Map<string, number>();
  for (let k = 0; k < N; k++) {
    const drawn = `${draw(4, 2, k)}`;
    counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
  }
  assert.is(counts.size, 12);
  assertFits([...counts.values()], new Array<number>(12).fill(1 / 12), "2 of 4");
  const before = draw(50, 10, 3);
  for (const n of [1000, 20, 5000]) {
    const drawn = draw(n, n - 1, n);
    assert.is(new Set(drawn).size, n - 1);
    assert.ok(drawn.every((i) => i >= 0 && i < n));
  }
  assert.equal(draw(50, 10, 3), before);
});

test("parameters outside the domain give NaN without a loop of rejections", () => {
  for (const bad of [NaN, -1, Infinity])
    for (const draw of [random.poissonDraw, random.geometricDraw])
      assert.ok(Number.isNaN(draw(stream, bad)), `${draw.name}(${bad})`);
  assert.ok(Number.isNaN(random.binomialDraw(stream, 3.5, 0.5)));
  assert.ok(Number.isNaN(random.binomialDraw(stream, 3, 1.5)));
  assert.ok(Number.isNaN(random.randintDraw(stream, 2, 2)));
  assert.ok(Number.isNaN(random.randintDraw(stream, 0, NaN)));
});

test.run();
