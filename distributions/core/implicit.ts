/**
 * Implicit reparameterisation (Figurnov, Mohamed and Mnih 2018): how a draw moves with the parameters while its cdf stays the same.
 * With F the distribution function and p the density,
 *
 *     dx/dθ = -(dF(x; θ)/dθ) / p(x; θ).
 */
import { exp, mulZeroWins, stopGradient, type Tensor } from "../../autodiff/index.js";
import type { Distribution } from "./distribution.js";

/**
 * `draw` with this gradient with respect to the parameters of its distribution `d`. The density is taken half of the way to the moved draw,
 * so that second derivatives are correct, too.
 */
export function withImplicitGradient(draw: Tensor, d: Pick<Distribution, "cumulative" | "logDensity">): Tensor {
  const x = stopGradient(draw);
  const probability = d.cumulative(x);
  const rise = probability.sub(stopGradient(probability));
  const slopeAt = (y: Tensor): Tensor => exp(d.logDensity(y).neg());
  const halfway = x.sub(mulZeroWins(rise, stopGradient(slopeAt(x))).mul(0.5));
  return x.sub(mulZeroWins(rise, slopeAt(halfway)));
}
