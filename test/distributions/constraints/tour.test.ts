/** A tour of constraints: the test of a set, and the bijection from the real line to it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { tensor } from "../../../autodiff/index.js";
import { bijectTo, constraints, Exp, Normal, TransformedDistribution } from "../../../distributions/index.js";

test("a constraint checks numbers one by one, or each vector as one event", () => {
  assert.equal(constraints.positive.check(tensor([2, 0, -1])).toArray(), [1, 0, 0]);
  assert.is(constraints.simplex.eventDim, 1);
  assert.is(constraints.simplex.check(tensor([0.25, 0.75])).item(), 1);
  assert.is(constraints.simplex.check(tensor([0.25, 0.25])).item(), 0);
});

test("bijectTo gives a bijection from the real line to the set", () => {
  const toPositive = bijectTo(constraints.positive);
  assert.is(toPositive.forward(tensor(0)).item(), 1, "exp(0)");
  assert.is(toPositive.inverse(tensor(1)).item(), 0, "log(1)");
  const toUnit = bijectTo(constraints.interval(2, 6));
  assert.is(toUnit.forward(tensor(0)).item(), 4, "the middle of (2, 6)");
});

test("the support of a transformed distribution is the image of the base's support", () => {
  const d = new TransformedDistribution(new Normal(0, 1), [new Exp()]);
  assert.equal(d.support.check(tensor([1, -1])).toArray(), [1, 0]);
});

test.run();
