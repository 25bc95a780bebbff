/**
 * The distribution function F of the von Mises density f(x) = exp(κ cos x) / (2π I_0(κ)) on [-π, π], and its derivative with respect to κ,
 * for implicit reparameterisation (Figurnov et al. 2018). The derivative is odd in x. With A = I_1(κ)/I_0(κ), the mean of cos t,
 *
 *     dF/dκ = ∫_0^x f(t) (cos t - A) dt = -∫_x^π f(t) (cos t - A) dt     for x >= 0.
 *
 * Of the two integrals, the one whose integrand does not change sign is used: the first if cos x >= A, else the second. It is computed by
 * Gauss–Legendre quadrature, over the range where f is more than exp(-40) times its maximum.
 */
import { atan, exp, sin } from "../formulas/scalarFormulas.js";
import { circularVariance, i0e } from "./bessel.js";
import { gaussLegendre } from "./quadrature.js";

// exp(-NEGLIGIBLE) is smaller than the rounding error of an integral.
const NEGLIGIBLE = 40;

const sine2 = (x: number): number => {
  const sine = sin(0.5 * x);
  return sine * sine;
};

/** f(x), relative error 1e-15 (1 + κ (1 - cos x)). */
function density(x: number, kappa: number): number {
  return exp(-2 * kappa * sine2(x)) / (2 * Math.PI * i0e(kappa));
}

/** f(t) / f(x). */
const relativeDensity = (t: number, x: number, kappa: number): number =>
  exp(-2 * kappa * sin(0.5 * (t + x)) * sin(0.5 * (t - x)));

/** The point beyond x >= 0 where f is negligible against f(x). */
const tailEnd = (x: number, kappa: number): number => {
  const s = Math.min(1, sine2(x) + (0.5 * NEGLIGIBLE) / kappa);
  return 2 * atan(Math.sqrt(s / (1 - s)));
};

/** F(x) for -π <= x <= π and κ >= 0, relative error 1e-14 (in the lower tail 1e-15 κ). */
export function vonMisesCdf(x: number, kappa: number): number {
  if (!(kappa >= 0) || Number.isNaN(x)) return NaN;
  const size = Math.min(Math.abs(x), Math.PI);
  const peak = density(size, kappa);
  // If f(x) has underflowed to 0, the integral may overflow.
  const tail =
    peak === 0 ? 0 : peak * gaussLegendre((t) => relativeDensity(t, size, kappa), size, tailEnd(size, kappa));
  return x < 0 ? tail : 1 - tail;
}

/** dx/dκ at fixed F(x), the implicit-reparameterisation gradient; relative error 1e-13. */
export function vonMisesImplicitGrad(x: number, kappa: number): number {
  if (!(kappa >= 0) || Number.isNaN(x)) return NaN;
  const size = Math.min(Math.abs(x), Math.PI);
  const spread = circularVariance(kappa);
  const integrand = (t: number) => relativeDensity(t, size, kappa) * (spread - 2 * sine2(t));
  const inner = 2 * sine2(size) <= spread;
  const integral = inner ? -gaussLegendre(integrand, 0, size) : gaussLegendre(integrand, size, tailEnd(size, kappa));
  return Math.sign(x) * integral;
}
