/**
 * Poisson and binomial draws with the exact distribution. If the mean is below 10, they are made by inversion: the probabilities of
 * 0, 1, 2, … are subtracted one by one from a uniform, until the next probability is larger than the remainder. The draw is the count with
 * this probability. Else they are made by transformed rejection with squeeze (Hörmann 1993, PTRS and BTRS), with about 1.1 proposals per draw.
 * The acceptance test uses log probabilities in the saddle-point form of Loader (2000),
 *
 *     log Poisson(k; μ)     = -D(k, μ) - δ(k) - log(2π k) / 2
 *     log Binomial(k; n, p) = -D(k, n p) - D(n-k, n q) + δ(n) - δ(k) - δ(n-k) + log(n / (2π k (n-k))) / 2
 *
 * with q = 1 - p, D(k, μ) = k log(k/μ) + μ - k and δ the error of Stirling's formula. In the textbook form, k log μ and lgamma(k + 1)
 * cancel more and more as the mean grows; here nothing cancels.
 */
import { exp, log, log1p } from "../formulas/scalarFormulas.js";
import { stirlingError } from "../special/gamma.js";
import type { Stream } from "./stream.js";

const INVERSION_BELOW = 10;
const NEGLIGIBLE = 2 ** -60;

/** A draw of Poisson(rate); NaN unless 0 <= rate < Infinity. */
export function poissonDraw(stream: Stream, rate: number): number {
  if (!(rate >= 0 && rate < Infinity)) return NaN;
  if (rate >= INVERSION_BELOW) return poissonRejection(stream, rate);
  let remaining = stream.uniform();
  let mass = exp(-rate);
  let k = 0;
  while (remaining >= mass && mass > NEGLIGIBLE) {
    remaining -= mass;
    mass *= rate / ++k;
  }
  return k;
}

/** A draw of Binomial(totalCount, probs); NaN unless totalCount is a whole number >= 0 and 0 <= probs <= 1. */
export function binomialDraw(stream: Stream, totalCount: number, probs: number): number {
  if (!(totalCount >= 0 && Number.isInteger(totalCount) && probs >= 0 && probs <= 1)) return NaN;
  if (probs > 0.5) return totalCount - binomialDraw(stream, totalCount, 1 - probs);
  if (totalCount * probs >= INVERSION_BELOW) return binomialRejection(stream, totalCount, probs);
  const odds = probs / (1 - probs);
  let remaining = stream.uniform();
  let mass = exp(totalCount * log1p(-probs));
  let k = 0;
  while (remaining >= mass && k < totalCount && mass > NEGLIGIBLE) {
    remaining -= mass;
    mass *= ((totalCount - k) / (k + 1)) * odds;
    k++;
  }
  return k;
}

function poissonRejection(stream: Stream, mean: number): number {
  const b = 0.931 + 2.53 * Math.sqrt(mean);
  const a = -0.059 + 0.02483 * b;
  const squeeze = 0.9277 - 3.6224 / (b - 2);
  const scale = 1.1239 + 1.1328 / (b - 3.4);
  for (;;) {
    const u = stream.uniform() - 0.5;
    const v = stream.open();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= squeeze) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (log((v * scale) / (a / (us * us) + b)) <= logPoissonMass(k, mean)) return k;
  }
}

function binomialRejection(stream: Stream, n: number, p: number): number {
  const deviation = Math.sqrt(n * p * (1 - p));
  const b = 1.15 + 2.53 * deviation;
  const a = -0.0873 + 0.0248 * b + 0.01 * p;
  const squeeze = 0.92 - 4.2 / b;
  const scale = (2.83 + 5.1 / b) * deviation;
  const mode = Math.floor((n + 1) * p);
  for (;;) {
    const u = stream.uniform() - 0.5;
    const v = stream.open();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + n * p + 0.5);
    if (us >= 0.07 && v <= squeeze) return k;
    if (k < 0 || k > n) continue;
    const logRatio = logBinomialMass(k, n, p) - logBinomialMass(mode, n, p);
    if (log((v * scale) / (a / (us * us) + b)) <= logRatio) return k;
  }
}

function logPoissonMass(k: number, mean: number): number {
  return k === 0 ? -mean : -deviance(k, mean) - stirlingError(k) - 0.5 * log(2 * Math.PI * k);
}

function logBinomialMass(k: number, n: number, p: number): number {
  if (k === 0) return n * log1p(-p);
  if (k === n) return n * log(p);
  const deviances = deviance(k, n * p) + deviance(n - k, n * (1 - p));
  const errors = stirlingError(n) - stirlingError(k) - stirlingError(n - k);
  return errors - deviances + 0.5 * log(n / (2 * Math.PI * k * (n - k)));
}

/** k log(k/mean) + mean - k, with an error in proportion to |k - mean|, not to the mean. */
function deviance(k: number, mean: number): number {
  const d = (k - mean) / mean;
  return mean * ((1 + d) * log1p(d) - d);
}
