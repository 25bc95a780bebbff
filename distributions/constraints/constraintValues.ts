/** All constraints, under one roof: `constraints.positive`. Values only: a namespace of declarations cannot hold types. */
export { independent } from "./constraint.js";
export * from "./scalar.js";
export * from "./vector.js";
