/** All constraints, for the public namespace `constraints`, as in `constraints.positive`. Types are exported from index.ts. */
export { independent } from "./constraint.js";
export * from "./scalar.js";
export * from "./vector.js";
