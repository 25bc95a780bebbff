/** The special functions of numbers. Reading order: polynomial, elementary, gamma, polygamma, erf, gammainc, gammaincinv, bessel. */
export * from "./bessel.js";
export * from "./elementary.js";
export * from "./erf.js";
export * from "./gamma.js";
export * from "./gammainc.js";
export * from "./gammaincinv.js";
export * from "./polygamma.js";
