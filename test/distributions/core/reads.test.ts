/**
 * If the library makes a decision by looking at numbers, this counts as a read: provenance records it, and a compiled program is right for
 * other numbers or refuses them. If no decision depends on the numbers, nothing is read.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { jit, random, stack, type Tensor, tensor } from "../../../autodiff/index.js";
import {
  Affine,
  Beta,
  Binomial,
  bijectTo,
  Categorical,
  constraints,
  DiscreteUniform,
  Exponential,
  Folded,
  Geometric,
  klDivergence,
  LKJ,
  Mixture,
  MixtureSameFamily,
  NegativeBinomial,
  Normal,
  Pareto,
  TransformedDistribution,
  Truncated,
  TruncatedNormal,
  Uniform,
} from "../../../distributions/index.js";
import { currentAmbient, getProvenance, inFreshRun, trackProvenance } from "../../../provenance/index.js";
import { refusal } from "../../refusals.js";

/** The names of the sites that `body` reads. */
const readBy = (body: () => unknown): string =>
  inFreshRun(() => {
    body();
    return `{${[...currentAmbient()].sort().join(", ")}}`;
  });
const of = (x: number | number[], name: string): Tensor => trackProvenance(tensor(x), name);
/** The results of several calls of one compiled function: numbers, or the codes of errors. */
function compiled(f: (x: Tensor) => Tensor, ...xs: number[]): (number | string)[] {
  const program = jit(f);
  return xs.map((x) => {
    try {
      return program(tensor(x)).item();
    } catch (error) {
      return (error as { code: string }).code;
    }
  });
}
const isRightOrRefused = (got: (number | string)[], truth: number[]): void => {
  for (const [i, x] of got.entries())
    assert.ok(typeof x === "string" || x === truth[i] || Math.abs(x - (truth[i] as number)) < 1e-14, `${got}`);
};

test("a count that decides the number of values is read", () => {
  assert.is(
    readBy(() => new Binomial(of(3, "n"), 0.5).enumerateSupport()),
    "{n}",
  );
  assert.is(
    readBy(() => new DiscreteUniform(of(1, "low"), of(3, "high")).enumerateSupport()),
    "{high, low}",
  );
  assert.is(`${getProvenance(new DiscreteUniform(0, of(3, "high")).enumerateSupport())}`, "{high}");
  isRightOrRefused(
    compiled((n) => new DiscreteUniform(0, n).enumerateSupport().sum(), 2, 2, 4),
    [3, 3, 10],
  );
  isRightOrRefused(
    compiled((n) => new LKJ({ dim: n, concentration: 1 }).mean.sum(), 2, 2, 3),
    [2, 2, 3],
  );
  const either = (n: Tensor) =>
    new Mixture(new Categorical([0.5, 0.5]), [new Binomial(n, 0.5), new DiscreteUniform(0, n)]);
  isRightOrRefused(
    compiled((n) => either(n).enumerateSupport().sum(), 2, 2, 3),
    [3, 3, 6],
  );
});

test("bounds that decide the bijection are read", () => {
  const to = (low: Tensor) => bijectTo(constraints.interval(low, Infinity)).forward(tensor(0.5));
  isRightOrRefused(compiled(to, -Infinity, -Infinity, 1), [0.5, 0.5, 1 + Math.exp(0.5)]);
  assert.is(
    readBy(() => bijectTo(new Uniform(of(0, "low"), of(1, "high")).support)),
    "{high, low}",
  );
});

test("parameters and bounds that decide whether there is a closed form are read", () => {
  const trials = (n: Tensor) => klDivergence(new NegativeBinomial(n, 0.4), new NegativeBinomial(3, 0.5)) ?? tensor(-1);
  const right = klDivergence(new NegativeBinomial(3, 0.4), new NegativeBinomial(3, 0.5))?.item() as number;
  isRightOrRefused(compiled(trials, 3, 3, 4), [right, right, -1]);
  const uniform = (low: Tensor) => klDivergence(new Uniform(low, 1), new Beta(2, 1)) as Tensor;
  const within = (low: number) => klDivergence(new Uniform(low, 1), new Beta(2, 1))?.item() as number;
  isRightOrRefused(compiled(uniform, -1, -1, 0.5), [Infinity, Infinity, within(0.5)]);
  const moved = (scale: Tensor) =>
    klDivergence(
      new TransformedDistribution(new Normal(0, 1), new Affine(1, scale)),
      new TransformedDistribution(new Normal(1, 1), new Affine(1, 2)),
    ) ?? tensor(-1);
  isRightOrRefused(compiled(moved, 2, 2, 3), [0.5, 0.5, -1]);
});

test("densities, draws and supports read no numbers", () => {
  const [a, b] = [of(-1, "a"), of(2, "b")];
  const made = [
    new Uniform(a, b),
    new TruncatedNormal(0, 1, a, b),
    new Truncated(new Normal(a, b), { low: a, high: b }),
    new Truncated(new Uniform(a, b), { high: 1.5 }),
    new TransformedDistribution(new Uniform(a, b), new Affine(a, b)),
    new Pareto(b, b),
    new Binomial(b, 0.5),
    new Geometric({ logits: a }),
  ];
  for (const d of made)
    assert.is(
      readBy(() => [d.support, d.logProb(d instanceof Pareto ? 3 : 1), d.hasRsample, d.isDiscrete]),
      "{}",
      `${d}`,
    );
  const density = jit((low: Tensor) => new Uniform(low, 4).logProb(3).exp());
  for (const low of [0, 1, 2]) assert.ok(Math.abs(density(tensor(low)).item() - 1 / (4 - low)) < 1e-15);
  assert.is(refusal(() => jit((n: Tensor) => new Binomial(n, 0.5).enumerateSupport())(tensor(2))).code, "read-in-jit");
  assert.ok(Number.isFinite((klDivergence(new Exponential(2), new Exponential(3)) as Tensor).item()));
});

test("moments, draws and distribution functions of mixtures, truncated and folded distributions read no numbers", () => {
  const made = (high: Tensor) => {
    const parts = new Uniform(0, high);
    const mixture = new Mixture(new Categorical([0.5, 0.5]), [parts, new Uniform(0, 1)]);
    const ofFamily = new MixtureSameFamily(new Categorical([0.5, 0.5]), parts.expand([2]));
    const truncated = new Truncated(parts, { high: 1.5 });
    return [
      truncated.logProb(0.5),
      mixture.mean,
      mixture.variance,
      mixture.cdf(0.5),
      ofFamily.rsample(random.key(0)),
      new Folded(parts).cdf(1),
    ];
  };
  assert.is(
    readBy(() => made(of(2, "high"))),
    "{}",
  );
  const program = jit((high: Tensor) => stack(made(high)));
  for (const high of [2, 2, 3]) assert.equal(program(tensor(high)).toArray(), stack(made(tensor(high))).toArray());
});

test.run();
