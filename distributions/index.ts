/** The public face of the distributions. */

export { Bernoulli } from "./bernoulli.js";
export { Beta } from "./beta.js";
export { bijectTo } from "./bijectTo.js";
export { Categorical } from "./categorical.js";
export * from "./composedTransforms.js";
export type { Constraint } from "./constraints.js";
export * as constraints from "./constraints.js";
export { Delta } from "./delta.js";
export { Dirichlet } from "./dirichlet.js";
export { Derived, Distribution, Expanded, Independent, Masked, NonReparameterized } from "./distribution.js";
export { Exponential } from "./exponential.js";
export { Gamma } from "./gamma.js";
export { HalfNormal } from "./halfNormal.js";
export { klDivergence } from "./kl.js";
export { Law } from "./law.js";
export { LogNormal } from "./logNormal.js";
export * from "./matrixTransforms.js";
export { Normal } from "./normal.js";
export type { Given, Params } from "./parameters.js";
export { Poisson } from "./poisson.js";
export { TransformedDistribution } from "./transformedDistribution.js";
export * from "./transforms.js";
export { Uniform } from "./uniform.js";
export { Unit } from "./unit.js";
export { setValidation, validation, withValidation } from "./validation.js";
export * from "./vectorTransforms.js";
