/** All constraints, under one roof: `constraints.positive`. */
export { type Constraint, type IndependentConstraint, type Interval, independent } from "./constraint.js";
export * from "./scalarConstraints.js";
export * from "./vectorConstraints.js";
