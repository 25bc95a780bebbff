/**
 * The sampling estimators against the sum over all configurations (golden/elbo.json): the mean of n draws of value and
 * gradient within 4.5 standard errors in every component, and the variance of TraceGraphELBO as good as listed.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { TraceELBO, TraceGraphELBO } from "../../../index.js";
import { assertMean, drawsOf, estimates, flatten, moments, type Rows } from "../posterior/draws.js";
import { type GoldenModel, golden, type Pair, pairs, paramsOf } from "./goldenModels.js";

for (const [name, { model, guide }] of Object.entries(pairs))
  for (const elbo of [new TraceELBO(), new TraceGraphELBO()])
    test(`${elbo.name} on ${name}: mean of n = 20,000 draws within 4.5 standard errors`, () => {
      const exact = golden[name] as GoldenModel;
      const columns = drawsOf(estimates(elbo, model, guide, paramsOf(exact)), 20_000, { loop: name.startsWith("k1") });
      assertMean("elbo", columns.loss as Rows, exact.elbo, -1);
      for (const [param, want] of Object.entries(exact.gradElbo)) assertMean(param, columns[param] as Rows, want, -1);
    });

for (const [name, exact] of Object.entries(golden)) {
  const listed = exact.scoreFunctionEstimatorVariance;
  if (listed === undefined || !(name in pairs)) continue;
  test(`TraceGraphELBO on ${name}: the variance of n = 50,000 draws within 10 % of the listed one`, () => {
    const n = 50_000;
    const { model, guide } = pairs[name] as Pair;
    const columns = drawsOf(estimates(new TraceGraphELBO(), model, guide, paramsOf(exact)), n);
    for (const [param, want] of Object.entries(listed.graph)) {
      const { variance } = moments(columns[param] as Rows);
      const kurtosis = flatten(listed.graphKurtosis[param]);
      flatten(want).forEach((v, j) => {
        const bound = Math.max(0.1, 4.5 * Math.sqrt(((kurtosis[j] as number) - 1) / n));
        assert.ok(
          Math.abs((variance[j] as number) - v) <= v * bound,
          `${param}[${j}]: variance ${variance[j]}, listed ${v}`,
        );
      });
    }
  });
}

test.run();
