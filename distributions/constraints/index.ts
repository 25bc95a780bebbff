/** The constraints and their types, for the other files of this folder. */
export type { Constraint, IndependentConstraint, Interval } from "./constraint.js";
export * from "./constraintValues.js";
