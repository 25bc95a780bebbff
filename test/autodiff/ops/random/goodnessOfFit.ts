/**
 * Goodness of fit: the chi-square statistic of binned draws against exact probabilities, with fixed keys; it fails at p < 1e-6. The p-value
 * is Wilson and Hilferty's (1931): (X² / k)^(1/3) is normal with mean 1 - 2/(9k) and variance 2/(9k).
 */
import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { Stream } from "../../../../autodiff/kernels/random/index.js";

export type Params = Record<string, number>;
interface Family {
  gofBins?: { params: Params; edges: number[] }[];
  gofPmf?: { params: Params; pmf: [number, number][] }[];
  gofExtreme?: { params: Params; x: number[]; cdf: number[] }[];
}
const golden = JSON.parse(readFileSync(new URL("../../../golden/distributions.json", import.meta.url), "utf8")) as {
  distributions: Record<string, Family>;
};
/** The reference numbers of a family: edges of equiprobable bins, probabilities, cdf values in hard regions. */
export const family = (name: string): Family => golden.distributions[name] as Family;

/** The number of draws in a test. */
export const N = 200000;
const Z_AT_1E6 = 4.753;

/** The stream of the element that is drawn next. */
export const stream = new Stream();

/** The cdf at the inner edges of equiprobable bins. */
export const equiprobable = (edges: number[]): number[] => edges.map((_, i) => (i + 1) / (edges.length + 1));

/** Asserts that counts fit probabilities; bins that expect fewer than 5 are merged with the next. */
export function assertFits(counts: number[], probabilities: number[], label: string): void {
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
export function assertBins(draw: () => number, edges: number[], cdf: number[], label: string): void {
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

/** Draws N whole numbers and asserts that they fit the probabilities [k, p]. Numbers that are not in the list are one more bin. */
export function assertMasses(draw: () => number, masses: [number, number][], label: string): void {
  const index = new Map(masses.map(([k], i) => [k, i]));
  const counts = new Array<number>(masses.length + 1).fill(0);
  for (let i = 0; i < N; i++) {
    stream.at(7, 1, i);
    (counts[index.get(draw()) ?? masses.length] as number)++;
  }
  const listed = masses.map(([, p]) => p);
  const outside = 1 - listed.reduce((a, b) => a + b);
  if (outside < 1e-12) assert.is(counts.pop(), 0, `${label}: impossible values`);
  else listed.push(outside);
  assertFits(counts, listed, label);
}

/** Asserts that standardised draws are Normal(0, 1), for distributions that N draws cannot tell from a normal distribution. */
export function assertNormal(draw: () => number, label: string): void {
  for (const { params, edges } of family("Normal").gofBins ?? []) {
    const standard = edges.map((edge) => (edge - (params.loc as number)) / (params.scale as number));
    assertBins(draw, standard, equiprobable(edges), label);
  }
}
