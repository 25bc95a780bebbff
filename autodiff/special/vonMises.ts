/**
 * The derivative of a von Mises quantile for its concentration κ, for implicit reparameterisation (Figurnov et al. 2018). With
 * A = I_1(κ)/I_0(κ), the mean of cos θ, and the distribution function F,
 *
 *     dθ/dκ = -(dF/dκ) / f(θ) = ∫_0^θ (A - cos s) exp(κ (cos s - cos θ)) ds = -∫_θ^π (A - cos s) exp(κ (cos s - cos θ)) ds.
 *
 * Each integrand keeps its sign on its side of cos θ = A, so there the one or the other is taken, by 32 Gauss-Legendre points
 * on the stretch that matters: relative error 1e-9 for every κ. Follows slopes.ts.
 */
import { i0e } from "./index.js";
import { besselGap } from "./slopes.js";

/** Nodes and weights of Gauss-Legendre quadrature on [-1, 1], by Newton's method on the Legendre polynomial. */
function gaussLegendre(n: number): { nodes: number[]; weights: number[] } {
  const [nodes, weights]: [number[], number[]] = [[], []];
  for (let i = 0; i < n; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 0;
    for (let round = 0; round < 8; round++) {
      let [before, p] = [1, x];
      for (let k = 2; k <= n; k++) [before, p] = [p, ((2 * k - 1) * x * p - (k - 1) * before) / k];
      slope = (n * (x * p - before)) / (x * x - 1);
      x -= p / slope;
    }
    nodes.push(x);
    weights.push(2 / ((1 - x * x) * slope * slope));
  }
  return { nodes, weights };
}
let rule: ReturnType<typeof gaussLegendre> | null = null;
/** Beyond exp(-40) the rest of the integral is lost in rounding. */
const DECAY = 40;

/** dθ/dκ at fixed F(θ; κ), for a draw θ of VonMises(0, κ) on [-π, π], κ >= 0. */
export function vonMisesImplicitGrad(concentration: number, angle: number): number {
  const end = Math.abs(angle);
  if (!(concentration >= 0 && end <= Math.PI)) return Number.NaN;
  rule ??= gaussLegendre(32);
  const spread = besselGap(concentration) / i0e(concentration); // 1 - A
  const rise = 2 * Math.sin(end / 2) ** 2; // 1 - cos θ
  const isInside = rise <= spread;
  const furthest = rise / 2 + DECAY / (2 * concentration);
  const low = isInside ? 0 : end;
  const high = isInside ? end : furthest < 1 ? 2 * Math.asin(Math.sqrt(furthest)) : Math.PI;
  let integral = 0;
  for (let i = 0; i < rule.nodes.length; i++) {
    const s = low + ((high - low) * ((rule.nodes[i] as number) + 1)) / 2;
    const decay = Math.exp(2 * concentration * Math.sin((end - s) / 2) * Math.sin((end + s) / 2));
    integral += (rule.weights[i] as number) * (2 * Math.sin(s / 2) ** 2 - spread) * decay;
  }
  return (Math.sign(angle) * (isInside ? 1 : -1) * integral * (high - low)) / 2;
}
