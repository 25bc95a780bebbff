/** A tour of wrappers: distributions built from other distributions. Expected values are derived by hand. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { tensor } from "../../../autodiff/index.js";
import {
  Categorical,
  DiscreteHMM,
  Exp,
  Exponential,
  Folded,
  MixtureSameFamily,
  Normal,
  Poisson,
  TransformedDistribution,
  Truncated,
  ZeroInflated,
} from "../../../distributions/index.js";

const near = (got: number, want: number): void => assert.ok(Math.abs(got - want) < 1e-13, `${got} is not ${want}`);

test("transformed: exp of a normal variable is log-normal", () => {
  const d = new TransformedDistribution(new Normal(0, 1), [new Exp()]);
  near(d.logProb(Math.E).item(), new Normal(0, 1).logProb(1).item() - 1);
});

test("truncated: an exponential variable above 2 is an exponential variable plus 2", () => {
  near(new Truncated(new Exponential(1), { low: 2 }).logProb(3).item(), -1);
});

test("folded: the density adds both signs", () => {
  near(new Folded(new Normal(0, 1)).logProb(1).item(), new Normal(0, 1).logProb(1).item() + Math.log(2));
});

test("mixture: the component is summed out", () => {
  const d = new MixtureSameFamily(new Categorical([1, 1]), new Normal([-1, 1], 1));
  near(d.logProb(0).item(), new Normal(1, 1).logProb(0).item());
});

test("zero-inflated: 0 has a higher probability than in the base", () => {
  near(new ZeroInflated(new Poisson(1), 0.5).logProb(0).exp().item(), 0.5 + 0.5 * Math.exp(-1));
});

test("DiscreteHMM: a series whose states are summed out", () => {
  const d = new DiscreteHMM(
    [0, 0],
    [
      [0, 0],
      [0, 0],
    ],
    new Normal([-1, 1], 1),
  );
  const one = new Normal(1, 1).logProb(0).item();
  near(d.logProb(tensor([0, 0])).item(), 2 * one);
});

test.run();
