/** A tour of the families by kind: numbers on the line, counts, classes, vectors, matrices. Expected values are derived by hand. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { random } from "../../../autodiff/index.js";
import {
  Bernoulli,
  Categorical,
  Delta,
  Dirichlet,
  Gamma,
  LKJCholesky,
  MultivariateNormal,
  Normal,
  Poisson,
} from "../../../distributions/index.js";

const near = (got: number, want: number): void => assert.ok(Math.abs(got - want) < 1e-14, `${got} is not ${want}`);

test("on the real line: Normal; on positive numbers: Gamma", () => {
  near(new Normal(0, 1).logProb(0).item(), -Math.log(2 * Math.PI) / 2);
  near(new Gamma(1, 2).logProb(3).item(), Math.log(2) - 6);
});

test("discrete values can be summed over: enumerateSupport lists the values of a Bernoulli", () => {
  const d = new Bernoulli(0.25);
  assert.equal(d.enumerateSupport().toArray(), [0, 1]);
  near(d.logProb(d.enumerateSupport()).exp().sum().item(), 1);
  assert.is(new Poisson(3).hasEnumerateSupport, false, "endlessly many values");
});

test("classes: weights with any sum, or logarithms of weights", () => {
  near(new Categorical([1, 3]).logProb(1).item(), Math.log(0.75));
  near(new Categorical({ logits: [0, Math.log(3)] }).logProb(1).item(), Math.log(0.75));
});

test("vectors: one density for a whole vector", () => {
  const d = new MultivariateNormal({
    loc: [0, 0],
    covarianceMatrix: [
      [4, 0],
      [0, 1],
    ],
  });
  near(d.logProb([0, 0]).item(), -Math.log(2 * Math.PI) - Math.log(2));
  near(new Dirichlet([1, 1, 1]).logProb([0.2, 0.3, 0.5]).item(), Math.log(2));
});

test("matrices: an LKJ draw is the Cholesky factor of a correlation matrix", () => {
  const factor = new LKJCholesky(3, 1).sample(random.key(0));
  for (const variance of factor.square().sum(-1).toFloat64Array()) near(variance, 1);
});

test("a point mass: Delta", () => {
  assert.is(new Delta(2).logProb(2).item(), 0);
  assert.is(new Delta(2).logProb(3).item(), -Infinity);
});

test.run();
