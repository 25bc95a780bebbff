/** Differences of nearly equal numbers without cancellation. */
import { log } from "../formulas/scalarFormulas.js";
import { ratio } from "./polynomial.js";

// (atanh √z / √z - 1) / z for 0 <= z <= 1/9, error 3e-16.
const ATANH_P = [
  0.3333333333333333, -0.5823847037963771, 0.30538124201553685, -0.046039117851666256, 0.00026342542965778864,
];
const ATANH_Q = [1, -2.347154111389131, 1.8958647643086135, -0.6030463548738926, 0.05976204967307252];

/**
 * mu - log(1 + mu) >= 0 for mu > -1. The caller passes 1 + mu too, because near mu = -1 the sum of 1 and mu has too few digits. With
 * r = mu / (2 + mu), log(1 + mu) = 2 atanh r and mu - 2r = mu r (Loader 2000). Error 3 ulp for |mu| < 1/2.
 */
export function excessOverLog(mu: number, onePlusMu: number): number {
  if (!(Math.abs(mu) < 0.5)) return mu < Infinity ? mu - log(onePlusMu) : mu;
  const r = mu / (2 + mu);
  return r * (mu - 2 * r * r * ratio(ATANH_P, ATANH_Q, r * r));
}

/** x y - z, as if the product were not rounded (Dekker 1971), for numbers far from overflow. */
export function productMinus(x: number, y: number, z: number): number {
  const product = x * y;
  const xHigh = upperHalf(x);
  const yHigh = upperHalf(y);
  const xLow = x - xHigh;
  const yLow = y - yHigh;
  const error = xLow * yLow - (product - xHigh * yHigh - xLow * yHigh - xHigh * yLow);
  return product - z + (Number.isFinite(error) ? error : 0);
}
/** The upper 26 bits of the significand. */
const upperHalf = (x: number): number => {
  const scaled = (2 ** 27 + 1) * x;
  return scaled - (scaled - x);
};
