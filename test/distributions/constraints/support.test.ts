/**
 * Supports of transformed, folded and zero-inflated distributions are compared with the maps themselves: draws lie in the support, the density
 * integrates to 1 over it, and values that the map cannot reach have density 0.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { random, type Tensor, tensor } from "../../../autodiff/index.js";
import {
  Abs,
  Affine,
  Beta,
  Binomial,
  bijectTo,
  Dirichlet,
  DiscreteUniform,
  type Distribution,
  Exp,
  Exponential,
  Folded,
  Gamma,
  HalfNormal,
  Hurdle,
  L1Ball,
  LogNormal,
  Normal,
  Ordered,
  Permute,
  Poisson,
  Power,
  Reshape,
  Sigmoid,
  Softplus,
  StickBreaking,
  TransformedDistribution,
  Truncated,
  Uniform,
  withValidation,
  ZeroInflated,
} from "../../../distributions/index.js";
import { refusesSaying } from "../../refusals.js";

const numbers = (x: Tensor): number[] => [...x.toFloat64Array()];
/** The log density without checks. */
const logProb = (d: Distribution, x: number | number[]): number[] =>
  withValidation(false, () => numbers(d.logProb(tensor(x))));
const near = (got: number[], truth: number[]): void => {
  for (const [i, w] of truth.entries()) assert.ok(got[i] === w || Math.abs((got[i] as number) - w) < 1e-14, `${got}`);
};
const pair = () => new Normal([0, 1], [1, 2]).toEvent(1);

/** Distributions, each with the name of its support, values inside and values outside. */
const TRANSFORMED: [string, () => Distribution, string, number[], number[]][] = [
  ["exp of normal", () => new TransformedDistribution(new Normal(0, 1), new Exp()), "positive", [1e-3, 5], [-1, 0]],
  [
    "sigmoid of normal",
    () => new TransformedDistribution(new Normal(0, 1), new Sigmoid()),
    "unitInterval",
    [0.2],
    [-0.1, 1.5],
  ],
  ["softplus", () => new TransformedDistribution(new Normal(0, 1), new Softplus()), "positive", [0.1], [-2]],
  [
    "2 - 3 x of uniform",
    () => new TransformedDistribution(new Uniform(0, 1), new Affine(2, -3)),
    "interval",
    [-1, 0, 2],
    [-1.1, 2.1],
  ],
  [
    "exp of half normal",
    () => new TransformedDistribution(new HalfNormal(1), new Exp()),
    "greaterThanEq",
    [1, 7],
    [0.9],
  ],
  [
    "exp(-x) of exponential",
    () => new TransformedDistribution(new Exponential(1), [new Affine(0, -1), new Exp()]),
    "image",
    [0.1, 1],
    [1.1, -0.1],
  ],
  [
    "inverse square of gamma",
    () => new TransformedDistribution(new Gamma(3, 1), new Power(-2)),
    "positive",
    [0.1, 4],
    [-1, 0],
  ],
  [
    "log-normal moved",
    () => new TransformedDistribution(new LogNormal(0, 1), new Affine(5, 2)),
    "image",
    [5.1, 9],
    [4.9, 5],
  ],
  [
    "sigmoid of beta",
    () => new TransformedDistribution(new Beta(2, 2), new Sigmoid()),
    "interval",
    [0.51, 0.73],
    [0.49, 0.74],
  ],
  [
    "three parts",
    () => new TransformedDistribution(new Uniform(-1, 1), [new Affine(0, 2), new Exp(), new Affine(-1, -1)]),
    "interval",
    [-2, -8],
    [0, -9],
  ],
];

for (const [what, make, name, inside, outside] of TRANSFORMED)
  test(`${what}: the density is 0 outside the support, and its integral over the support is 1`, () => {
    const d = make();
    assert.is(d.support.name, name);
    assert.ok(logProb(d, inside).every(Number.isFinite));
    assert.equal(
      logProb(d, outside),
      outside.map(() => -Infinity),
    );
    for (const x of outside) refusesSaying(() => d.logProb(x), "value must be", "got");
    assert.ok(numbers(d.logProb(d.sample(random.key(1), [500]))).every(Number.isFinite), "draws");
    // The midpoint rule on unconstrained numbers shows that the bijection covers the whole support.
    const to = bijectTo(d.support);
    const free = tensor(Array.from({ length: 4000 }, (_, i) => (i + 0.5) / 50 - 40));
    const y = to.forward(free);
    const density = withValidation(false, () => d.logProb(y)).add(to.logAbsDetJacobian(free, y));
    assert.ok(Math.abs(density.exp().sum().item() / 50 - 1) < 1e-6, `mass ${density.exp().sum().item() / 50}`);
  });

