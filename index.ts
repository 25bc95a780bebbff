/** Pedigrad: gradients with a pedigree. */
export * from "./autodiff/index.js";
export * from "./distributions/index.js";
export * from "./infer/index.js";
