/** The public face of the distributions. */

export { Bernoulli } from "./bernoulli.js";
export { Beta } from "./beta.js";
export { bijectTo } from "./bijectTo.js";
export { Categorical } from "./categorical.js";
export * from "./composedTransforms.js";
export type { Constraint } from "./constraints.js";
export * as constraints from "./constraints.js";
export { Derived, Distribution, Expanded, Independent, Masked, NonReparameterized } from "./distribution.js";
export { Law } from "./law.js";
export { Normal } from "./normal.js";
export type { Given, Params } from "./parameters.js";
export * from "./transforms.js";
export { Unit } from "./unit.js";
export { setValidation, validation, withValidation } from "./validation.js";
export * from "./vectorTransforms.js";
