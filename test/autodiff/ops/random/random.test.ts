/**
 * Keys, bits and uniforms compared with the published test vectors of Threefry and with numbers from JAX, and the inputs on which a draw
 * may depend.
 */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { tensor } from "../../../../autodiff/index.js";
import * as random from "../../../../autodiff/kernels/random/index.js";
import { PedigradError } from "../../../../provenance/base/error.js";
import { assertFits } from "./goodnessOfFit.js";

type Pair = [number, number];
interface Golden {
  knownAnswers: { counter: Pair; key: Pair; words: Pair }[];
  keys: { seed: number; key: Pair }[];
  splits: { key: Pair; n: number; keys: number[] }[];
  folds: { key: Pair; data: number; folded: Pair }[];
  bits32: { key: Pair; bits: number[] }[];
  bits64: { key: Pair; words: number[] }[];
  uniforms: { key: Pair; values: number[] }[];
  normals: { key: Pair; values: number[] }[];
}
const golden = JSON.parse(readFileSync(new URL("../../../golden/threefry.json", import.meta.url), "utf8")) as Golden;

test("threefry-2x32 gives the known answers of Random123", () => {
  const words = new Int32Array(2);
  for (const { counter, key, words: expected } of golden.knownAnswers) {
    random.threefry2x32(...key, ...counter, words);
    assert.equal([...new Uint32Array(words.buffer)], expected);
  }
});

test("a seed gives the same key as in JAX, also if it is negative or large", () => {
  for (const { seed, key } of golden.keys) assert.equal(random.keyFromSeed(seed), key, `seed ${seed}`);
});

test("a seed that is not a whole number of at most 2^53 is refused", () => {
  for (const seed of [1.5, NaN, Infinity, 2 ** 53 + 2, "7" as unknown as number])
    assert.throws(
      () => random.keyFromSeed(seed),
      (e: unknown) => e instanceof PedigradError && e.code === "invalid-seed" && e.message.includes(String(seed)),
    );
  assert.throws(() => random.keyFromSeed(tensor(3) as unknown as number), /got a tensor of shape \[\]/);
});

test("split, foldIn, bits32 and bits64 give JAX's words", () => {
  for (const { key, n, keys } of golden.splits) {
    const out = new Float64Array(2 * n + 1);
    random.split(...key, n, out, 1);
    assert.equal([...out.subarray(1)], keys);
  }
  for (const { key, data, folded } of golden.folds) {
    const out = new Float64Array(2);
    random.foldIn(...key, data, out);
    assert.equal([...out], folded);
  }
  for (const { key, bits } of golden.bits32) {
    const out = new Float64Array(bits.length);
    random.bits32(...key, bits.length, out);
    assert.equal([...out], bits);
  }
  for (const { key, words } of golden.bits64) {
    const out = new Float64Array(words.length);
    random.bits64(...key, words.length / 2, out);
    assert.equal([...out], words);
  }
});

test("foldIn refuses a number that is not a uint32", () => {
  for (const data of [-1, 2 ** 32, 0.5, NaN])
    assert.throws(() => random.foldIn(0, 0, data, new Float64Array(2)), /whole number from 0 to 2\^32 - 1/);
});

test("uniforms are JAX's float64 uniforms bit for bit", () => {
  for (const { key, values } of golden.uniforms) {
    const out = new Float64Array(values.length);
    random.fillUniform(out, 0, values.length, ...key);
    assert.equal([...out], values);
  }
});

test("normals agree with JAX's float64 normals to 2e-15", () => {
  for (const { key, values } of golden.normals) {
    const out = new Float64Array(values.length);
    random.fillNormal(out, 0, values.length, ...key);
    for (const [i, value] of values.entries()) assert.ok(Math.abs((out[i] as number) - value) < 2e-15);
  }
});