test("images of constraints on vectors: the domain of a transform, rows in the domain, and other sets", () => {
  const named = (d: Distribution): string => d.support.name;
  assert.is(named(new TransformedDistribution(pair(), new Ordered())), "orderedVector");
  assert.is(named(new TransformedDistribution(pair(), new StickBreaking())), "simplex");
  assert.is(named(new TransformedDistribution(pair(), [new Affine(1, 2), new L1Ball()])), "l1Ball");
  assert.is(named(new TransformedDistribution(new Normal([0, 1], 1), new StickBreaking())), "simplex");
  const reversed = new TransformedDistribution(new Dirichlet([1, 2, 3]), new Permute([2, 1, 0]));
  assert.equal(
    numbers(
      reversed.support.check(
        tensor([
          [0.2, 0.3, 0.5],
          [0.2, 0.3, 0.6],
        ]),
      ),
    ),
    [1, 0],
  );
  const square = new TransformedDistribution(new Normal([0, 1, 2, 3], 1).toEvent(1), [
    new Reshape([4], [2, 2]),
    new Exp(),
  ]);
  assert.is(square.support.eventDim, 2);
  assert.equal(
    numbers(
      square.support.check(
        tensor([
          [
            [1, 2],
            [3, 4],
          ],
          [
            [1, -2],
            [3, 4],
          ],
        ]),
      ),
    ),
    [1, 0],
  );
  // Steps of an increasing vector whose first entry is positive.
  const starts = new TransformedDistribution(new LogNormal([0, 1], 1).toEvent(1), new Ordered());
  assert.equal(
    numbers(
      starts.support.check(
        tensor([
          [1, 5],
          [-1, 5],
          [1, 1.5],
        ]),
      ),
    ),
    [1, 0, 0],
  );
  const y = bijectTo(starts.support).forward(tensor([[0.3, -2]]));
  assert.equal(numbers(starts.support.check(y)), [1]);
});

test("a discrete base keeps its probabilities", () => {
  const d = new TransformedDistribution(new Binomial(3, 0.4), new Affine(0.1, 0.1));
  const values = tensor([0, 1, 2, 3]).mul(0.1).add(0.1);
  assert.ok(d.isDiscrete);
  const masses = numbers(d.logProb(values).exp());
  const truth = [0.216, 0.432, 0.288, 0.064];
  near(masses, truth);
  assert.equal(logProb(d, [0.15, 0.5, 0]), [-Infinity, -Infinity, -Infinity]);
  refusesSaying(
    () => d.logProb(0.15),
    "a finite number, transformed from a value that is a whole number in [0, 3]",
    "got 0.15",
  );
});

test("folded: the support has the absolute values of the base's values, of either sign", () => {
  const d = new Folded(new Uniform(-1, 2));
  const third = -Math.log(3);
  const got = logProb(d, [0.5, 1.5, 2.5]);
  near(got, [third + Math.LN2, third, -Infinity]);
  assert.is(new Folded(new Gamma(2, 1)).logProb(1.5).item(), new Gamma(2, 1).logProb(1.5).item());
  refusesSaying(
    () => new TransformedDistribution(new Normal(0, 1), [new Affine(1, 2), new Abs()]),
    "Use new Folded(base)",
  );
});

test("zero-inflated counts of a base that is never 0", () => {
  const base = new DiscreteUniform(2, 4);
  const inflated = new ZeroInflated(base, 0.25);
  const masses = numbers(inflated.logProb(inflated.enumerateSupport()).exp());
  assert.equal(numbers(inflated.enumerateSupport()), [0, 2, 3, 4]);
  near(masses, [0.25, 0.25, 0.25, 0.25]);
  assert.equal(logProb(inflated, [1, 5]), [-Infinity, -Infinity]);
  const far = new Hurdle(new Truncated(new Poisson(3), { low: 2 }), 0.4);
  assert.ok(Math.abs(far.logProb(0).exp().item() - 0.4) < 1e-14);
  const total = far
    .logProb([0, ...Array.from({ length: 60 }, (_, i) => i + 2)])
    .exp()
    .sum()
    .item();
  assert.ok(Math.abs(total - 1) < 1e-14, `${total}`);
  refusesSaying(() => far.logProb(1), "Hurdle: value must be", "got 1");
});

test.run();
