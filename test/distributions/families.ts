/** The golden file, and how one of its parameter records becomes a distribution of this library. Families are found by their class name. */
import { readFileSync } from "node:fs";
import { type Tensor, tensor } from "../../autodiff/index.js";
import * as distributions from "../../distributions/index.js";
import { Categorical, type Distribution, MixtureSameFamily, Normal } from "../../distributions/index.js";

export type Json = number | string | null | Json[];
export interface Point {
  readonly value: Json;
  readonly logProb: Json;
  readonly mag?: number;
  readonly textbookAbsError?: number;
  readonly grad?: Record<string, Json>;
  readonly gradMag?: Record<string, number>;
  readonly cdf?: number;
  readonly sf?: number;
  readonly pathwise?: Record<string, number>;
}
export interface Case {
  readonly id: string;
  readonly params: Record<string, Json>;
  readonly points: Point[];
  readonly mean?: Json;
  readonly variance?: Json;
  readonly entropy?: Json;
  readonly icdf?: Record<string, number>;
}
export interface Entry {
  readonly cases: Case[];
  readonly invalidParams: { params: Record<string, Json>; why: string }[];
  readonly outOfSupport: { params: Record<string, Json>; values: Json[] };
  readonly edgeCases?: { params: Record<string, Json>; value: Json; logProb: Json }[];
  readonly gofBins?: { params: Record<string, Json>; edges: number[] }[];
  readonly gofPmf?: { params: Record<string, Json>; pmf: [number, number][] }[];
  readonly gofExtreme?: { params: Record<string, Json>; x: number[]; cdf: number[] }[];
}

const golden: Record<string, Entry> = JSON.parse(
  readFileSync(new URL("../golden/distributions.json", import.meta.url), "utf8"),
).distributions;

type Make = (params: Record<string, Tensor>) => Distribution;
const all = distributions as unknown as Record<string, new (params: Record<string, Tensor>) => Distribution>;

/** Entries of the golden file that are not one class of the same name. */
const COMPOSED: Record<string, Make> = {
  "MixtureSameFamily(Normal)": ({ mixingProbs, loc, scale }) =>
    new MixtureSameFamily(new Categorical(mixingProbs as Tensor), new Normal(loc as Tensor, scale as Tensor)),
};

export interface FamilyUnderTest {
  readonly name: string;
  readonly entry: Entry;
  /** A distribution from decoded parameters. */
  readonly make: Make;
  /** How many of its last axes are a parameter's own, where the distribution does not say. */
  readonly eventDims?: Readonly<Record<string, number>>;
}

/** Every family of the golden file that the library has. */
export const families: FamilyUnderTest[] = Object.entries(golden).flatMap(([name, entry]) => {
  const Class = all[name];
  const composed = COMPOSED[name];
  if (composed !== undefined) return [{ name, entry, make: composed, eventDims: { mixingProbs: 1, loc: 1, scale: 1 } }];
  return Class === undefined ? [] : [{ name, entry, make: (params: Record<string, Tensor>) => new Class(params) }];
});

/** A number of the golden file; "NaN", "Infinity" and "-Infinity" are strings there. */
export const decode = (x: Json): Json => (Array.isArray(x) ? x.map(decode) : typeof x === "string" ? Number(x) : x);

const camel = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
export const nameOf = camel;

/** Parameters by their names here, without those that are null. */
export const decodeParams = (params: Record<string, Json>): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(params).flatMap(([name, x]) => (x === null ? [] : [[camel(name), tensor(decode(x) as number)]])),
  );

/** All numbers in a nested array, row-major. */
export const flat = (x: Json): number[] => (Array.isArray(x) ? x.flatMap(flat) : [x as number]);
