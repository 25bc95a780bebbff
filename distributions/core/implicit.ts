/**
 * Implicit reparameterisation (Figurnov, Mohamed and Mnih 2018): how a draw moves with the parameters while its cdf stays the same.
 * With F the distribution function and p the density,
 *
 *     dx/dθ = -(dF(x; θ)/dθ) / p(x; θ).
 */
import { gradDepth } from "../../autodiff/core/node.js";
import { exp, mulZeroWins, stopGradient, type Tensor } from "../../autodiff/index.js";
import type { Distribution } from "./distribution.js";

/**
 * `draw` with its derivatives with respect to the parameters of its distribution `d`. The loop solves F(y) = F(x) for y by Newton's method with
 * a fixed slope. It changes no number, since y = x is the solution, but each iteration makes the derivatives of one more order correct. So there
 * are as many iterations as gradients being taken.
 */
export function withImplicitGradient(draw: Tensor, d: Pick<Distribution, "cumulative" | "logDensity">): Tensor {
  const x = stopGradient(draw);
  if (gradDepth === 0) return x;
  const slope = stopGradient(exp(d.logDensity(x).neg()));
  let y = x;
  for (let order = 1; order <= gradDepth; order++) {
    const probability = d.cumulative(y);
    y = y.sub(mulZeroWins(probability.sub(stopGradient(probability)), slope));
  }
  return y;
}
