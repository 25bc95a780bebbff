/**
 * Goodness of fit of every sampler: chi-square of binned draws against exact probabilities, fixed keys, refused at p < 1e-6.
 * The p-value is Wilson and Hilferty's (1931): (X² / k)^(1/3) is normal with mean 1 - 2/(9k) and variance 2/(9k).
 */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as random from "../../autodiff/random/index.js";

interface Family {
  gofBins?: { params: Record<string, number>; edges: number[] }[];
  gofPmf?: { params: Record<string, number>; pmf: [number, number][] }[];
  gofExtreme?: { params: Record<string, number>; x: number[]; cdf: number[] }[];
}
const golden = JSON.parse(readFileSync(new URL("../golden/distributions.json", import.meta.url), "utf8")) as {
  distributions: Record<string, Family>;
};
const family = (name: string) => golden.distributions[name] as Family;
const stream = new random.Stream();
const N = 40000;
const Z_AT_1E6 = 4.753;

/** Asserts that counts fit probabilities; bins that expect fewer than 5 are merged with the next. */
function assertFits(counts: number[], probabilities: number[], label: string): void {
  const n = counts.reduce((a, b) => a + b);
  let statistic = 0;
  let bins = 0;
  let [count, expected, left] = [0, 0, n];
  for (const [i, p] of probabilities.entries()) {
    count += counts[i] as number;
    expected += n * p;
    left -= n * p;
    if (expected < 5 || (left < 5 && i < probabilities.length - 1)) continue;
    statistic += (count - expected) ** 2 / expected;
    bins++;
    [count, expected] = [0, 0];
  }
  const k = bins - 1;
  const z = (Math.cbrt(statistic / k) - 1 + 2 / (9 * k)) / Math.sqrt(2 / (9 * k));
  assert.ok(k >= 1 && z < Z_AT_1E6, `${label}: chi-square ${statistic} on ${k} degrees, z ${z}`);
}

/** Bins N draws at the edges, whose cdf values are given, and asserts the fit. */
function assertBins(draw: () => number, edges: number[], cdf: number[], label: string): void {
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (let i = 0; i < N; i++) {
    stream.at(7, 1, i);
    const x = draw();
    assert.ok(!Number.isNaN(x), label);
    const bin = edges.findIndex((edge) => x <= edge);
    (counts[bin < 0 ? edges.length : bin] as number)++;
  }
  assertFits(
    counts,
    [...cdf, 1].map((p, i) => p - (cdf[i - 1] ?? 0)),
    label,
  );
}

type Params = Record<string, number>;
const continuous: Record<string, (p: Params) => number> = {
  Normal: ({ loc, scale }) => (loc as number) + (scale as number) * random.normalDraw(stream),
  Gamma: ({ concentration, rate }) => random.gammaDraw(stream, concentration as number) / (rate as number),
  Beta: ({ concentration1, concentration0 }) =>
    random.betaDraw(stream, concentration1 as number, concentration0 as number),
};

for (const [name, draw] of Object.entries(continuous))
  test(`${name}: equiprobable bins and hard regions`, () => {
    for (const { params, edges } of family(name).gofBins ?? []) {
      const cdf = edges.map((_, i) => (i + 1) / (edges.length + 1));
      assertBins(() => draw(params), edges, cdf, `${name} ${JSON.stringify(params)}`);
    }
    for (const { params, x, cdf } of family(name).gofExtreme ?? [])
      assertBins(() => draw(params), x, cdf, `${name} extreme ${JSON.stringify(params)}`);
  });

test.run();
