/**
 * Gamma, beta and Dirichlet draws. Gamma(a, 1) for a >= 1 follows Marsaglia and Tsang (2000): with d = a - 1/3, c = 1 / sqrt(9 d) and
 * v = (1 + c z)^3 for a normal z, d v is accepted with log probability z²/2 + d (1 - v + log v). For a < 1, a draw is a draw of
 * Gamma(a + 1, 1) times U^(1/a), computed in logarithms, because at a = 1e-3 half of all draws are smaller than 1e-300. Beta and Dirichlet
 * draws are ratios of gamma draws, so they are computed from logarithms too. A draw that would round to an end of the support (0, or 1 for
 * a beta) becomes a number just inside the support.
 */
import { exp, log } from "../formulas/scalarFormulas.js";
import { normalDraw } from "./normal.js";
import type { Stream } from "./stream.js";

const SMALLEST = 2 ** -1022;
const BELOW_ONE = 1 - 2 ** -53;

/** The cube v of an accepted proposal for Gamma(d + 1/3, 1): the draw is d v. */
function acceptedCube(stream: Stream, d: number): number {
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const z = normalDraw(stream);
    const root = 1 + c * z;
    if (root <= 0) continue;
    const v = root * root * root;
    const zz = z * z;
    const u = stream.open();
    if (u < 1 - 0.0331 * zz * zz || log(u) < 0.5 * zz + d * (1 - v + log(v))) return v;
  }
}

/** `scale` times the logarithm of a draw of Gamma(concentration, rate 1); NaN unless 0 < concentration < Infinity. */
function scaledLogDraw(stream: Stream, concentration: number, scale: number): number {
  if (!(concentration > 0 && concentration < Infinity)) return NaN;
  const boost = concentration < 1;
  const d = (boost ? concentration + 1 : concentration) - 1 / 3;
  const logDraw = scale * log(d * acceptedCube(stream, d));
  return boost ? logDraw + (scale * log(stream.open())) / concentration : logDraw;
}

/** The logarithm of a draw of Gamma(concentration, rate 1); NaN unless 0 < concentration < Infinity. */
export const logGammaDraw = (stream: Stream, concentration: number): number => scaledLogDraw(stream, concentration, 1);

/** A factor for `scaledLogDraw` that keeps logarithms finite for tiny concentrations, so that the ratio of two draws can be computed. */
const scaleFor = (concentration: number): number => (concentration < 2 ** -1000 ? 2 ** -60 : 1);

/** A draw of Gamma(concentration, rate 1), at least 2^-1022; NaN unless 0 < concentration < Infinity. */
export function gammaDraw(stream: Stream, concentration: number): number {
  if (concentration < 1) return Math.max(SMALLEST, exp(logGammaDraw(stream, concentration)));
  if (!(concentration < Infinity)) return NaN;
  const d = concentration - 1 / 3;
  return d * acceptedCube(stream, d);
}

/** A draw of Beta(concentration1, concentration0), strictly between 0 and 1; NaN unless both parameters are positive and finite. */
export function betaDraw(stream: Stream, concentration1: number, concentration0: number): number {
  const scale = scaleFor(Math.min(concentration1, concentration0));
  const logOdds = scaledLogDraw(stream, concentration1, scale) - scaledLogDraw(stream, concentration0, scale);
  return Math.min(BELOW_ONE, Math.max(SMALLEST, 1 / (1 + exp(-logOdds / scale))));
}

/**
 * Writes a draw of Dirichlet(concentration) into `out` from `offset` on, where the concentration is `count` numbers from `start` on. The
 * draw is the softmax of log-gammas. Components are at least 2^-1022.
 */
export function dirichletDraw(
  stream: Stream,
  concentration: Float64Array,
  start: number,
  count: number,
  out: Float64Array,
  offset: number,
): void {
  let smallest = Infinity;
  for (let j = start; j < start + count; j++) smallest = Math.min(smallest, concentration[j] as number);
  const scale = scaleFor(smallest);
  let largest = -Infinity;
  for (let j = 0; j < count; j++) {
    const logDraw = scaledLogDraw(stream, concentration[start + j] as number, scale);
    out[offset + j] = logDraw;
    largest = Math.max(largest, logDraw);
  }
  let sum = 0;
  for (let j = offset; j < offset + count; j++) sum += out[j] = exp(((out[j] as number) - largest) / scale);
  for (let j = offset; j < offset + count; j++) out[j] = Math.max(SMALLEST, (out[j] as number) / sum);
}
