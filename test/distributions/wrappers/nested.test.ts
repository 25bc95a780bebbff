/**
 * Distributions built from distributions that were themselves built from others, and combinations that are refused. Results are compared with
 * densities and probabilities of the parts, quadrature, and closed forms of gradients of expectations.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { arange, grad, jit, random, stack, type Tensor, tensor } from "../../../autodiff/index.js";
import {
  Affine,
  Bernoulli,
  Binomial,
  Categorical,
  Delta,
  Dirichlet,
  DiscreteHMM,
  DiscreteUniform,
  type Distribution,
  Empirical,
  Exp,
  Exponential,
  Folded,
  Gamma,
  HalfNormal,
  Hurdle,
  Inverse,
  Levy,
  LogNormal,
  Mixture,
  MixtureSameFamily,
  Normal,
  Pareto,
  Permute,
  Poisson,
  Power,
  Sigmoid,
  Softplus,
  type Transform,
  TransformedDistribution,
  Truncated,
  Uniform,
  VonMises,
  Weibull,
  withValidation,
  ZeroInflated,
  ZeroInflatedNegativeBinomial,
} from "../../../distributions/index.js";
import { type Model, param, SVI, sample, sgd, TraceELBO } from "../../../infer/index.js";
import { refusal, refusesSaying } from "../../refusals.js";

const numbers = (x: Tensor): number[] => [...x.toFloat64Array()];
const density = (d: Distribution, x: number[]): number[] => withValidation(false, () => numbers(d.logProb(x).exp()));
const near = (got: readonly number[], truth: readonly number[], tolerance = 1e-14): void => {
  assert.is(got.length, truth.length);
  got.forEach((g, i) => {
    const w = truth[i] as number;
    assert.ok(Math.abs(g - w) <= tolerance * Math.max(1, Math.abs(w)), `${got} is not ${truth}`);
  });
};
const moved = (base: Distribution, loc: number, scale: number) =>
  new TransformedDistribution(base, new Affine(loc, scale));
const halves = (...components: Distribution[]) => new Mixture(new Categorical(components.map(() => 0.5)), components);

test("a shifted mixture with components on both sides of 0: each side keeps its probability", () => {
  const d = moved(halves(moved(new Gamma(2, 1), 0, -1), new Gamma(2, 1)), 1, 2);
  // Gamma(2, 1) has density x exp(-x).
  near(density(d, [-3, 1, 5]), [0.5 * Math.exp(-2), 0, 0.5 * Math.exp(-2)]);
  assert.ok(numbers(d.support.check(d.sample(random.key(1), [100]))).every(Boolean));
});

test("a support with a gap, shifted and folded: the density in the gap is 0", () => {
  const d = moved(halves(new Uniform(0, 1), new Uniform(2, 3)), 1, 2);
  near(density(d, [0.5, 1.5, 3.5, 4, 5.5, 6, 7.5]), [0, 0.25, 0, 0, 0.25, 0.25, 0]);
  near(density(new Folded(moved(d, -7, 1)), [0.5, 1.5, 3.5, 5]), [0.25, 0.25, 0, 0.25]);
  refusesSaying(() => d.logProb(4), "value must be", "got 4");
  const same = new MixtureSameFamily(new Categorical([0.5, 0.5]), new Uniform([0, 2], [1, 3]));
  near(density(moved(same, 1, 2), [1.5, 4, 5.5]), [0.25, 0, 0.25]);
  const far = new MixtureSameFamily(new Categorical([0.5, 0.5]), moved(new Exponential(1).expand([2]), 1, 1));
  assert.equal(numbers(far.support.check(tensor([0.5, 1.5, 2]))), [0, 1, 1]);
});

test("truncation with a bound below the support of the base adds no mass there", () => {
  const d = moved(new Truncated(moved(new Exponential(1), 1, 1), { low: -5, high: 3 }), 0, 2);
  const mass = 1 - Math.exp(-2);
  near(density(d, [-4, 1, 3, 7]), [0, 0, (0.5 * Math.exp(-0.5)) / mass, 0]);
});

test("counts that the base excludes stay excluded, and zero inflation adds 0 to a base without 0", () => {
  const few = new ZeroInflated(new Truncated(new Poisson(3), { low: 2 }), 0.25);
  assert.is(density(moved(few, 1, 1), [2])[0], 0);
  near([density(moved(few, 1, 1), [1])[0] as number], [0.25]);
  const shifted = new ZeroInflated(moved(new Poisson(3), 0.5, 2), 0.25);
  near(density(shifted, [0, 0.5, 1]), [0.25, 0.75 * Math.exp(-3), 0]);
  assert.is(shifted.logProb(0).exp().item(), 0.25);
  const below = new ZeroInflated(new DiscreteUniform(-5, -1), 0.3);
  near(numbers(below.cdf([-6, -5, -1, -0.5, 0, 1])), [0, 0.14, 0.7, 0.7, 1, 1]);
  refusesSaying(
    () => new Hurdle(new DiscreteUniform(-3, 3), 0.3),
    "Hurdle: the least value of base must be >= 0",
    "-3",
  );
});

test("Hurdle refuses a base that is always 0", () => {
  for (const base of [new Bernoulli(0), new Poisson([2, 0]), new Binomial(0, 0.3)])
    assert.throws(() => new Hurdle(base, 0.3), "P(0) under base must be < 1");
  assert.is(new Hurdle(new Poisson(1e-300), 0.3).logProb(1).item(), Math.log1p(-0.3));
});

test("Hurdle keeps its digits if the base is nearly always 0", () => {
  const first = (rate: number) => (rate * Math.exp(-rate)) / -Math.expm1(-rate);
  for (const rate of [1e-20, 1e-5, 0.1, 3])
    near(
      numbers(new Hurdle(new Poisson(rate), 0.3).cdf([-1, 0, 0.5, 1, 40])),
      [0, 0.3, 0.3, 0.3 + 0.7 * first(rate), 1],
      1e-10,
    );
});

test("ZeroInflatedNegativeBinomial takes a gate or gateLogits", () => {
  const [logits, counts] = [Math.log(0.3 / 0.7), [0, 1, 7]];
  const truth = numbers(new ZeroInflatedNegativeBinomial(0.3, 3, 0.4).logProb(counts));
  near(
    numbers(new ZeroInflatedNegativeBinomial({ gateLogits: logits, totalCount: 3, probs: 0.4 }).logProb(counts)),
    truth,
  );
  refusesSaying(() => new ZeroInflatedNegativeBinomial({ totalCount: 3, probs: 0.4 }), "give gate or gateLogits");
});

test("parameters of a transform may add batch axes", () => {
  const d = moved(new Normal(0, 1), 0, 1);
  const three = new TransformedDistribution(new Normal(0, 1), [
    new Affine([0, 100, 200], [1, 2, 4]),
    new Affine([[0], [1000]], 1),
  ]);
  assert.equal([three.batchShape, three.eventShape, three.sample(random.key(0), [3]).shape], [[2, 3], [], [3, 2, 3]]);
  near(
    numbers(
      three.logProb([
        [1, 102, 204],
        [1001, 1102, 1204],
      ]),
    ),
    [0, 1, 2, 0, 1, 2].map((k) => d.logProb(1).item() - k * Math.LN2),
  );
  const draws = three.sample(random.key(0), [4000]);
  near(numbers(draws.mean(0)), [0, 100, 200, 1000, 1100, 1200], 4.5 / Math.sqrt(4000));
  assert.equal(new Set(numbers(draws.at(0).sub([0, 100, 200]).div([1, 2, 4]))).size, 6, "draws are independent");
  const powers = new TransformedDistribution(new LogNormal(0, 1), new Power([1, 2]));
  assert.equal(powers.batchShape, [2]);
  near(numbers(powers.logProb([2, 4])), [
    new LogNormal(0, 1).logProb(2).item(),
    new LogNormal(0, 1).logProb(2).item() - Math.log(4),
  ]);
  const vectors = new TransformedDistribution(
    new Normal([0, 0], 1).toEvent(1),
    new Affine(
      [
        [0, 1],
        [2, 3],
        [4, 5],
      ],
      1,
    ),
  );
  assert.equal([vectors.batchShape, vectors.eventShape, vectors.sample(random.key(0)).shape], [[3], [2], [3, 2]]);
  refusesSaying(
    () => new TransformedDistribution(new Normal([0], 1).toEvent(1), new Affine([0, 1], 1)),
    "TransformedDistribution: the transform maps a draw of shape [1] to shape [2]",
  );
});

test("rounding at the ends of a support gives no NaN, and distribution functions are 0 and 1 at the ends", () => {
  const top = new TransformedDistribution(new TransformedDistribution(new Exponential(1), new Sigmoid()), [
    new Affine(0, 0.3),
    new Exp(),
  ]);
  assert.ok(density(top, [Math.exp(0.15), Math.exp(0.3), 1.3498588075760032]).every((p) => p >= 0));
  const twice = new TransformedDistribution(
    new TransformedDistribution(new TransformedDistribution(new Uniform(0, 1), new Affine(-1.45, 0.5)), [
      new Affine(0, 0.3),
      new Exp(),
    ]),
    new Power(-1.5),
  );
  assert.equal(numbers(twice.cdf([-Infinity, 0, Infinity])), [0, 0, 1]);
  // Most draws of the base are so large that sigmoid rounds them to 1, where the density would be 0.
  const far = new TransformedDistribution(new Pareto(1, 0.01), new Sigmoid());
  assert.ok(numbers(far.logProb(far.sample(random.key(0), [200]))).every(Number.isFinite));
  const ofWeibull = new TransformedDistribution(new Weibull(1, 2), new Sigmoid());
  assert.equal(density(ofWeibull, [1]), [0]);
});

test("combinations without a density are refused", () => {
  refusesSaying(() => new Folded(new DiscreteUniform(-3, 3)), "Folded: base must be a continuous", "DiscreteUniform");
  refusesSaying(() => new Folded(new Dirichlet([1, 2])), "Folded: base must be a continuous", "Fold the numbers first");
  near(
    [new Folded(new Normal([1, 2], 1)).toEvent(1).logProb([1, 2]).item()],
    [numbers(new Folded(new Normal([1, 2], 1)).logProb([1, 2])).reduce((a, b) => a + b)],
  );
  refusesSaying(
    () => halves(new Normal(0, 1), new Poisson(2)),
    "some components are discrete (or point masses) and others continuous",
  );
  refusesSaying(() => halves(new Normal(0, 1), new Delta(0)), "some components are discrete (or point masses)");
  refusesSaying(() => new Truncated(new VonMises(0, 1), { low: 0 }), "Truncated: VonMises is a distribution of angles");
  // Half of the mass would be missing.
  refusesSaying(
    () => moved(new TransformedDistribution(new Normal(0, 1), new Power(2)), 0, 1),
    "takes only values that are > 0 and finite",
  );
  refusesSaying(
    () => new TransformedDistribution(new Normal(0, 1), new Inverse(new Exp())),
    "any number. Take another base",
  );
  // Logarithms and roots of negative numbers would be NaN.
  for (const root of [new Power(0.5), new Inverse(new Exp())])
    for (const base of [new Uniform(-1, 1), new Levy(-1, 1), halves(new Uniform(-1, 1), new Uniform(0, 2))])
      refusesSaying(
        () => new TransformedDistribution(base, root),
        "the least value of the base must be in the domain of the transform (> 0 and finite)",
        "got -1",
      );
  const negative = new TransformedDistribution(new LogNormal(0, 1), new Affine(-1, 2));
  refusesSaying(() => new TransformedDistribution(negative, new Power(2)), "the least value of the base", "got -1");
  refusesSaying(
    () => new TransformedDistribution(new Uniform(0, 2), new Inverse(new Sigmoid())),
    "the greatest value of the base must be in the domain",
    "got 2",
  );
  new TransformedDistribution(new Uniform(0, 1), [new Affine(-0.3, 3), new Affine(0.3, 1), new Power(0.5)]);
  // The log density 0 of a masked element would be normalised, or given a Jacobian.
  const masked = (base: Distribution) => base.expand([2]).mask([1, 0]);
  for (const make of [
    () => new Truncated(masked(new Normal(0, 1)), { low: 0 }),
    () => new Folded(masked(new Normal(0, 1))),
    () => new TransformedDistribution(masked(new Normal(0, 1)).toEvent(1), new Exp()),
    () => new ZeroInflated(masked(new Poisson(2)), 0.3),
    () => new Hurdle(masked(new Poisson(2)), 0.3),
  ])
    refusesSaying(make, "base must have no mask. Mask the result");
  refusesSaying(() => new Permute([0, 0, 2]), "Permute: the order must have each of 0 … 2 once, got [0,0,2]");
});

test("the cdf of a mixture of angles begins at -π, and the gradient of draws with respect to the weights is unbiased", () => {
  const made = (t: Tensor) =>
    new MixtureSameFamily(new Categorical({ logits: stack([t, tensor(0)]) }), new VonMises([2, -1], [2, 1]));
  const n = 4000;
  const step = (2 * Math.PI) / n;
  const middles = tensor(Array.from({ length: n }, (_, i) => (i + 0.5) * step - Math.PI));
  const d = made(tensor(0.4));
  const gap = d.cdf(middles.add(step / 2)).sub(d.logProb(middles).exp().mul(step).cumsum());
  assert.ok(gap.abs().max().item() < 1e-6, `${gap.abs().max()} at ${gap.abs().argmax()}`);
  assert.equal(numbers(d.cdf([-Math.PI, Math.PI])), [0, 1]);
  const f = (x: Tensor) => x.sub(0.3).cos().add(x.mul(2).sin());
  const exact = grad((t: Tensor) => made(t).logProb(middles).exp().mul(f(middles)).sum().mul(step))(0.4).item();
  const keys = random.split(random.key(3), 50);
  const means = [...keys].map((key) => grad((t: Tensor) => f(made(t).rsample(key, [400])).mean())(0.4).item());
  const mean = means.reduce((a, b) => a + b) / 50;
  const error = Math.sqrt(means.reduce((a, b) => a + (b - mean) ** 2, 0) / 49 / 50);
  assert.ok(Math.abs(mean - exact) < 4.5 * error && error < 0.01, `${mean} ± ${error}, exactly ${exact}`);
});

test("a mixture whose components leave a gap has no pathwise gradient", () => {
  const is = (d: Distribution, hasRsample: boolean) => assert.is(d.hasRsample, hasRsample, `${d}`);
  is(halves(new Uniform(0, 1), new Uniform(2, 3)), false);
  is(halves(new Uniform(2, 3), new Uniform(0, 1)), false);
  is(halves(new Uniform(0, 2), new Uniform(1, 3)), true);
  is(halves(new HalfNormal(1), new Uniform(-3, 0.5)), true);
  is(halves(new HalfNormal(1), new Uniform(-3, -1)), false);
  is(halves(new HalfNormal(1), new Normal(0, 1)), true);
  is(halves(new Pareto([1, 2], 2), new Pareto(3, 4)), true);
  is(halves(new VonMises(0, 1), new VonMises(1, 1)), true);
  const same = (d: Distribution) => new MixtureSameFamily(new Categorical([0.5, 0.5]), d);
  is(same(new Uniform([0, 2], [1, 3])), false);
  is(same(new Uniform([0, 1], [2, 3])), true);
  is(same(new Uniform(0, [2, 3])), true);
  is(same(new Uniform([[0, 5]], [[2, 6]])), false);
  grad((low: Tensor) => {
    is(halves(new Uniform(low, 1), new Uniform(0, 1)), false);
    is(halves(new Pareto(low, 1), new Pareto(1, 1)), true);
    return low;
  })(0.5);
});

test("bounds among the arguments of a step choose its gradient by their numbers, so such steps run eagerly", () => {
  const ends: [lows: Tensor, highs: Tensor] = [tensor([0, 0.5]), tensor([1, 2])];
  const guide = (low: Tensor, high: Tensor) =>
    sample("z", new MixtureSameFamily(new Categorical({ logits: param("l", [0, 0.3]) }), new Uniform(low, high)));
  const model: Model = () => sample("x", new Normal(sample("z", new Uniform(-10, 10)), 1), { obs: 1 });
  const run = (option: boolean | "auto") =>
    new SVI(model, guide, sgd(0.1), new TraceELBO(), { jit: option }).run(random.key(0), 4, ...ends);
  const { warn } = console;
  const said: string[] = [];
  console.warn = (text: string) => said.push(text);
  try {
    assert.equal(run("auto").losses, run(false).losses);
  } finally {
    console.warn = warn;
  }
  assert.match(String(said), /steps run without compilation.*a bound of a mixture/);
  assert.is(refusal(() => run(true)).code, "read-in-jit");
  // Without a gradient, the two kinds of draws are the same.
  const draw = (low: Tensor) =>
    new MixtureSameFamily(new Categorical([0.5, 0.5]), new Uniform(low, 4)).sample(random.key(1));
  assert.is((jit(draw)(ends[0]) as Tensor).item(), draw(ends[0]).item());
});

test("point masses and samples are not densities: folded, truncated or transformed, they are refused", () => {
  const samples = new Empirical([-1, 0, 1, 2]);
  refusesSaying(
    () => new Folded(samples),
    "Folded: base must be a continuous distribution",
    "new Empirical(abs(samples))",
  );
  refusesSaying(() => new Folded(new Delta(2)), "Folded: base must be a continuous distribution");
  refusesSaying(
    () => new Truncated(samples, { low: 0 }),
    "Truncated: Empirical has single values",
    "Select the samples",
  );
  const moved = new TransformedDistribution(samples, new Exp());
  refusesSaying(() => moved.logProb(1), "single values of positive probability", "Transform the values themselves");
  assert.ok(numbers(moved.sample(random.key(1), [20])).every((y) => [-1, 0, 1, 2].includes(Math.round(Math.log(y)))));
  near(density(halves(new Delta(0), samples), [0, 1]), [0.625, 0.125]);
  assert.ok(samples.toEvent(0).expand([3]).hasAtoms && halves(samples, samples).hasAtoms && !new Normal(0, 1).hasAtoms);
});

test("the cdf of folded angles increases from 0 to 1 and is the sum of the density", () => {
  const d = new Folded(new VonMises([2, -3, 0], [1, 5, 0.1]));
  const n = 4000;
  const step = Math.PI / n;
  const middles = tensor(Array.from({ length: n }, (_, i) => [(i + 0.5) * step]));
  const sums = d.logProb(middles).exp().mul(step).cumsum(0);
  const gap = d.cdf(middles.add(step / 2)).sub(sums);
  assert.ok(gap.abs().max().item() < 1e-6, `${gap.abs().max()}`);
});

test("a mixture tests only once whether its components have a cdf", () => {
  let count = 0;
  class Counted extends Normal {
    override cumulative(value: Tensor): Tensor {
      count++;
      return super.cumulative(value);
    }
  }
  for (const d of [
    halves(new Counted(0, 1), new Normal(1, 1)),
    new MixtureSameFamily(new Categorical([1, 1]), new Counted([0, 1], 1)),
  ]) {
    count = 0;
    assert.ok(d.hasRsample && d.hasRsample);
    assert.is(count, 1);
    assert.is(d.support, d.support);
  }
});

test("counts moved twice, to values that are not whole numbers, keep their probabilities", () => {
  const counts = [0, 1, 2, 3];
  const truth = numbers(new Poisson(1.3).logProb(counts).exp());
  const twice = moved(moved(new Poisson(1.3), -2, 0.5), 0.1, -1);
  const valuesOf = (of: (k: number) => number) => counts.map(of);
  near(
    density(
      twice,
      valuesOf((k) => 0.1 - (-2 + 0.5 * k)),
    ),
    truth,
  );
  assert.equal(density(twice, [0.35, 2.15]), [0, 0], "between the values");
  assert.ok(numbers(twice.support.check(twice.sample(random.key(2), [100]))).every(Boolean));
  const inflated = moved(new ZeroInflated(moved(new Poisson(1.3), 0.25, 0.5), 0.4), 1, 2);
  const nonzero = valuesOf((k) => 1 + 2 * (0.25 + 0.5 * k));
  near(density(inflated, [1, ...nonzero]), [0.4, ...truth.map((p) => 0.6 * p)]);
  assert.ok(numbers(inflated.support.check(inflated.sample(random.key(2), [100]))).every(Boolean));
});

test("transforms of counts are refused where they do not map the least or the greatest count", () => {
  const log = new Inverse(new Exp());
  for (const [base, transform] of [
    [new Poisson(2), log],
    [new Poisson(2).expand([3]).toEvent(1), log],
    [new Poisson(2), new Power(2)],
    [new Bernoulli(0.3), new Inverse(new Sigmoid())],
  ] as [Distribution, Transform][])
    refusesSaying(() => new TransformedDistribution(base, transform), "the least value of the base", "got 0");
  refusesSaying(() => new TransformedDistribution(new VonMises(0, 1), log), "the least value of the base", "-3.14");
  const d = new TransformedDistribution(new DiscreteUniform(1, 5), log);
  near(numbers(d.logProb([0, Math.log(5)]).exp()), [0.2, 0.2]);
  assert.ok(
    numbers(new TransformedDistribution(new Poisson(2), new Exp()).logProb([1, Math.exp(3)])).every(Number.isFinite),
  );
});

test("transformed counts are not enumerated by the values of the counts", () => {
  const oneOrThree = new TransformedDistribution(new Bernoulli(0.3), new Affine(1, 2));
  assert.not(oneOrThree.hasEnumerateSupport);
  refusesSaying(() => oneOrThree.enumerateSupport(), "TransformedDistribution of Bernoulli has no enumerable support");
});

test("a draw that rounding would put on an open end of the support stays inside, with a finite density", () => {
  const tiny = (a: number, scale: number) =>
    new TransformedDistribution(new Normal(-60, 30), [new Exp(), new Affine(a, scale)]);
  for (const d of [tiny(1, 2), tiny(-3, -1), tiny(0.2, 1)]) {
    const draws = d.sample(random.key(5), [200]);
    assert.ok(numbers(d.support.check(draws)).every(Boolean), `${d}`);
    assert.ok(numbers(d.logProb(draws)).every(Number.isFinite), `${d}`);
  }
});

test("masks in a mixture hide the same elements of all components; a mask of only some of them is refused", () => {
  const mixing = new Categorical([0.3, 0.7]);
  const locs = tensor([
    [0, 1],
    [1, 2],
  ]);
  const lastHidden = (loc: Tensor) => new MixtureSameFamily(mixing, new Normal(loc, 1).mask([1, 0]).toEvent(1));
  const onlyFirst = (loc: Tensor) =>
    new MixtureSameFamily(mixing, new Normal(loc.slice(0, 1, { axis: 1 }).squeeze(1), 1));
  assert.equal(lastHidden(locs).logProb([0.5, NaN]).item(), onlyFirst(locs).logProb(0.5).item());
  const slopes = [
    grad((x: Tensor) => lastHidden(x).logProb([0.5, NaN]))(locs),
    grad((x: Tensor) => onlyFirst(x).logProb(0.5))(locs),
  ] as Tensor[];
  near(...(slopes.map(numbers) as [number[], number[]]));
  const { unmasked } = lastHidden(locs);
  assert.equal(
    unmasked.logProb([0.5, 3]).item(),
    new MixtureSameFamily(mixing, new Normal(locs, 1).toEvent(1)).logProb([0.5, 3]).item(),
  );
  const columns = [0, 1].map((k) => new Normal(locs.at(k), 1).mask([1, 0]).toEvent(1));
  near(numbers(new Mixture(mixing, columns).logProb([0.5, 3])), numbers(lastHidden(locs).logProb([0.5, 3])));
  const chain = (observation: Distribution) => new DiscreteHMM([0, 0], locs, observation, 2);
  const x = [
    [0.5, 3],
    [1, -1],
  ];
  near(
    numbers(chain(new Normal(locs, 1).mask([1, 0]).toEvent(1)).unmasked.logProb(x)),
    numbers(chain(new Normal(locs, 1).toEvent(1)).logProb(x)),
  );
  const some = new Normal([0, 1], 1).mask([1, 0]);
  const someElements = new Normal(locs, 1).mask(locs).toEvent(1);
  for (const make of [
    () => new MixtureSameFamily(mixing, some),
    () => new MixtureSameFamily(mixing, someElements),
    () => new Mixture(mixing, [new Normal(0, 1).mask(0), new Normal(1, 1)]),
    () => new Mixture(mixing, [new MixtureSameFamily(mixing, new Normal([0, 1], 1).mask(0)), new Normal(1, 1)]),
    () => chain(some),
  ])
    refusesSaying(make, "the number of masked components must be 0 or 2 (mask the mixture");
});

test("draws through several transforms that round to their limits stay inside, with a finite density", () => {
  const transformed = (base: Distribution, ...steps: Transform[]) =>
    steps.reduce((d: Distribution, t) => new TransformedDistribution(d, t), base);
  const log = new Inverse(new Exp());
  const chains: [Distribution, Transform[]][] = [
    [new Normal(0, 100), [new Sigmoid(), log]],
    [new Normal(0, 100), [new Sigmoid(), new Sigmoid()]],
    [new Normal(0, 100), [new Sigmoid(), new Affine(1, 0.1)]],
    [new Normal(0, 100), [new Sigmoid(), new Softplus(), new Affine(-3, 100)]],
    [new Normal(0, 800), [new Softplus(), log]],
    [new LogNormal(0, 30), [new Sigmoid(), new Exp()]],
    [new LogNormal(0, 30), [new Exp(), new Affine(-1, 1)]],
    [new LogNormal(0, 30), [new Affine(100, -1), new Exp(), new Softplus()]],
    [new Pareto(1, 0.1), [new Sigmoid(), new Power(2), new Affine(3, -1)]],
  ];
  for (const [base, steps] of chains)
    for (const d of [new TransformedDistribution(base, steps), transformed(base, ...steps)]) {
      const draws = d.sample(random.key(5), [200]);
      assert.ok(numbers(d.support.check(draws)).every(Boolean), `${d}`);
      assert.ok(numbers(d.logProb(draws)).every(Number.isFinite), `${d}`);
    }
  const vectors = new TransformedDistribution(new Normal([0, 0], 100).toEvent(1), [new Sigmoid(), new Affine(1, 0.1)]);
  assert.ok(numbers(vectors.logProb(vectors.sample(random.key(5), [200]))).every(Number.isFinite));
  const shifted = transformed(new LogNormal(0, 1), new Sigmoid(), new Affine(-2, 1));
  const images = halves(transformed(new LogNormal(0, 1), new Sigmoid()), shifted);
  refusesSaying(() => transformed(images, log), "the least value of the base must be in the domain of the transform");
  const x = [0.3, 1, 4];
  const y = x.map((value) => Math.exp(1 / (1 + Math.exp(-value))));
  near(numbers(transformed(new LogNormal(0, 1), new Sigmoid(), new Exp()).cdf(y)), numbers(new LogNormal(0, 1).cdf(x)));
});

test("a mixture with angles has no mean and no variance; angles alone have a mean and a variance on the circle", () => {
  for (const d of [
    halves(new VonMises(0, 1), new Gamma(2, 1)),
    new MixtureSameFamily(new Categorical([1, 1]), new VonMises([0, 1], 1)),
    new DiscreteHMM(
      [0, 0],
      [
        [0, 0],
        [0, 0],
      ],
      new VonMises([0, 1], 1),
      2,
    ),
  ]) {
    refusesSaying(() => d.mean, "has no mean");
    refusesSaying(() => d.variance, "has no variance");
  }
});

test("quantiles of zero-inflated counts, hurdles and mixtures of counts are the least counts at which the cdf reaches the probability", () => {
  const mixed = halves(new Poisson(2.3), new Binomial(9, 0.4));
  const alike = new MixtureSameFamily(new Categorical([0.2, 0.8]), new Poisson([0.5, 4]));
  for (const d of [new ZeroInflated(new Poisson(2.3), 0.3), new Hurdle(new Poisson(2.3), 0.3), mixed, alike]) {
    const cdf = d.cdf(arange(30)).toArray() as number[];
    const q = [0, 0.2, 0.31, 0.6, 0.99, 1 - 1e-12];
    assert.equal(
      d.icdf(q).toArray(),
      q.map((x) => cdf.findIndex((p) => p >= x)),
    );
    assert.is(d.icdf(1).item(), Infinity);
  }
  refusesSaying(() => new ZeroInflated(moved(new Poisson(2), 1, 2), 0.3).icdf(0.5), "has no icdf");
});

test("the distribution function of a hurdle ends at 1", () => {
  for (const gate of [0.11, 0.18, 0.42]) assert.is(new Hurdle(new Binomial(7, 0.63), gate).cdf(Infinity).item(), 1);
});

test.run();
