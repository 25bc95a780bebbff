/**
 * A tour of distributions: densities, draws, shapes, pathwise gradients, divergences, constraints. Numbers are compared with formulas
 * derived by hand.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { grad, PedigradError, random, type Tensor, tensor } from "../../autodiff/index.js";
import {
  Bernoulli,
  bijectTo,
  constraints,
  Exponential,
  klDivergence,
  Normal,
  Poisson,
  StudentT,
} from "../../distributions/index.js";

const near = (got: number, want: number, tolerance = 1e-14): void =>
  assert.ok(Math.abs(got - want) <= tolerance, `${got} is not ${want}`);

test("a density, and its gradient with respect to value and parameters", () => {
  near(new Normal(1, 2).logProb(4).item(), -9 / 8 - Math.log(2) - Math.log(2 * Math.PI) / 2);
  near(grad((loc: Tensor) => new Normal(loc, 2).logProb(4))(1).item(), 3 / 4);
  near(new Poisson(3).logProb(2).item(), Math.log((9 * Math.exp(-3)) / 2));
});

test("a draw has the shape sampleShape + batchShape + eventShape, and a density has no event axes", () => {
  const rows = new Normal([0, 1, 2], 1);
  assert.equal([rows.batchShape, rows.eventShape], [[3], []]);
  const x = rows.sample(random.key(0), [5]);
  assert.equal(x.shape, [5, 3]);
  assert.equal(rows.logProb(x).shape, [5, 3]);
  const vector = rows.toEvent(1);
  assert.equal([vector.batchShape, vector.eventShape], [[], [3]]);
  assert.equal(vector.logProb(x).shape, [5], "the three densities are summed: one vector, one density");
});

test("pathwise gradients: a draw is a function of the parameters, and has a gradient if it is smooth in them", () => {
  const key = random.key(1);
  const draw = (loc: Tensor) => new Normal(loc, 2).rsample(key);
  assert.is(grad(draw)(3).item(), 1, "loc + 2 · noise");
  assert.is(new Bernoulli(0.3).hasRsample, false);
  assert.throws(() => new Bernoulli(0.3).rsample(key), /no reparameterised sampler/);
});

test("distributions have moments, distribution functions and quantiles", () => {
  const d = new Exponential(4);
  assert.equal([d.mean.item(), d.variance.item()], [1 / 4, 1 / 16]);
  near(d.cdf(0.5).item(), 1 - Math.exp(-2));
  near(d.icdf(d.cdf(0.7)).item(), 0.7);
});

test("a divergence is a closed form, or null", () => {
  // log(2 / 1) + (1 + 1²) / (2 · 2²) - 1/2
  near((klDivergence(new Normal(0, 1), new Normal(1, 2)) as Tensor).item(), Math.log(2) + 2 / 8 - 1 / 2);
  assert.is((klDivergence(new Normal(0, 1), new Exponential(1)) as Tensor).item(), Infinity, "mass where p has none");
  assert.is(klDivergence(new Normal(0, 1), new StudentT(3)), null, "no closed form");
});

test("a support is a constraint, and there is a bijection from unconstrained numbers to it", () => {
  assert.is(new Exponential(1).support.check(tensor(-1)).item(), 0);
  const positive = bijectTo(constraints.positive);
  near(positive.inverse(positive.forward(tensor(-2))).item(), -2);
  assert.ok(positive.forward(tensor(-2)).item() > 0);
});

test("parameters and values are checked, and refused by name", () => {
  const says = (body: () => unknown, words: RegExp) =>
    assert.throws(body, (error: Error) => error instanceof PedigradError && words.test(error.message));
  says(() => new Normal(0, -1), /scale/);
  says(() => new Exponential(1).logProb(-2), /Exponential/);
});

test.run();
