/**
 * The draws of every family lie in its support and have a finite log density, for a grid of extreme parameters: 5,000 draws per family, and
 * 200,000 with PEDIGRAD_DEEP. A draw that would exceed the range of numbers becomes the last number inside. Means stay below the largest
 * number, since a count of 1e600 cannot be represented.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { random, type Tensor, tensor } from "../../../autodiff/index.js";
import * as distributions from "../../../distributions/index.js";
import { type Distribution, withValidation } from "../../../distributions/index.js";
import { times } from "../../deep.js";

const TOTAL = times(5_000, 200_000);

type Params = Record<string, number | readonly number[] | readonly (readonly number[])[]>;
const classes = distributions as unknown as Record<string, new (params: Params) => Distribution>;

/** All records that have, for each name, one of its values. */
function grid(axes: Record<string, readonly Params[string][]>): Params[] {
  return Object.entries(axes).reduce<Params[]>(
    (found, [name, values]) => found.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
    [{}],
  );
}

const LOCS = [0, -1e9, 1e300];
const SCALES = [1e-300, 1e-9, 1, 1e9, 1e300];
/** Concentrations, rates and degrees of freedom: positive numbers that determine the form of a density. */
const SHAPES = [5e-324, 1e-300, 1e-3, 0.1, 1, 50, 1e8, 1e300];
const RATES = [1e-300, 1e-9, 1, 1e9, 1e300];
const PROBS = [0, 1e-300, 1e-9, 0.3, 1 - 2 ** -53, 1];
const LOGITS = [-1e300, -800, -30, 0, 2, 40, 1e300];
const TEMPERATURES = [1e-3, 0.1, 1, 100];
const COUNTS = [0, 1, 7, 1e6, 2 ** 40];
const WEIGHTS = [
  [1, 1, 1],
  [1e-300, 1, 1e300],
  [0, 0, 1],
  [1, 1e-9, 0],
];
const CLASS_LOGITS = [
  [0, 0, 0],
  [-800, 0, 1e6],
  [0, -Infinity, 3],
];
const VECTORS = [
  [1, 1, 1],
  [1e-320, 1e-320, 1e-320],
  [1e-3, 1e-3, 1e-3],
  [1e-9, 1, 1e9],
  [1e12, 1e12, 1e12],
];
const TRIANGLES = [
  [
    [1, 0],
    [0, 1],
  ],
  [
    [1e-6, 0],
    [1, 1e-6],
  ],
  [
    [1e6, 0],
    [-1e6, 1],
  ],
];
const locScale = grid({ loc: LOCS, scale: SCALES });

