/**
 * Diagnostics of chains: R-hat, which shows whether they have converged, and effective sample sizes (Vehtari, Gelman,
 * Simpson, Carpenter and Bürkner 2021, "Rank-normalization, folding, and localization: an improved R-hat"). Each chain is
 * split into two chains, and the draws are replaced by the normal scores of their ranks among all draws. Let M be the
 * number of chains after the split, N the number of draws in each, W the mean of the variances of the chains, and B/N the
 * variance of the means of the chains. Then
 *
 *     var⁺  = W (N - 1)/N + B/N,     R-hat = √(var⁺ / W)
 *     ρ_t   = 1 - (W - A_t) / var⁺,    A_t the mean over chains of Σ_i (x_i - m)(x_{i+t} - m) / N, m the chain's mean
 *     ESS   = M N / (-1 + 2 Σ_k P_k),    P_k = ρ_{2k} + ρ_{2k+1}
 *
 * The sum ends before the first P_k that is not positive, and a P_k that is larger than an earlier P_k is replaced by the
 * smallest earlier P_k (Geyer 1992).
 */
import { log } from "../../autodiff/kernels/formulas/scalarFormulas.js";
import { ndtri } from "../../autodiff/kernels/special/index.js";
import { type Column, poolChains } from "./draws.js";
import { quantileOf } from "./intervals.js";

type Chains = readonly Float64Array[];

/** The mean of the numbers. */
export const mean = (x: Float64Array): number => x.reduce((a, b) => a + b, 0) / x.length;
/** The sample variance: the sum of squared deviations divided by n - 1. */
export const varianceOf = (x: Float64Array): number => {
  const m = mean(x);
  // Without draws, m is NaN, and so is the sum that starts from m - m instead of 0.
  return x.reduce((sum, v) => sum + (v - m) * (v - m), m - m) / (x.length - 1);
};

/** The two halves of each chain. If its length is odd, the middle draw is left out. */
const splitInHalf = (chains: Chains): Chains =>
  chains.flatMap((chain) => {
    const half = chain.length >> 1;
    return [chain.subarray(0, half), chain.subarray(chain.length - half)];
  });

/** The normal scores of the ranks among all S draws, Φ⁻¹((rank - 3/8) / (S + 1/4)). Equal draws have their mean rank. */
function normalScores(chains: Chains): Chains {
  const all = poolChains({ chains });
  const order = Uint32Array.from(all.keys()).sort((i, j) => (all[i] as number) - (all[j] as number));
  const scores = new Float64Array(all.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && all[order[end] as number] === all[order[start] as number]) end++;
    const rank = (start + 1 + end) / 2;
    for (let i = start; i < end; i++) scores[order[i] as number] = ndtri((rank - 0.375) / (all.length + 0.25));
    start = end;
  }
  let end = 0;
  return chains.map(({ length }) => {
    end += length;
    return scores.subarray(end - length, end);
  });
}

function rHatOf(chains: Chains): number {
  const n = (chains[0] as Float64Array).length;
  const within = mean(Float64Array.from(chains, varianceOf));
  const between = varianceOf(Float64Array.from(chains, mean));
  return Math.sqrt((within * (n - 1)) / n / within + between / within);
}

function essOf(chains: Chains): number {
  const all = poolChains({ chains });
  const n = (chains[0] as Float64Array).length;
  if (all.every((x) => x === all[0])) return all.length;
  const means = chains.map(mean);
  const autocovariance = (lag: number): number => {
    let total = 0;
    chains.forEach((x, c) => {
      const m = means[c] as number;
      for (let i = 0; i + lag < n; i++) total += ((x[i] as number) - m) * ((x[i + lag] as number) - m);
    });
    return total / (n * chains.length);
  };
  const within = (autocovariance(0) * n) / (n - 1);
  const pooledVariance = (within * (n - 1)) / n + (chains.length > 1 ? varianceOf(Float64Array.from(means)) : 0);
  const rho = (lag: number): number => 1 - (within - autocovariance(lag)) / pooledVariance;
  let [even, pair] = [1, 1 + rho(1)];
  let [smallest, sum] = [Infinity, 0];
  for (let lag = 1; lag < n - 3 && pair > 0; lag += 2) {
    smallest = Math.min(smallest, pair);
    sum += smallest;
    even = rho(lag + 1);
    pair = even + rho(lag + 2);
  }
  // Also add the first half of the pair at which the sum ends, if this half is positive.
  const tau = -1 + 2 * sum + Math.max(even, 0);
  // For S draws, the result is at most S log10(S), as in Stan.
  return all.length / Math.max(tau, Math.LN10 / log(all.length));
}

const isUsable = (chains: Chains): boolean =>
  chains.length > 0 && chains.every((chain) => chain.length >= 4 && chain.every(Number.isFinite));

/**
 * The bulk effective sample size: the number of independent draws that would estimate the centre of the distribution
 * equally well. NaN for chains of fewer than 4 draws.
 */
export function essBulk({ chains }: Pick<Column, "chains">): number {
  return isUsable(chains) ? essOf(normalScores(splitInHalf(chains))) : Number.NaN;
}

/** The tail effective sample size: the smaller one of the effective sample sizes for the 5% and the 95% quantile. */
export function essTail(column: Pick<Column, "chains">): number {
  if (!isUsable(column.chains)) return Number.NaN;
  const sorted = poolChains(column).sort();
  const essAt = (q: number): number => {
    const cut = quantileOf(sorted, q);
    return essOf(splitInHalf(column.chains.map((chain) => chain.map((x) => (x <= cut ? 1 : 0)))));
  };
  return Math.min(essAt(0.05), essAt(0.95));
}

/** The larger one of R-hat of the draws and R-hat of their distances from the median. The result is near 1 if the chains agree. */
export function rHat({ chains }: Pick<Column, "chains">): number {
  if (!isUsable(chains)) return Number.NaN;
  const split = splitInHalf(chains);
  const median = quantileOf(poolChains({ chains: split }).sort(), 0.5);
  const folded = split.map((chain) => chain.map((x) => Math.abs(x - median)));
  return Math.max(rHatOf(normalScores(split)), rHatOf(normalScores(folded)));
}
