/** The variance of TraceGraphELBO's gradients is the exact variance in golden/elbo.json: n = 50,000 draws, within 10 %. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { TraceGraphELBO } from "../../../../index.js";
import { drawsOf, estimates, flatten, moments, type Rows } from "../../draws.js";
import { golden, type Pair, pairs, paramsOf } from "./goldenModels.js";

for (const [name, exact] of Object.entries(golden)) {
  const listed = exact.scoreFunctionEstimatorVariance;
  if (listed === undefined || !(name in pairs)) continue;
  test(`TraceGraphELBO on ${name}: the variance of n = 50,000 draws is within 10 % of the variance in the file`, () => {
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