const GRIDS: Readonly<Record<string, readonly Params[]>> = {
  AsymmetricLaplace: grid({ loc: [0, 1e9], scale: [1e-9, 1, 1e9], asymmetry: [1e-6, 1, 1e6] }),
  Bernoulli: [...grid({ probs: PROBS }), ...grid({ logits: [...LOGITS, Infinity, -Infinity] })],
  Beta: grid({ concentration1: SHAPES, concentration0: SHAPES }),
  BetaBinomial: grid({ concentration1: SHAPES.slice(1), concentration0: SHAPES.slice(1), totalCount: COUNTS }),
  BetaProportion: grid({ mean: [1e-9, 0.3, 1 - 1e-9], concentration: [1e-290, 1e-3, 1, 1e9] }),
  Binomial: [...grid({ totalCount: COUNTS, probs: PROBS }), ...grid({ totalCount: COUNTS, logits: LOGITS })],
  Categorical: [...grid({ probs: WEIGHTS }), ...grid({ logits: CLASS_LOGITS })],
  Cauchy: locScale,
  Chi2: grid({ df: SHAPES.slice(1) }),
  ContinuousBernoulli: [...grid({ probs: PROBS }), ...grid({ logits: LOGITS })],
  Dirichlet: grid({ concentration: VECTORS }),
  DirichletMultinomial: grid({ concentration: VECTORS, totalCount: [0, 1, 7, 1e6] }),
  DiscreteUniform: [...grid({ low: [-5, 0, 7], high: [7, 1e6, 2 ** 52] }), { low: -(2 ** 52), high: 2 ** 52 }],
  Exponential: grid({ rate: RATES }),
  FisherSnedecor: grid({ df1: SHAPES.slice(1), df2: SHAPES.slice(1) }),
  Gamma: grid({ concentration: SHAPES, rate: RATES }),
  GammaPoisson: grid({ concentration: SHAPES.slice(1, -1), rate: RATES.slice(1) }),
  GaussianRandomWalk: grid({ scale: [1e-300, 1, 1e290], numSteps: [1, 5] }),
  Geometric: [...grid({ probs: [1e-300, 1e-9, 0.3, 1] }), ...grid({ logits: LOGITS })],
  Gompertz: grid({ concentration: SHAPES.slice(1), rate: RATES }),
  Gumbel: locScale,
  HalfCauchy: grid({ scale: SCALES.slice(0, 4) }),
  HalfNormal: grid({ scale: SCALES }),
  InverseGamma: grid({ concentration: SHAPES, rate: RATES }),
  Kumaraswamy: grid({ concentration1: SHAPES.slice(1), concentration0: SHAPES.slice(1) }),
  Laplace: locScale,
  Levy: grid({ loc: LOCS, scale: SCALES }),
  LKJ: grid({ dim: [2, 3, 5], concentration: [1e-3, 0.05, 1, 1e3] }),
  LKJCholesky: grid({ dim: [2, 3, 5], concentration: [1e-3, 0.05, 1, 1e3] }),
  Logistic: locScale,
  LogNormal: grid({ loc: [-800, 0, 800], scale: [1e-9, 1, 1e3] }),
  LogUniform: [
    { low: 1e-300, high: 1e300 },
    { low: 1, high: 1 + 2 ** -52 },
    { low: 1e-320, high: 1 },
  ],
  LowRankMultivariateNormal: grid({
    loc: [[0, 1e6]],
    covFactor: [[[1e-6], [1e6]]],
    covDiag: [
      [1, 1],
      [1e-12, 1e12],
    ],
  }),
  Multinomial: grid({ totalCount: [0, 1, 1e6], probs: WEIGHTS }),
  MultivariateNormal: grid({ loc: [[0, 1e9]], scaleTril: TRIANGLES }),
  MultivariateStudentT: grid({ df: [0.05, 0.5, 3, 1e8], loc: [[0, 1e9]], scaleTril: TRIANGLES }),
  NegativeBinomial: [
    ...grid({ totalCount: [1e-300, 1e-3, 1, 1e8], probs: [0, 1e-9, 0.3, 1 - 1e-9] }),
    ...grid({ totalCount: [1e-300, 1e-3, 1, 1e8], logits: [-800, 0, 40, 300] }),
  ],
  NegativeBinomial2: grid({ mean: [1e-300, 1e-3, 1, 1e12], concentration: [1e-9, 1, 1e12] }),
  Normal: locScale,
  OneHotCategorical: [...grid({ probs: WEIGHTS }), ...grid({ logits: CLASS_LOGITS })],
  OrderedLogistic: grid({
    predictor: [-1e300, -40, 0, 800],
    cutpoints: [
      [-1, 0, 1],
      [1, 1 + 2 ** -52, 2],
      [-1e300, 0, 1e300],
    ],
  }),
  Pareto: grid({ scale: SCALES, alpha: SHAPES.slice(1) }),
  Poisson: grid({ rate: [0, 1e-300, 1e-3, 5, 1e6, 1e15, 1e300] }),
  RelaxedBernoulli: [
    ...grid({ temperature: TEMPERATURES, probs: PROBS }),
    ...grid({ temperature: TEMPERATURES, logits: [-800, 0, 40] }),
  ],
  RelaxedOneHotCategorical: grid({
    temperature: TEMPERATURES,
    logits: [
      [0, 0, 0],
      [-5, 0, 9],
    ],
  }),
  SkewNormal: grid({ loc: [0, 1e9], scale: [1e-300, 1, 1e290], skewness: [-1e9, 0, 5, 1e150] }),
  SoftLaplace: locScale,
  StudentT: grid({ df: [1e-300, 1e-3, 0.05, 0.5, 1, 3, 1e8, 1e300], loc: [0, 1e9], scale: [1e-300, 1e-9, 1, 1e9] }),
  TruncatedNormal: [
    ...grid({ loc: [0], scale: [1], low: [-Infinity, -40, 0, 3, 40], high: [41, 1e3, Infinity] }),
    { loc: 0, scale: 1, low: 1, high: 1 + 2 ** -52 },
    { loc: 0, scale: 1e9, low: -1, high: 1 },
    { loc: 1e3, scale: 1, low: -1, high: 1 },
  ],
  Uniform: [
    { low: 1, high: 1 + 2 ** -52 },
    { low: -1e308, high: 1e308 },
    { low: 0, high: 5e-324 },
    { low: -1e-300, high: 1e300 },
  ],
  VonMises: grid({ loc: [-1e6, 0, 3, Math.PI], concentration: [1e-300, 1e-3, 1, 700, 1e9, 1e300] }),
  Weibull: grid({ scale: SCALES, concentration: SHAPES.slice(1) }),
  Wishart: grid({ df: [1 + 1e-9, 1.01, 2, 5, 1e6], scaleTril: TRIANGLES }),
};