const stream = new random.Stream();
const logits = Float64Array.of(0.3, -1, 2);
const draws: Record<string, () => number> = {
  uniform: () => stream.uniform(),
  normal: () => random.normalDraw(stream),
  gamma: () => random.gammaDraw(stream, 0.7),
  beta: () => random.betaDraw(stream, 0.5, 2),
  exponential: () => random.exponentialDraw(stream),
  gumbel: () => random.gumbelDraw(stream),
  laplace: () => random.laplaceDraw(stream),
  logistic: () => random.logisticDraw(stream),
  cauchy: () => random.cauchyDraw(stream),
  bernoulli: () => random.bernoulliDraw(stream, 0.4),
  geometric: () => random.geometricDraw(stream, 0.1),
  poisson: () => random.poissonDraw(stream, 40),
  binomial: () => random.binomialDraw(stream, 100, 0.3),
  vonMises: () => random.vonMisesDraw(stream, 2),
  categorical: () => random.categoricalDraw(stream, logits, 0, 3),
  randint: () => random.randintDraw(stream, 0, 1000),
};
const sequence = (draw: () => number, indices: number[]) =>
  indices.map((i) => {
    stream.at(5, 9, i);
    return draw();
  });

test("a draw depends only on the key and the element, not on the order or number of draws, a clock or Math.random", () => {
  const forward = Array.from({ length: 50 }, (_, i) => i);
  const before = Object.values(draws).map((draw) => sequence(draw, forward));
  const refuse = () => {
    throw new Error("impure");
  };
  const { random: mathRandom } = Math;
  const { now } = Date;
  Math.random = Date.now = performance.now = refuse;
  try {
    for (const [i, draw] of Object.values(draws).entries()) {
      assert.equal(sequence(draw, [...forward].reverse()).reverse(), before[i]);
      assert.equal(sequence(draw, forward.slice(7, 9)), before[i]?.slice(7, 9));
    }
  } finally {
    Math.random = mathRandom;
    Date.now = now;
    Reflect.deleteProperty(performance, "now");
  }
});

test("a fill writes the draw of each element, and writes nowhere else", () => {
  for (const [fill, draw] of [
    [random.fillUniform, () => stream.uniform()],
    [random.fillNormal, () => random.normalDraw(stream)],
  ] as const) {
    const out = new Float64Array(12).fill(-9);
    fill(out, 1, 10, 5, 9);
    assert.equal([...out], [-9, ...sequence(draw, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), -9]);
  }
});

test("uniforms of different attempts, elements and keys are independent and uniform", () => {
  // 10 by 10 cells of pairs (u, partner): 99 degrees, n = 40000
  const partners: Record<string, (i: number) => number> = {
    attempts: (i) => {
      stream.at(5, 9, i).uniform();
      return stream.uniform();
    },
    neighbours: (i) => stream.at(5, 9, i + 1).uniform(),
    keys: (i) => stream.at(5, 10, i).uniform(),
    "first words of keys": (i) => stream.at(4, 9, i).uniform(),
  };
  for (const [label, partner] of Object.entries(partners)) {
    const counts = new Array<number>(100).fill(0);
    for (let i = 0; i < 40000; i++) {
      const u = stream.at(5, 9, i).uniform();
      (counts[10 * Math.floor(10 * u) + Math.floor(10 * partner(i))] as number)++;
    }
    assertFits(counts, new Array<number>(100).fill(0.01), label);
  }
});

test("open uniforms and tails stay inside their intervals at the extreme words", () => {
  for (const [high, low] of [
    [0, 0],
    [-1, -1],
    [0x7fffffff, -1],
    [-0x80000000, 0],
  ] as const) {
    const given = new (class extends random.Stream {
      protected override advance() {
        this.words[0] = high;
        this.words[1] = low;
      }
    })();
    const open = given.open();
    assert.ok(open > 0 && open < 1);
    const tail = given.signedTail();
    assert.ok(Math.abs(tail) > 0 && Math.abs(tail) <= 0.5);
    assert.is(Math.sign(tail), high < 0 ? 1 : -1);
    for (const draw of [
      random.normalDraw,
      random.gumbelDraw,
      random.laplaceDraw,
      random.logisticDraw,
      random.cauchyDraw,
    ])
      assert.ok(Number.isFinite(draw(given)), `${draw.name} at ${high}, ${low}`);
  }
});

test.run();
