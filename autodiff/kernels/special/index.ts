/** The special functions of numbers. */
export * from "./bessel.js";
export {
  betaDensity,
  betaImplicitGradA,
  betaImplicitGradB,
  betainc,
  betaincc,
} from "./betainc.js";
export * from "./betaincinv.js";
export * from "./cancellation.js";
export * from "./erf.js";
export * from "./gamma.js";
export * from "./gammainc.js";
export * from "./gammaincinv.js";
export * from "./polygamma.js";
export * from "./quadrature.js";
export * from "./vonMises.js";
