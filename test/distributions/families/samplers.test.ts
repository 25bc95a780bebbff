/**
 * Samplers compared with exact distributions: chi-square over the file's equiprobable bins or probabilities (n = 200,000, fails below p = 1e-6),
 * cumulative probabilities in hard regions (n = 20,000), and for all families with moments the sample mean and variance (n = 20,000, within
 * 4.5 standard errors). Fixed keys.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PedigradError, random, type Tensor } from "../../../autodiff/index.js";
import { decodeParams, families } from "./families.js";

const N = 200_000;
const FEW = 20_000;
/** The standard normal quantile of 1 - 1e-6. */
const Z = 4.753424;

/** The chi-square quantile of 1 - 1e-6 (Wilson and Hilferty 1931). */
const threshold = (degrees: number): number =>
  degrees * (1 - 2 / (9 * degrees) + Z * Math.sqrt(2 / (9 * degrees))) ** 3;

function chiSquare(counts: readonly number[], expected: readonly number[]): void {
  let statistic = 0;
  let bins = 0;
  let [seen, due] = [0, 0];
  // Bins are joined until 5 draws are expected in each. The remaining bins become one last bin.
  expected.forEach((e, i) => {
    seen += counts[i] as number;
    due += e;
    if (due < 5 && i < expected.length - 1) return;
    statistic += due > 1e-9 ? (seen - due) ** 2 / due : seen > 0 ? Infinity : 0;
    bins++;
    [seen, due] = [0, 0];
  });
  assert.ok(statistic < threshold(Math.max(1, bins - 1)), `chi-square ${statistic} for ${bins} bins`);
}

function binOf(edges: readonly number[], x: number): number {
  let [low, high] = [0, edges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x <= (edges[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function countsIn(edges: readonly number[], draws: Iterable<number>): number[] {
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (const x of draws) {
    assert.not(Number.isNaN(x), "a draw is NaN");
    const bin = binOf(edges, x);
    counts[bin] = (counts[bin] as number) + 1;
  }
  return counts;
}

/** An angle plus a multiple of 2π, so that it lies within π of another angle. */
const around = (centre: number, x: number): number => x - 2 * Math.PI * Math.round((x - centre) / (2 * Math.PI));

for (const { name, entry, make } of families) {
  for (const [i, { params, edges }] of (entry.gofBins ?? []).entries())
    test(`draws of ${name} fall into bins with the right probabilities (${i})`, () => {
      const draws = make(decodeParams(params)).sample(random.key(100 + i), [N]);
      const counts = countsIn(edges, draws.toFloat64Array());
      chiSquare(
        counts,
        counts.map(() => N / counts.length),
      );
    });

  for (const [i, { params, pmf }] of (entry.gofPmf ?? []).entries())
    test(`draws of ${name} take values with the right probabilities (${i})`, () => {
      const draws = make(decodeParams(params))
        .sample(random.key(200 + i), [N])
        .toFloat64Array();
      const values = pmf.map(([value]) => value);
      const counts = new Array<number>(values.length + 1).fill(0);
      for (const x of draws) {
        const at = values.indexOf(x);
        const bin = at < 0 ? values.length : at;
        counts[bin] = (counts[bin] as number) + 1;
      }
      const rest = Math.max(0, 1 - pmf.reduce((sum, [, p]) => sum + p, 0));
      chiSquare(counts, [...pmf.map(([, p]) => N * p), N * rest]);
    });

  for (const [i, { params, x, cdf }] of (entry.gofExtreme ?? []).entries())
    test(`${name}: hard region ${i}`, () => {
      const d = make(decodeParams(params));
      // Where events are vectors, the probabilities are those of the first component.
      const width = d.eventShape.reduce((product, n) => product * n, 1);
      const draws = d
        .sample(random.key(300 + i), [FEW])
        .toFloat64Array()
        .filter((_, j) => j % width === 0)
        .map((z) => (name === "VonMises" ? around(params.loc as number, z) : z));
      const counts = countsIn(x, draws);
      chiSquare(
        counts,
        [...cdf, 1].map((p, j) => FEW * (p - (j === 0 ? 0 : (cdf[j - 1] as number)))),
      );
    });

  test(`draws of ${name} have its mean and variance`, () => {
    const { params } = entry.cases[0] as { params: Record<string, number> };
    const d = make(decodeParams(params));
    const [mean, variance] = [momentOf(() => d.mean), momentOf(() => d.variance)];
    // The mean and variance of VonMises describe directions, not numbers.
    if (mean === null || variance === null || name === "VonMises") return;
    const [centres, spreads] = [mean.toFloat64Array(), variance.toFloat64Array()];
    const draws = d.sample(random.key(400), [FEW]).toFloat64Array();
    const width = centres.length;
    for (let j = 0; j < width; j++) {
      const [centre, spread] = [centres[j] as number, spreads[j] as number];
      if (!Number.isFinite(centre) || !Number.isFinite(spread)) continue;
      let [first, second, fourth] = [0, 0, 0];
      for (let i = j; i < draws.length; i += width) {
        const deviation = (draws[i] as number) - centre;
        first += deviation / FEW;
        second += deviation ** 2 / FEW;
        fourth += deviation ** 4 / FEW;
      }
      assert.ok(Math.abs(first) <= 4.5 * Math.sqrt(spread / FEW), `mean[${j}] is off by ${first}`);
      const error = Math.sqrt(Math.max(0, fourth - second ** 2) / FEW);
      assert.ok(
        Math.abs(second - spread) <= 4.5 * error + 1e-12 * spread,
        `variance[${j}] is ${second}, not ${spread} (standard error ${error})`,
      );
    }
  });
}

function momentOf(f: () => Tensor): Tensor | null {
  try {
    return f();
  } catch (error) {
    if (error instanceof PedigradError && error.code === "no-closed-form") return null;
    throw error;
  }
}

test.run();
