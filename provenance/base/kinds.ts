/** Kinds of options and arguments. A kind is a test (`is`), and the words by which error messages describe the kind. */
import { isRecord } from "./records.js";

export type Kind = readonly [is: (x: unknown) => boolean, words: string];

// The upper limit of counts, such as numbers of particles. An array of this length takes half a gigabyte.
export const MAX_COUNT = 2 ** 26;

export const any: Kind = [() => true, "anything"];
export const flag: Kind = [(x) => typeof x === "boolean", "true or false"];
const callable: Kind = [(x) => typeof x === "function", "a function"];

export { callable as function };
export const string: Kind = [(x) => typeof x === "string", "a string"];
export const record: Kind = [(x) => isRecord(x), "a record ({ name: … })"];
export const names: Kind = [
  (x) => Array.isArray(x) && x.every((name) => typeof name === "string"),
  "an array of names",
];
export const numbers: Kind = [(x) => Array.isArray(x) && x.every(Number.isInteger), "an array of whole numbers"];
export const whole: Kind = [Number.isInteger, "a whole number"];
export const size: Kind = [(x) => Number.isInteger(x) && (x as number) >= 0, "a non-negative integer"];
export const count: Kind = [
  (x) => Number.isInteger(x) && (x as number) >= 1 && (x as number) <= MAX_COUNT,
  "a positive integer",
];
export const number: Kind = [(x) => typeof x === "number" && Number.isFinite(x), "a finite number"];
export const positive: Kind = [(x) => typeof x === "number" && x > 0 && x < Infinity, "a positive number"];
