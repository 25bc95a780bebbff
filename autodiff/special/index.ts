/** The special functions of numbers. Reading order: polynomial, elementary, gamma, polygamma, gammainc. */
export * from "./elementary.js";
export * from "./gamma.js";
export * from "./polygamma.js";
