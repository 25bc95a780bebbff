/** All constraints in one namespace: `constraints.positive`. Values only: such a namespace cannot hold types. */
export { independent } from "./constraint.js";
export * from "./scalar.js";
export * from "./vector.js";
