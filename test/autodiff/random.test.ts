/** Keys, bits and uniforms against the published vectors of Threefry and the constants of JAX; what a draw may depend on. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as random from "../../autodiff/random/index.js";
import { PedigradError } from "../../provenance/error.js";

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
const golden = JSON.parse(readFileSync(new URL("../golden/threefry.json", import.meta.url), "utf8")) as Golden;

test("threefry-2x32 gives the known answers of Random123", () => {
  const words = new Int32Array(2);
  for (const { counter, key, words: expected } of golden.knownAnswers) {
    random.threefry2x32(...key, ...counter, words);
    assert.equal([...new Uint32Array(words.buffer)], expected);
  }
});

test("a seed gives JAX's key, negative and 64-bit seeds included", () => {
  for (const { seed, key } of golden.keys) assert.equal(random.keyFromSeed(seed), key, `seed ${seed}`);
});

test("a seed that is no 64-bit integer is refused", () => {
  for (const seed of [1.5, NaN, Infinity, 2 ** 53 + 2, "7" as unknown as number])
    assert.throws(
      () => random.keyFromSeed(seed),
      (e: unknown) => e instanceof PedigradError && e.code === "invalid-seed" && e.message.includes(String(seed)),
    );
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

test("foldIn refuses what is not a uint32", () => {
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

test("normals are JAX's float64 normals to rounding", () => {
  for (const { key, values } of golden.normals) {
    const out = new Float64Array(values.length);
    random.fillNormal(out, 0, values.length, ...key);
    for (const [i, value] of values.entries()) assert.ok(Math.abs((out[i] as number) - value) < 2e-15);
  }
});

test.run();