/** Families without a grid, with the reasons. */
const WITHOUT: Readonly<Record<string, string>> = {
  Delta: "it draws its parameter",
  Unit: "its draws have no numbers",
  Empirical: "it draws its parameter",
  ImproperUniform: "it has no draws",
  RelaxedBernoulliStraightThrough: "draws are those of RelaxedBernoulli, rounded",
  RelaxedOneHotCategoricalStraightThrough: "draws are those of RelaxedOneHotCategorical, rounded",
};

/** The first draw that is outside the support or whose log density is not finite. */
function stray(d: Distribution, n: number, seed: number): string | null {
  const x = d.sample(random.key(seed), [n]);
  const inside = d.support.check(x).toFloat64Array();
  const density = withValidation(false, () => d.logProb(x)).toFloat64Array();
  const first = [...density].findIndex((l, i) => inside[i] !== 1 || !Number.isFinite(l));
  return first < 0 ? null : `draw ${first} is ${x.at(first)}: inside ${inside[first]}, log density ${density[first]}`;
}

for (const [name, all] of Object.entries(GRIDS))
  test(`${name}: all draws lie in the support`, () => {
    const n = Math.max(4, Math.ceil(TOTAL / all.length));
    for (const [i, params] of all.entries()) {
      const found = stray(new (classes[name] as new (params: Params) => Distribution)(params), n, i);
      assert.is(found, null, `${name}(${JSON.stringify(params)}): ${found}`);
    }
  });

test("every family has a grid of parameters, or a reason for its absence", () => {
  const families = Object.entries(classes).filter(
    ([, Class]) => typeof Class === "function" && Class.prototype instanceof distributions.Family,
  );
  const without = families.map(([name]) => name).filter((name) => !(name in GRIDS || name in WITHOUT));
  const where = "GRIDS of test/distributions/families/drawsInside.test.ts";
  assert.equal(without, [], `give ${without} a grid of extreme parameters in ${where}`);
});

test("if a distribution exceeds the range of numbers, only few draws are the last number", () => {
  // For 0.01 degrees of freedom, P(|T| > 1e285) ~ 1e-3. Draws made from gamma numbers instead of their logarithms would all stop at 1e154.
  const d = new distributions.StudentT(0.01);
  const sizes = d.sample(random.key(1), [20_000]).abs();
  const beyond = (x: number): number => sizes.greater(x).mean().item();
  const truth = (x: number): number => 2 * d.cdf(tensor(-x)).item();
  for (const x of [1e100, 1e160, 1e250, 1e285]) {
    const p = truth(x);
    const error = Math.sqrt((p * (1 - p)) / 20_000);
    assert.ok(
      Math.abs(beyond(x) - p) < 4.5 * error,
      `P(|T| > ${x}) is ${beyond(x)}, not ${p} (standard error ${error})`,
    );
  }
  const size = (x: Tensor): number => x.item();
  assert.ok(size(sizes.max()) <= Number.MAX_VALUE);
});

test.run();
