/**
 * The sampling estimators against the sum over all configurations (golden/elbo.json): the mean of n draws of value and
 * gradient within 4.5 standard errors in every component, and the variance of TraceGraphELBO as good as listed.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Elbo, random, type Tensor, TraceELBO, TraceGraphELBO, vmap } from "../../index.js";
import { type GoldenModel, golden, pairs, paramsOf } from "./goldenModels.js";

/** Draws of the loss and of its gradients, one row a draw, by parameter ("loss" among them). */
function draws(elbo: Elbo, name: string, n: number): Record<string, Float64Array[]> {
  const model = golden[name] as GoldenModel;
  const { model: program, guide } = pairs[name] as (typeof pairs)[string];
  const params = paramsOf(model);
  const one = (key: Tensor) => {
    const [loss, grads] = elbo.lossAndGrads(key, params, program, guide);
    return { ...grads, loss } as Record<string, Tensor>;
  };
  const keys = random.split(random.key(20), n);
  const reads = name.startsWith("k1");
  const results = reads ? [...keys].map(one) : [vmap(one)(keys) as Record<string, Tensor>];
  const columns: Record<string, Float64Array[]> = {};
  for (const key of Object.keys(results[0] as object)) {
    const all = results.map((r) => (r[key] as Tensor).toFloat64Array());
    columns[key] = reads ? all : split(all[0] as Float64Array, n);
  }
  return columns;
}
const split = (flat: Float64Array, n: number) => {
  const size = flat.length / n;
  return Array.from({ length: n }, (_, i) => flat.subarray(i * size, (i + 1) * size));
};

function moments(rows: Float64Array[]): { mean: number[]; variance: number[] } {
  const n = rows.length;
  const size = (rows[0] as Float64Array).length;
  const mean = Array.from({ length: size }, (_, j) => rows.reduce((s, row) => s + (row[j] as number), 0) / n);
  const variance = mean.map((m, j) => rows.reduce((s, row) => s + ((row[j] as number) - m) ** 2, 0) / (n - 1));
  return { mean, variance };
}
const flatten = (x: unknown): number[] => (Array.isArray(x) ? x.flatMap(flatten) : [x as number]);

for (const name of Object.keys(pairs))
  for (const elbo of [new TraceELBO(), new TraceGraphELBO()])
    test(`${elbo.name} on ${name}: mean of n = 20,000 draws within 4.5 standard errors`, () => {
      const n = 20_000;
      const columns = draws(elbo, name, n);
      const { elbo: exact, gradElbo } = golden[name] as GoldenModel;
      const check = (label: string, rows: Float64Array[], wanted: number[]) => {
        const { mean, variance } = moments(rows);
        wanted.forEach((want, j) => {
          const error = Math.sqrt((variance[j] as number) / n);
          const got = -(mean[j] as number);
          assert.ok(
            Math.abs(got - want) <= 4.5 * error + 1e-10,
            `${label}[${j}]: got ${got}, want ${want}, standard error ${error}`,
          );
        });
      };
      check("elbo", columns.loss as Float64Array[], [exact]);
      for (const [param, want] of Object.entries(gradElbo))
        check(param, columns[param] as Float64Array[], flatten(want));
    });

for (const [name, { scoreFunctionEstimatorVariance: listed }] of Object.entries(golden))
  if (listed !== undefined && name in pairs)
    test(`TraceGraphELBO on ${name}: the variance of n = 50,000 draws within 10 % of the listed one, or lower`, () => {
      const n = 50_000;
      const columns = draws(new TraceGraphELBO(), name, n);
      for (const [param, want] of Object.entries(listed.graph)) {
        const { variance } = moments(columns[param] as Float64Array[]);
        const kurtosis = flatten(listed.graphKurtosis[param]);
        flatten(want).forEach((v, j) => {
          const bound = Math.max(0.1, 4.5 * Math.sqrt(((kurtosis[j] as number) - 1) / n));
          assert.ok((variance[j] as number) <= v * (1 + bound), `${param}[${j}]: variance ${variance[j]}, listed ${v}`);
          assert.ok(
            (variance[j] as number) >= v * (1 - bound),
            `${param}[${j}]: variance ${variance[j]}, listed ${v}: lower than a graph estimator's`,
          );
        });
      }
    });

test.run();
