/** Compares the mean of many draws of an estimator's loss and gradients with an exact sum. */
import * as assert from "uvu/assert";
import { type Elbo, type Model, random, type Tensor, vmap } from "../../index.js";

/** One row for each draw. */
export type Rows = readonly Float64Array[];

/** n draws of `f(key)`, a record of tensors, by name. Set `loop` if the model reads values. */
export function drawsOf(
  f: (key: Tensor) => Record<string, Tensor>,
  n: number,
  { loop = false, seed = 20 } = {},
): Record<string, Rows> {
  const keys = random.split(random.key(seed), n);
  if (loop) {
    const all = [...keys].map(f);
    return Object.fromEntries(
      Object.keys(all[0] as object).map((name) => [name, all.map((one) => (one[name] as Tensor).toFloat64Array())]),
    );
  }
  const stacked = vmap(f)(keys);
  return Object.fromEntries(
    Object.entries(stacked).map(([name, x]) => {
      const flat = x.toFloat64Array();
      const size = flat.length / n;
      return [name, Array.from({ length: n }, (_, i) => flat.subarray(i * size, (i + 1) * size))];
    }),
  );
}

/** Draws of an estimator: its gradients by parameter, and its "loss". */
export const estimates =
  (elbo: Elbo, model: Model, guide: Model, params: Record<string, Tensor>, args: readonly unknown[] = []) =>
  (key: Tensor) => {
    const [loss, grads] = elbo.lossAndGrads(key, params, model, guide, ...args);
    return { ...grads, loss };
  };

/** Mean and variance of every component. */
export function moments(rows: Rows): { mean: number[]; variance: number[] } {
  const n = rows.length;
  const size = (rows[0] as Float64Array).length;
  const mean = Array.from({ length: size }, (_, j) => rows.reduce((s, row) => s + (row[j] as number), 0) / n);
  const variance = mean.map((m, j) => rows.reduce((s, row) => s + ((row[j] as number) - m) ** 2, 0) / (n - 1));
  return { mean, variance };
}

export const flatten = (x: unknown): number[] => (Array.isArray(x) ? x.flatMap(flatten) : [x as number]);

/** Check that the mean of the rows, times `sign`, is within 4.5 standard errors of the exact value in every component. */
export function assertMean(label: string, rows: Rows, exact: unknown, sign = 1): void {
  const { mean, variance } = moments(rows);
  flatten(exact).forEach((want, j) => {
    const error = Math.sqrt((variance[j] as number) / rows.length);
    const got = sign * (mean[j] as number);
    assert.ok(
      Math.abs(got - want) <= 4.5 * error + 1e-10,
      `${label}[${j}]: got ${got}, want ${want}, standard error ${error}`,
    );
  });
}
