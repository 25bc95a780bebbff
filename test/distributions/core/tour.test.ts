/** A tour of the core: a family is a row of formulas, from which all methods of the distribution follow. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { grad, random, type Tensor, type TensorLike, tensor } from "../../../autodiff/index.js";
import { family, type Tensors } from "../../../distributions/core/family.js";
import { Binomial, constraints, Normal, ZeroInflatedPoisson } from "../../../distributions/index.js";

// Cauchy's density 1 / (π (1 + x²)), shifted to loc.
class OwnCauchy extends family<Tensors<"loc">, [loc?: TensorLike]>("OwnCauchy", {
  constraints: { loc: constraints.real },
  defaults: { loc: 0 },
  support: constraints.real,
  logDensity: (x, { loc }) => x.sub(loc).square().log1p().add(Math.log(Math.PI)).neg(),
  icdf: (q, { loc }) => q.sub(0.5).mul(Math.PI).tan().add(loc),
}) {}

test("parameters come by position or by name, broadcast, and are checked", () => {
  assert.equal(new OwnCauchy([0, 1, 2]).batchShape, [3]);
  assert.is(new OwnCauchy({ loc: 2 }).logProb(2).item(), -Math.log(Math.PI));
  assert.is(new Normal(2, { scale: 3 }).logProb(1).item(), new Normal(2, 3).logProb(1).item());
  assert.equal(new Binomial([5, 10], { logits: 0 }).mean.toArray(), [2.5, 5]);
  assert.is(new ZeroInflatedPoisson(0.5, { rate: 4 }).mean.item(), 2);
  assert.throws(() => new Normal(0, { loc: 1 }), /Normal: loc is given twice/);
  assert.throws(
    () => new Binomial(5, 0.5, { logits: 0 }),
    /Binomial: give probs or logits, not probs and logits together/,
  );
  assert.throws(() => new OwnCauchy(Infinity), /OwnCauchy: loc must be a finite number/);
});

test("draws follow from the quantiles, with pathwise gradients", () => {
  const draw = (loc: Tensor) => new OwnCauchy(loc).rsample(random.key(0), [4]).sum();
  assert.is(grad(draw)(1).item(), 4, "each of four draws moves with loc");
});

test("a method whose formula the row leaves out is refused by name", () => {
  assert.throws(() => new OwnCauchy().mean, /OwnCauchy has no mean/);
});

test("toEvent makes independent batch elements one event", () => {
  const row = new OwnCauchy([0, 1]).toEvent(1);
  assert.equal([row.batchShape, row.eventShape], [[], [2]]);
  assert.is(row.logProb(tensor([0, 1])).item(), -2 * Math.log(Math.PI));
});

test.run();
