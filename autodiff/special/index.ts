/** The special functions, as functions of numbers. */
export * from "./elementary.js";
export * from "./gamma.js";
