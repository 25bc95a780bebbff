/**
 * The golden file, and functions that make distributions of this library from the file's parameter records. Families are found by class name.
 */
import { readFileSync } from "node:fs";
import { type Tensor, tensor } from "../../../autodiff/index.js";
import * as distributions from "../../../distributions/index.js";
import {
  Categorical,
  DiscreteHMM,
  type Distribution,
  Exp,
  Folded,
  Hurdle,
  Mixture,
  MixtureSameFamily,
  Normal,
  Poisson,
  TransformedDistribution,
  Truncated,
  ZeroInflated,
} from "../../../distributions/index.js";

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
  readFileSync(new URL("../../golden/distributions.json", import.meta.url), "utf8"),
).distributions;

type Make = (params: Record<string, Tensor>) => Distribution;
const all = distributions as unknown as Record<string, new (params: Record<string, Tensor>) => Distribution>;

/** Constructors for entries of the golden file whose name is not the name of a class. */
const COMPOSED: Record<string, Make> = {
  "MixtureSameFamily(Normal)": ({ mixingProbs, loc, scale }) =>
    new MixtureSameFamily(new Categorical(mixingProbs as Tensor), new Normal(loc as Tensor, scale as Tensor)),
};

export interface FamilyUnderTest {
  readonly name: string;
  readonly entry: Entry;
  /** A distribution from decoded parameters. */
  readonly make: Make;
  /** The number of event axes of a parameter, for parameters that the distribution does not list. */
  readonly eventDims?: Readonly<Record<string, number>>;
}

/** The families that are in the golden file and in the library. */
export const families: FamilyUnderTest[] = Object.entries(golden).flatMap(([name, entry]) => {
  const Class = all[name];
  const composed = COMPOSED[name];
  if (composed !== undefined) return [{ name, entry, make: composed, eventDims: { mixingProbs: 1, loc: 1, scale: 1 } }];
  return Class === undefined ? [] : [{ name, entry, make: (params: Record<string, Tensor>) => new Class(params) }];
});

/**
 * Families without reference numbers, with example parameters; laws.test.ts also covers these. A family whose arguments are not only tensors
 * has a function that makes a distribution.
 */
const EXAMPLES: Record<string, { params: Record<string, Json>; make?: Make; eventDims?: Record<string, number> }> = {
  LKJ: { params: { dim: 3, concentration: 1.5 } },
  RelaxedBernoulliStraightThrough: { params: { temperature: 0.7, logits: 0.4 } },
  RelaxedOneHotCategoricalStraightThrough: { params: { temperature: 0.7, logits: [0.4, -0.2, 1] } },
  DiscreteHMM: {
    params: {
      initialLogits: [0.3, -0.3],
      transitionLogits: [
        [1, 0],
        [-0.5, 0.5],
      ],
      loc: [-1, 2],
    },
    make: ({ initialLogits, transitionLogits, loc }) =>
      new DiscreteHMM(initialLogits as Tensor, transitionLogits as Tensor, new Normal(loc as Tensor, 1), 3),
    eventDims: { initialLogits: 1, transitionLogits: 2, loc: 1 },
  },
  Folded: {
    params: { loc: 0.4, scale: 1.3 },
    make: ({ loc, scale }) => new Folded(new Normal(loc as Tensor, scale as Tensor)),
  },
  Truncated: {
    params: { loc: 0.4, scale: 1.3, low: -1, high: 2 },
    make: ({ loc, scale, low, high }) =>
      new Truncated(new Normal(loc as Tensor, scale as Tensor), { low: low as Tensor, high: high as Tensor }),
  },
  TransformedDistribution: {
    params: { loc: 0.4, scale: 0.8 },
    make: ({ loc, scale }) => new TransformedDistribution(new Normal(loc as Tensor, scale as Tensor), new Exp()),
  },
  Mixture: {
    params: { mixing: [0.3, 0.7], loc: 0.4, scale: 1.3 },
    make: ({ mixing, loc, scale }) =>
      new Mixture(new Categorical(mixing as Tensor), [new Normal(loc as Tensor, scale as Tensor), new Normal(-2, 1)]),
    eventDims: { mixing: 1 },
  },
  Hurdle: {
    params: { rate: 2.3, gate: 0.3 },
    make: ({ rate, gate }) => new Hurdle(new Poisson(rate as Tensor), gate as Tensor),
  },
  ZeroInflated: {
    params: { rate: 2.3, gate: 0.3 },
    make: ({ rate, gate }) => new ZeroInflated(new Poisson(rate as Tensor), gate as Tensor),
  },
};

/** Every family that laws.test.ts covers: families with reference numbers, then the examples. */
export const lawful: FamilyUnderTest[] = [
  ...families,
  ...Object.entries(EXAMPLES).map(([name, { params, make, eventDims }]) => ({
    name,
    entry: { cases: [{ id: name, params, points: [] }], invalidParams: [], outOfSupport: { params, values: [] } },
    make: make ?? ((given: Record<string, Tensor>) => new (all[name] as (typeof all)[string])(given)),
    ...(eventDims && { eventDims }),
  })),
];

/** A number of the golden file, in which "NaN", "Infinity" and "-Infinity" are strings. */
export const decode = (x: Json): Json => (Array.isArray(x) ? x.map(decode) : typeof x === "string" ? Number(x) : x);

const camel = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
export const nameOf = camel;

/** Parameters by their names in this library, without parameters that are null. */
export const decodeParams = (params: Record<string, Json>): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(params).flatMap(([name, x]) => (x === null ? [] : [[camel(name), tensor(decode(x) as number)]])),
  );

/** All numbers in a nested array, row-major. */
export const flat = (x: Json): number[] => (Array.isArray(x) ? x.flatMap(flat) : [x as number]);
