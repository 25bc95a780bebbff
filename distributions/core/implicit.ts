/**
 * Implicit reparameterisation (Figurnov, Mohamed and Mnih 2018): how a draw moves with the parameters while its cdf stays the same.
 * With F the distribution function and p the density,
 *
 *     dx/dθ = -(dF(x; θ)/dθ) / p(x; θ).
 */
import { exp, mulZeroWins, stopGradient, type Tensor } from "../../autodiff/index.js";
import type { Distribution } from "./distribution.js";

/** `draw` with this gradient with respect to the parameters of its distribution `d`. Only first derivatives are correct. */
export function withImplicitGradient(draw: Tensor, d: Pick<Distribution, "cumulative" | "logDensity">): Tensor {
  const x = stopGradient(draw);
  const probability = d.cumulative(x);
  const slope = stopGradient(exp(d.logDensity(x).neg()));
  return x.sub(mulZeroWins(probability.sub(stopGradient(probability)), slope));
}
