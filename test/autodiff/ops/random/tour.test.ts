/** A tour of random draws: keys are values, element i depends only on the key and on i, and moments are those of the distribution. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { random, type Tensor } from "../../../../autodiff/index.js";

test("a key is two words, from which split and foldIn make new keys", () => {
  const key = random.key(42);
  assert.equal(key.toArray(), [0, 42]);
  const [one, two] = [...random.split(key)] as [Tensor, Tensor];
  assert.not.equal(one.toArray(), two.toArray());
  assert.not.equal(random.foldIn(key, 0).toArray(), random.foldIn(key, 1).toArray());
});

test("a longer draw begins with the shorter one", () => {
  const key = random.key(7);
  assert.equal(random.uniform(key, [3]).toArray(), random.uniform(key, [5]).slice(0, 3).toArray());
});

test("gamma draws with shape 3 have mean 3 and variance 3", () => {
  // n = 20,000: standard errors √(3 / n) = 0.0122, and √((3 · 9 + 6 · 3 - 9) / n) = 0.0424 of the second central moment.
  const x = random.gamma(random.key(0), 3, [20_000]);
  const mean = x.mean().item();
  assert.ok(Math.abs(mean - 3) < 4.5 * 0.0122, `${mean}`);
  assert.ok(Math.abs(x.sub(3).square().mean().item() - 3) < 4.5 * 0.0424);
});

test.run();
