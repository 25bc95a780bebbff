/**
 * A tour of provenance: the sites on which a value depends. Every tensor has a set of site names; ops take the union of their operands'
 * sets. Reading a value also adds its sites to later results. Most names are given by hand here; a sample site adds its name automatically.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Bernoulli, random, sample, seed, type Tensor, tensor, trackNonReparam } from "../../index.js";
import {
  detachProvenance,
  getProvenance,
  inFreshRun,
  Provenance,
  trackProvenance,
  union,
} from "../../provenance/index.js";

const names = (x: unknown): string[] => [...getProvenance(x)];

test("provenance is a set of names, and a union returns one of its arguments if they are equal", () => {
  const [coin, both] = [Provenance.of("coin"), Provenance.of("coin", "die")];
  assert.equal([...union(coin, Provenance.of("die"))], ["coin", "die"]);
  assert.is(union(coin, both), both, "no new set");
  assert.is(union(coin, Provenance.empty), coin);
});

test("results of ops inherit the names of their operands", () => {
  const coin = trackProvenance(tensor(1), "coin");
  const die = trackProvenance(tensor(4), "die");
  assert.equal(names(coin.mul(2)), ["coin"]);
  assert.equal(names(coin.add(die).exp()), ["coin", "die"]);
  assert.equal(names({ nested: [coin, { die }] }), ["coin", "die"], "the union over all leaves");
  assert.equal(names(detachProvenance(coin)), []);
});

test("multiplying by zero changes the value but not its provenance", () => {
  assert.equal(names(trackProvenance(tensor(1), "coin").mul(0)), ["coin"]);
});

test("a set records along which axes element i depends only on the site's element i", () => {
  const draw = () => sample("flips", new Bernoulli([0.5, 0.5, 0.5]).toEvent(1));
  const flips = seed(trackNonReparam(draw), random.key(0))();
  const axesOf = (x: Tensor) => [...x.provenance.axesOf("flips")];
  assert.equal(axesOf(flips.mul(2).exp()), [[-1, -1]], "elementwise ops keep the axis");
  assert.equal(
    axesOf(flips.expandDims(-1).mul([1, 2])),
    [[-1, -2]],
    "the last axis of the flips is the last but one here",
  );
  assert.equal(axesOf(flips.flip()), [], "mixed: the first of the result is the last of the flips");
});

test("after ordinary code reads a value, everything the run computes depends on it", () => {
  const coin = trackProvenance(tensor(1), "coin");
  inFreshRun(() => {
    assert.equal(names(tensor(1).add(1)), [], "nothing has been read");
    const shift = coin.item() === 1 ? 5 : 0;
    assert.equal(
      names(tensor(1).add(shift)),
      ["coin"],
      "no op has the coin as an operand, but the number 5 depends on it",
    );
  });
  assert.equal(names(tensor(1).add(1)), [], "reads have no effect after the run");
});

test.run();
