/**
 * For the twenty most used families, compiled and eager: the time of a log density with its gradient (with respect to value and parameters),
 * and the time of a draw with its gradient if it has one, in nanoseconds per element.
 */
import * as P from "../index.js";
import { type Distribution, jit, random, type Tensor, tensor, valueAndGrad } from "../index.js";
import { type Case, numbers, ring, type Work } from "./harness.js";

type Params = Record<string, Tensor>;
interface Family {
  readonly params: Readonly<Record<string, number | readonly number[]>>;
  readonly make: (p: Params) => Distribution;
}
const family = (Class: new (p: never) => Distribution, params: Family["params"]): Family => ({
  params,
  make: (p) => new (Class as new (p: Params) => Distribution)(p),
});

const FAMILIES: Readonly<Record<string, Family>> = {
  Normal: family(P.Normal, { loc: 0.3, scale: 1.5 }),
  LogNormal: family(P.LogNormal, { loc: 0.3, scale: 0.5 }),
  HalfNormal: family(P.HalfNormal, { scale: 1.5 }),
  StudentT: family(P.StudentT, { df: 4, loc: 0.3, scale: 1.5 }),
  Cauchy: family(P.Cauchy, { loc: 0.3, scale: 1.5 }),
  HalfCauchy: family(P.HalfCauchy, { scale: 1.5 }),
  Laplace: family(P.Laplace, { loc: 0.3, scale: 1.5 }),
  Exponential: family(P.Exponential, { rate: 1.5 }),
  Gamma: family(P.Gamma, { concentration: 2.5, rate: 1.5 }),
  InverseGamma: family(P.InverseGamma, { concentration: 2.5, rate: 1.5 }),
  Beta: family(P.Beta, { concentration1: 2.5, concentration0: 1.5 }),
  Uniform: family(P.Uniform, { low: -1, high: 2 }),
  Weibull: family(P.Weibull, { scale: 1.5, concentration: 2 }),
  Bernoulli: family(P.Bernoulli, { logits: 0.3 }),
  Binomial: family(P.Binomial, { totalCount: 10, probs: 0.3 }),
  Poisson: family(P.Poisson, { rate: 3 }),
  NegativeBinomial: family(P.NegativeBinomial, { totalCount: 5, probs: 0.3 }),
  Categorical: family(P.Categorical, { logits: [0.1, 0.5, -0.3] }),
  Dirichlet: family(P.Dirichlet, { concentration: [1.5, 0.8, 2] }),
  MultivariateNormal: family(P.MultivariateNormal, {
    loc: [0, 0, 0],
    scaleTril: [
      [1, 0, 0],
      [0.5, 1, 0],
      [0.2, 0.3, 1],
    ] as never,
  }),
};

/** Parameters that differ a little for each i, so that V8 cannot treat them as constants. */
const paramsFor = ({ params }: Family, i: number): Params =>
  Object.fromEntries(
    Object.entries(params).map(([name, x]) => [
      name,
      name === "totalCount" ? tensor(x as number) : tensor(x as number).mul(1 + 1e-3 * (numbers(1, i)[0] as number)),
    ]),
  );

const both = (work: (...args: never[]) => unknown, args: (i: number) => unknown[]): Record<string, Work> => {
  const compiled = jit(work as (...xs: unknown[]) => unknown);
  return {
    compiled: (i) => compiled(...args(i)),
    eager: (i) => (work as (...xs: unknown[]) => unknown)(...args(i)),
  };
};

/** The value and all its slopes in one list, so that variants can be compared. */
const flat = ([value, slopes]: [Tensor, Params]): Tensor[] => [value, ...Object.values(slopes)];

export const cases: readonly Case[] = Object.entries(FAMILIES).flatMap(([name, one]) =>
  [1, 1e3, 1e5].flatMap((n): Case[] => {
    const density: Case = {
      name: `distributions/${name} logProb with gradient n=${n}`,
      operations: n,
      isLong: n > 1e3,
      make: () => {
        const size = n > 1e3 ? 2 : 8;
        const params = ring((i) => paramsFor(one, i), size);
        const values = ring((i) => one.make(paramsFor(one, i)).sample(random.key(i), [n]), size);
        const isDiscrete = one.make(params(0)).isDiscrete;
        const work = (p: Params, x: Tensor) =>
          flat(
            valueAndGrad(({ x: value, ...q }: Params) =>
              one
                .make(q)
                .logProb((value ?? x) as Tensor)
                .sum(),
            )(isDiscrete ? p : { ...p, x }),
          );
        return both(work, (i) => [params(i), values(i)]);
      },
    };
    const draw: Case = {
      name: `distributions/${name} rsample n=${n}`,
      operations: n,
      isLong: n > 1e3,
      make: () => {
        const params = ring((i) => paramsFor(one, i));
        const keys = ring((i) => random.key(i));
        const { hasRsample } = one.make(params(0));
        const work = (p: Params, key: Tensor) =>
          hasRsample
            ? flat(valueAndGrad((q: Params) => one.make(q).rsample(key, [n]).sum())(p))
            : one.make(p).sample(key, [n]);
        return both(work, (i) => [params(i), keys(i)]);
      },
    };
    return [density, draw];
  }),
);
