/** TraceMeanFieldELBO: which terms have a closed form. estimatorTable.test.ts checks the means of the estimator. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { explain, type Model, Normal, param, random, sample, scale, TraceMeanFieldELBO } from "../../../../index.js";
import { type GoldenModel, golden, mixed, type Pair, paramsOf } from "./goldenModels.js";

test("explain says which terms have a closed form; if a prior depends on its own site, the term is sampled", () => {
  const model: Model = () => {
    const a = sample("a", new Normal(0, 1));
    sample("b", new Normal(a, 1));
  };
  // The guide draws a given b, so the model's prior of b, Normal(a, 1), depends on b itself.
  const guide: Model = () => {
    const b = sample("b", new Normal(param("m", 0.3), 1));
    sample("a", new Normal(b.mul(0.5), 1));
  };
  const gradients = Object.fromEntries(
    explain(new TraceMeanFieldELBO(), model, guide)
      .sites.filter((s) => s.side === "guide")
      .map((s) => [s.name, s.gradient]),
  );
  assert.equal(gradients, { b: "pathwise", a: "closed form" });
});

test("different scales in guide and model are refused, and the error names the site", () => {
  const { model, guide } = mixed.i5_normal_normal as Pair;
  const params = paramsOf(golden.i5_normal_normal as GoldenModel);
  assert.throws(
    () => new TraceMeanFieldELBO().loss(random.key(0), params, model, scale(guide, 2)),
    /site "mu" has scale/,
  );
});

test.run();
